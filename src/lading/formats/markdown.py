"""Markdown: the report as a comment on a pull request: what matters first, details folded."""

from collections.abc import Iterator

from lading.core.component import Component
from lading.core.finding import Report
from lading.core.kinds import Pin
from lading.formats._registry import Format, add_format
from lading.render.six import by_point, pinned

MOST_FINDINGS = 10
MOST_ROWS = 200
_PINS = {Pin.EXACT: "pinned", Pin.MUTABLE: "can move", Pin.NONE: "unpinned"}


def write(report: Report) -> bytes:
    """The report as GitHub-flavoured markdown."""
    return ("\n".join(_lines(report)) + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    bom = report.bom
    yield f"## What {_cell(bom.subject.name or 'the system')} inherits\n"
    yield "| | artifacts | pinned |\n|---|---:|---:|"
    for title, components in by_point(bom):
        if components:
            yield f"| {title} | {len(components)} | {pinned(components)} |"
    yield ""
    if report.open:
        yield f"### Findings ({len(report.open)})\n\n| severity | what | where | rule |\n|---|---|---|---|"
        for finding in report.open[:MOST_FINDINGS]:
            place = finding.occurrences[0].place if finding.occurrences else ""
            yield f"| {finding.severity} | {_cell(finding.message)} | {_cell(place)} | `{finding.rule}` |"
        if len(report.open) > MOST_FINDINGS:
            yield f"\n… and {len(report.open) - MOST_FINDINGS} more."
        yield ""
    for title, components in by_point(bom):
        if components:
            yield f"<details><summary>{title} ({len(components)})</summary>\n\n| artifact | revision | pin | where |\n|---|---|---|---|"
            yield from map(_row, components[:MOST_ROWS])
            yield f"\n… and {len(components) - MOST_ROWS} more.\n</details>\n" if len(components) > MOST_ROWS else "\n</details>\n"
    if bom.unresolved:
        yield f"<details><summary>Unresolved ({len(bom.unresolved)})</summary>\n\n| kind | expression | where |\n|---|---|---|"
        yield from (f"| {u.kind} | {_cell(u.expression)} | {_cell(u.occurrence.place)} |" for u in bom.unresolved[:MOST_ROWS])
        yield "\n</details>\n"
    coverage = bom.coverage
    yield f"{coverage.files} files seen, {coverage.read} read, {len(coverage.unread)} not read."
    yield from (f"- not read: {_cell(s.reason)}" for s in coverage.unread[:MOST_ROWS])


def _row(component: Component) -> str:
    place = component.occurrences[0].place if component.occurrences else ""
    more = f" +{len(component.occurrences) - 1}" if len(component.occurrences) > 1 else ""
    return f"| {_cell(component.name)} | {_cell(component.version)} | {_PINS[component.pin]} | {_cell(place)}{more} |"


def _cell(text: str) -> str:
    """A text from outside as code in a table cell: no markup, no mention, no line break becomes active."""
    plain = "".join(c if c.isprintable() else " " for c in text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{plain}`" if plain else ""


add_format(Format(name="markdown", title="markdown for a pull request", media_type="text/markdown", suffix=".md", write=write))
