"""Inspections as the other outputs know them: one answer for all files, JSON, and a report for SARIF."""

from __future__ import annotations

from typing import Any

import msgspec

import lading
from lading.core.bom import Bom
from lading.core.component import Component, Occurrence
from lading.core.coverage import Coverage, Skipped
from lading.core.finding import Finding, Report
from lading.core.inspection import Grade, Inspection, Observation, verdict
from lading.core.kinds import Kind, Severity
from lading.inspect.ruleset import ruleset
from lading.scanners._rules import inspection_rules

SEVERITY = {
    Grade.MALICIOUS: Severity.CRITICAL,
    Grade.SUSPICIOUS: Severity.HIGH,
    Grade.UNSCANNABLE: Severity.MEDIUM,
    Grade.BENIGN: Severity.INFO,
}
"""How severe a finding of a grade is."""


def as_json(inspections: list[Inspection]) -> bytes:
    """One document with the verdict, the rules that were used, and every file."""
    document = {
        "lading": lading.__version__,
        "ruleset": ruleset(),
        "verdict": verdict(inspections),
        "files": [_file(i) for i in inspections],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _file(inspection: Inspection) -> dict[str, Any]:
    """A file with the words of the schema: its verdict and its findings."""
    row: dict[str, Any] = msgspec.to_builtins(inspection)
    row["verdict"] = row.pop("grade")
    row["findings"] = [_finding(o) for o in inspection.observations]
    row.pop("observations", None)
    return row


def _finding(observation: Observation) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(observation)
    row["verdict"] = row.pop("grade")
    return row


def as_report(inspections: list[Inspection]) -> Report:
    """The same as findings over files, for SARIF."""
    rules = inspection_rules()
    findings = tuple(
        Finding(
            rule=o.rule, severity=SEVERITY[o.grade], message=f"{i.path}: {where(o)}{o.message}", component=i.path,
            occurrences=(Occurrence(i.path, 0),), hint=rules[o.rule].fix, accepted=o.accepted,
        )
        for i in inspections
        for o in i.observations
    )  # fmt: skip
    unread = tuple(Skipped(i.path, o.message, code="LD200") for i in inspections for o in i.observations if o.grade is Grade.UNSCANNABLE)
    bom = Bom(subject=Component(kind=Kind.FILE, name="inspected files"), coverage=Coverage(files=len(inspections), unread=unread))
    used = {f.rule for f in findings}
    return Report(bom=bom, findings=findings, rules=tuple(r for r in rules.values() if r.id in used))


PREDICATE = "urn:lading:inspection:v1"


def as_statements(inspections: list[Inspection]) -> bytes:
    """One in-toto statement on each line: the verdict over the bytes with this digest, under these rules."""
    from lading.trust.statement import Resource, Statement, encode  # noqa: PLC0415 - for this output only

    lines = []
    for inspection in inspections:
        algorithm, _, value = inspection.digest.partition(":")
        if value:
            subject = Resource(name=inspection.path, digest={algorithm: value})
            lines.append(
                encode(Statement(subject=(subject,), predicate_type=PREDICATE, predicate={"ruleset": ruleset(), **_file(inspection)}))
            )
    return b"\n".join(lines) + b"\n" if lines else b""


def where(observation: Observation) -> str:
    """The part of the file and the byte at which something was seen, as a prefix."""
    parts = [observation.member] if observation.member else []
    parts += [f"byte {observation.offset}"] if observation.offset >= 0 else []
    return f"{', '.join(parts)}: " if parts else ""
