"""CycloneDX: vulnerabilities of a bill of materials with their analysis, as VDR beside the components or as VEX alone."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from lading.audit.finding import Priority, Problem, Result, Status
from lading.audit.vex.statement import UNTIL, Product, Statement, day, moment
from lading.core.errors import FormatError

_STATES = {
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDETERMINED,
    "not_affected": Status.NOT_AFFECTED,
    "false_positive": Status.NOT_AFFECTED,
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
}
_WRITTEN = {Status.AFFECTED: "exploitable", Status.UNDETERMINED: "in_triage", Status.NOT_AFFECTED: "not_affected", Status.FIXED: "resolved"}
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_JUSTIFICATION, _PRIORITY = "lading:justification", "lading:priority"


class _Component(Struct, frozen=True):
    ref: str = msgspec.field(default="", name="bom-ref")
    purl: str = ""
    name: str = ""
    components: "tuple[_Component, ...]" = ()


class _Version(Struct, frozen=True):
    version: str = ""
    range: str = ""
    status: str = "affected"


class _Affects(Struct, frozen=True):
    ref: str
    versions: tuple[_Version, ...] = ()


class _Analysis(Struct, frozen=True):
    state: str = ""
    justification: str = ""
    detail: str = ""
    last_updated: str = msgspec.field(default="", name="lastUpdated")


class _Reference(Struct, frozen=True):
    id: str


class _Property(Struct, frozen=True):
    name: str
    value: str = ""


class _Vulnerability(Struct, frozen=True):
    id: str = ""
    references: tuple[_Reference, ...] = ()
    analysis: _Analysis | None = None
    affects: tuple[_Affects, ...] = ()
    properties: tuple[_Property, ...] = ()


class _Metadata(Struct, frozen=True):
    timestamp: str = ""


class _Document(Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    components: tuple[_Component, ...] = ()
    vulnerabilities: tuple[_Vulnerability, ...] = ()


def read(value: object, name: str) -> list[Statement]:
    """The analysed vulnerabilities of a document; one without an analysis decides nothing."""
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as e:
        raise FormatError(f"{name} is no CycloneDX document with vulnerabilities: {e}") from e
    purls = {c.ref: c.purl for c in _every(document.components) if c.ref and c.purl}
    return [_statement(row, row.analysis, purls, document, name) for row in document.vulnerabilities if row.analysis and row.analysis.state]


def _every(components: tuple[_Component, ...]) -> Iterator[_Component]:
    waiting = list(components)
    while waiting:
        component = waiting.pop()
        yield component
        waiting += component.components


def _statement(row: _Vulnerability, analysis: _Analysis, purls: dict[str, str], document: _Document, name: str) -> Statement:
    if analysis.state not in _STATES:
        raise FormatError(f"{name}: {analysis.state!r} is no state of an analysis", hint=f"one of: {', '.join(_STATES)}")
    properties = {p.name: p.value for p in row.properties}
    ours = {v: k for k, v in reversed(_JUSTIFICATIONS.items())}
    return Statement(
        ids=frozenset({row.id, *(r.id for r in row.references)} - {""}),
        products=tuple(p for affects in row.affects for p in _products(affects, purls)),
        status=_STATES[analysis.state],
        reason=analysis.detail or analysis.justification or (analysis.state if analysis.state == "false_positive" else ""),
        justification=properties.get(_JUSTIFICATION) or ours.get(analysis.justification, ""),
        time=moment(analysis.last_updated) or moment(document.metadata.timestamp),
        until=day(properties.get(UNTIL), name),
        source=name,
    )


def _products(affects: _Affects, purls: dict[str, str]) -> Iterator[Product]:
    """What is affected: by reference into this document or another (BOM-Link), or by package URL; by versions where some are told."""
    ref = affects.ref.rpartition("#")[2] if affects.ref.startswith("urn:cdx:") else affects.ref
    purl = purls.get(affects.ref) or purls.get(ref) or ref
    if not affects.versions:
        yield Product(purl)
    for told in affects.versions:
        yield Product(purl.partition("@")[0] if told.range else purl, versions=told.range or f"={told.version}")


def vulnerabilities(result: Result) -> list[dict[str, Any]]:
    """The problems as CycloneDX has them, each with its analysis."""
    return [_written(problem) for problem in result.problems]


def _written(problem: Problem) -> dict[str, Any]:
    decision = problem.decision
    status = decision.status if decision else problem.status
    analysis: dict[str, Any] = {"state": _WRITTEN[status]}
    properties = [{"name": _PRIORITY, "value": problem.priority.value}, {"name": "lading:basis", "value": problem.basis.value}]
    if decision:
        analysis["detail"] = decision.reason
        if decision.justification in _JUSTIFICATIONS:
            analysis["justification"] = _JUSTIFICATIONS[decision.justification]
            properties.append({"name": _JUSTIFICATION, "value": decision.justification})
        if decision.until:
            properties.append({"name": UNTIL, "value": decision.until})
    rating = {"severity": problem.severity if problem.severity != Priority.UNKNOWN else "unknown"}
    row: dict[str, Any] = {
        "bom-ref": f"{problem.component}#{problem.id}",
        "id": problem.id,
        "references": [{"id": a, "source": {"name": a.partition("-")[0]}} for a in problem.aliases],
        "ratings": [{**rating, "score": problem.score, "method": "CVSSv3"} if problem.score else rating],
        "description": problem.summary,
        "published": problem.published,
        "updated": problem.modified,
        "recommendation": f"Take {problem.fixed_in} or later." if problem.fixed_in else "",
        "analysis": analysis,
        "affects": [{"ref": problem.component}],
        "properties": properties,
    }
    return {k: v for k, v in row.items() if v}


def write_vex(result: Result) -> bytes:
    """A document of the problems and the components they are of, and nothing else."""
    found = {p.component: p for p in result.problems}
    components = [
        {"type": "library", "bom-ref": ref, "name": p.name or ref, **({"version": p.version} if p.version else {}), **_purl(ref)}
        for ref, p in sorted(found.items())
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": result.created, "tools": {"components": [{"type": "application", "name": "lading"}]}},
        "components": components,
        "vulnerabilities": vulnerabilities(result),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _purl(ref: str) -> dict[str, str]:
    return {"purl": ref} if ref.startswith("pkg:") else {}


def write_vdr(result: Result, document: bytes) -> bytes:
    """A CycloneDX bill of materials with the problems of its components."""
    bom: dict[str, Any] = msgspec.json.decode(document)
    refs = {c.get("purl"): c.get("bom-ref") for c in bom.get("components", ()) if c.get("purl")}
    rows = vulnerabilities(result)
    known = {c.get("bom-ref") for c in bom.get("components", ())}
    for row in rows:
        ref = row["affects"][0]["ref"]
        row["affects"] = [{"ref": ref if ref in known else refs.get(ref, ref)}]
    return msgspec.json.format(msgspec.json.encode({**bom, "vulnerabilities": rows}), indent=1) + b"\n"
