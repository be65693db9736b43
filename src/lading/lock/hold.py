"""A report in the light of the lock: what the lock holds is told with its revision and digests, and is no open finding."""

from msgspec.structs import replace

from lading.core.component import Component, FileRecord
from lading.core.finding import Finding, Report
from lading.core.kinds import Kind
from lading.lock.document import Lock, Locked
from lading.lock.resolve import locked_as

REVISION = "locked-revision"
"""The property of a component that the lock holds."""
_RULES = frozenset({"unpinned-revision", "unpinned-action", "latest-image"})


def held(report: Report, lock: Lock) -> Report:
    """The report with what the lock knows; a finding about a revision that can move is accepted where the lock holds one."""
    known = {key: a for key, a in lock.by_key().items() if a.found}
    components = tuple(_told(c, known.get(locked_as(c).key)) for c in report.bom.components)
    revisions = {c.ref: r for c in components if (r := dict(c.properties).get(REVISION))}
    findings = tuple(_accepted(f, revisions.get(f.component, "")) for f in report.findings)
    return replace(report, bom=replace(report.bom, components=components), findings=findings)


def _told(component: Component, locked: Locked | None) -> Component:
    if locked is None or locked.found is None:
        return component
    found = locked.found
    properties = tuple(sorted({*component.properties, (REVISION, found.revision)}))
    if component.kind is Kind.IMAGE:
        return replace(component, properties=properties, digests=component.digests or tuple(f.digest for f in found.files))
    files = tuple(FileRecord(f.path, f.size, f.digest) for f in found.files if f.digest.algorithm == "sha256")
    return replace(component, properties=properties, files=component.files or files)


def _accepted(finding: Finding, revision: str) -> Finding:
    if finding.accepted or not revision or finding.rule not in _RULES:
        return finding
    return replace(finding, accepted=f"lading.lock holds it at {revision[:19]}")
