"""Our own records of AI incidents as OSV: what was bad by name, version, commit, digest and time, and who says so."""

from typing import Any

import msgspec

from lading.advisories import names
from lading.catalog.incidents import Incident, Material, incidents
from lading.core.purl import parse

SOURCE = "lading incidents"
PREFIX = "LDAI-"


def records() -> list[bytes]:
    """One record for each incident that is known."""
    return [msgspec.json.encode(record_of(incident)) for incident in incidents()]


def record_of(incident: Incident) -> dict[str, Any]:
    """An incident in the form of OSV, with what OSV has no word for under `database_specific.lading`."""
    window = incident.window[-1] if incident.window else None
    own: dict[str, Any] = {
        "kind": incident.kind,
        "indicators": [_indicator(d) for m in incident.materials for d in m.digests],
        "listed_all": incident.listed_all,
        "source": incident.source,
        "checked": str(incident.checked),
    }
    if window:
        own["window"] = {"start": window.start.isoformat(), "end": window.end.isoformat(), "precision": window.precision}
    if atlas := [a for a in incident.aliases if a.startswith("AML.")]:
        own["atlas"] = atlas
    disclosed = incident.disclosed if "T" in incident.disclosed else f"{incident.disclosed}T00:00:00Z" if incident.disclosed else ""
    return {
        "schema_version": "1.7.0",
        "id": f"{PREFIX}{incident.id}",
        "modified": f"{incident.checked}T00:00:00Z",
        "published": disclosed or f"{incident.checked}T00:00:00Z",
        "aliases": [a for a in incident.aliases if not a.startswith(("INC-", "AML."))],
        "summary": incident.title,
        "details": f"{incident.remediation}\n\n{incident.note}".strip(),
        "affected": [_affected(m, incident) for m in incident.materials if m.purl],
        "database_specific": {"lading": own, "severity": "critical"},
    }


def _indicator(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {"kind": algorithm, "value": value}


def _affected(material: Material, incident: Incident) -> dict[str, Any]:
    found = parse(material.purl)
    ecosystem = names.ecosystem_of(found)
    package = {"ecosystem": ecosystem, "name": names.name_of(found), "purl": material.purl} if ecosystem else {"purl": material.purl}
    row: dict[str, Any] = {"package": package}
    if versions := [
        *material.versions,
        *(d.partition(":")[2] for d in material.digests if d.startswith(("gitCommit:", "gitcommit:", "sha1:"))),
    ]:
        row["versions"] = versions
    own: dict[str, Any] = {"clean_versions": list(incident.clean.get(material.purl, ()))}
    own |= {"refs": list(material.refs)} if material.refs else {}
    row["database_specific"] = {"lading": own}
    return row
