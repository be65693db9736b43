"""SARIF 2.1.0: findings as results with places, rules with help, for code scanning."""

import hashlib
from typing import Any

import msgspec

import lading
from lading.core.component import Occurrence
from lading.core.finding import Finding, Report, Rule
from lading.core.kinds import Severity
from lading.formats._registry import Format, add_format

_LEVEL = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note", Severity.INFO: "note"}
_SCORE = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0", Severity.INFO: "0.0"}
MOST_PLACES = 20
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

Object = dict[str, Any]


def write(report: Report) -> bytes:
    """The findings of a report as a SARIF log."""
    positions = {r.id: n for n, r in enumerate(report.rules)}
    driver: Object = {
        "name": "lading",
        "version": lading.__version__,
        "semanticVersion": lading.__version__,
        "rules": [_rule(r) for r in report.rules],
    }
    run: Object = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(f, positions) for f in report.findings],
    }
    log: Object = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1) + b"\n"


def _rule(rule: Rule) -> Object:
    help_text = f"{rule.why}\n\nWhat to do: {rule.fix}"
    row: Object = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_text, "markdown": f"{rule.why}\n\n**What to do:** {rule.fix}"},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"security-severity": _SCORE[rule.severity], "tags": ["security", "supply-chain", "ai"]},
    }
    if rule.references:
        row["helpUri"] = rule.references[0]
    return row


def _invocation(report: Report) -> Object:
    """Whether everything was read, and what was not."""
    notes = [
        {
            "level": "warning",
            "message": {"text": _plain(f"{s.place}: {s.reason}")},
            "descriptor": {"id": s.code or "LD200"},
            "locations": [_location(Occurrence(s.path, s.line))],
        }
        for s in report.bom.coverage.unread
    ]
    row: Object = {"executionSuccessful": True}
    if notes:
        row["toolExecutionNotifications"] = notes
    return row


def _result(finding: Finding, positions: dict[str, int]) -> Object:
    places = finding.occurrences[:MOST_PLACES]
    identity = hashlib.sha256(f"{finding.rule}\n{finding.component}".encode("utf-8", "replace")).hexdigest()
    row: Object = {
        "ruleId": finding.rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": _plain(f"{finding.message}. {finding.hint}".strip())},
        "locations": [_location(places[0])] if places else [],
        "partialFingerprints": {"lading/v1": identity},
    }
    if finding.rule in positions:
        row["ruleIndex"] = positions[finding.rule]
    if len(places) > 1:
        row["relatedLocations"] = [{"id": n, **_location(o)} for n, o in enumerate(places[1:], 1)]
    if finding.accepted:
        row["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return row


def _location(o: Occurrence) -> Object:
    """A place; code scanning asks for a line, so a file as a whole is its first."""
    location: Object = {"artifactLocation": {"uri": _uri(o.path), "uriBaseId": "%SRCROOT%"}, "region": {"startLine": o.line or 1}}
    return {"physicalLocation": location}


def _plain(text: str) -> str:
    """A text whose brackets make no link and whose braces are no placeholder."""
    unlinked = text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text
    return unlinked.replace("{", "{{").replace("}", "}}")


def _uri(path: str) -> str:
    safe = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
    return "".join(chr(b) if b in safe else f"%{b:02X}" for b in path.encode("utf-8", "replace"))


add_format(
    Format(name="sarif", title="SARIF 2.1.0, findings for code scanning", media_type="application/sarif+json", suffix=".sarif", write=write)
)
