"""Markdown: the report as a comment on a pull request: what matters first, details folded."""

from collections.abc import Iterator

from lading.core.component import Component
from lading.core.finding import Finding, Report
from lading.core.kinds import Pin
from lading.formats._registry import Format, add_format
from lading.render.six import by_point, pinned

MOST_FINDINGS = 10
MOST_ROWS = 200
MOST_LETTERS = 60_000
"""A comment on a pull request holds 65,536."""
_PINS = {Pin.EXACT: "pinned", Pin.MUTABLE: "can move", Pin.NONE: "unpinned"}


def write(report: Report) -> bytes:
    """The report as GitHub-flavoured markdown, short enough for a comment."""
    text = "\n".join([*_summary(report), *_findings(report), *_coverage(report)])
    for title, head, rows in _details(report):
        if rows:
            text += f"\n{_folded(title, head, rows, MOST_LETTERS - len(text))}"
    return f"{text}\n".encode()


def _summary(report: Report) -> Iterator[str]:
    bom = report.bom
    yield f"## What {_cell(bom.subject.name or 'the system')} inherits\n"
    yield "| | artifacts | pinned |\n|---|---:|---:|"
    for title, components in by_point(bom):
        if components:
            yield f"| {title} | {len(components)} | {pinned(components)} |"
    yield ""


def _findings(report: Report) -> Iterator[str]:
    if not report.open:
        yield "No rule objects to anything that was read.\n"
        return
    yield f"### Findings ({len(report.open)})\n\n| severity | what | where | rule |\n|---|---|---|---|"
    yield from map(_finding, report.open[:MOST_FINDINGS])
    yield ""


def _coverage(report: Report) -> Iterator[str]:
    bom = report.bom
    yield f"{bom.coverage.files} files seen, {bom.coverage.read} read, {len(bom.coverage.unread)} not read, {len(bom.unresolved)} unresolved.\n"


def _details(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    """What is folded: a title, the heads of the columns, the rows."""
    bom, rest = report.bom, report.open[MOST_FINDINGS:]
    yield "More findings", "severity | what | where | rule", [_finding(f) for f in rest]
    yield "Not read", "where | why", [f"| {_cell(s.place)} | {_cell(s.reason)} |" for s in bom.coverage.unread]
    for title, components in by_point(bom):
        yield title, "artifact | revision | pin | where", [_row(c) for c in components]
    unresolved = [f"| {u.kind} | {_cell(u.expression)} | {_cell(u.occurrence.place)} |" for u in bom.unresolved]
    yield "Unresolved", "kind | expression | where", unresolved
    accepted = [f"| `{f.rule}` | {_cell(f.message)} | {_cell(f.accepted)} |" for f in report.findings if f.accepted]
    yield "Accepted findings", "rule | what | reason", accepted


def _folded(title: str, head: str, rows: list[str], room: int) -> str:
    """A folded table of as many rows as there is room for."""
    shown: list[str] = []
    for row in rows[:MOST_ROWS]:
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    more = [f"\n… and {len(rows) - len(shown)} more."] if len(shown) < len(rows) else []
    ruler = f"|{'---|' * (head.count('|') + 1)}"
    return "\n".join([f"<details><summary>{title} ({len(rows)})</summary>\n", f"| {head} |", ruler, *shown, *more, "\n</details>\n"])


def _finding(finding: Finding) -> str:
    place = finding.occurrences[0].place if finding.occurrences else ""
    return f"| {finding.severity} | {_cell(finding.message)} | {_cell(place)} | `{finding.rule}` |"


def _row(component: Component) -> str:
    place = component.occurrences[0].place if component.occurrences else ""
    more = f" +{len(component.occurrences) - 1}" if len(component.occurrences) > 1 else ""
    return f"| {_cell(component.name)} | {_cell(component.version)} | {_PINS[component.pin]} | {_cell(place)}{more} |"


def _cell(text: str) -> str:
    """A text from outside as code in a table cell: no markup, no mention, no line break becomes active."""
    plain = "".join(c if c.isprintable() else " " for c in text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{plain}`" if plain else ""


add_format(Format(name="markdown", title="markdown for a pull request", media_type="text/markdown", suffix=".md", write=write))
