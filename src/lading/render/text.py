"""A report as terminal text: what matters first, then everything by the six points of inheritance; readable without colour."""

from collections.abc import Iterator
from dataclasses import dataclass

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Report
from lading.core.kinds import Kind, Pin, Relation, Scope, Severity
from lading.render.six import by_point, pinned

HIDDEN = frozenset({Scope.TEST, Scope.EXAMPLE})
MOST_LIBRARIES = 8
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_SEVERITY = {Severity.CRITICAL: "red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan", Severity.INFO: "dim"}
_PINS = {Pin.EXACT: ("pinned", "green"), Pin.MUTABLE: ("can move", "yellow"), Pin.NONE: ("unpinned", "red")}


@dataclass(frozen=True)
class Style:
    """How wide, in colour or not, and whether everything is shown."""

    width: int = 100
    colour: bool = False
    everything: bool = False

    def paint(self, text: str, *colours: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"\x1b[{';'.join(_COLOURS[c] for c in colours)}m{text}\x1b[0m" if self.colour else text


def render(report: Report, style: Style) -> str:
    """The whole report as text."""
    return (
        "\n".join(
            [*_head(report, style), *_first(report, style), *_points(report.bom, style), *_unknown(report, style), *_end(report, style)]
        )
        + "\n"
    )


def clean(text: str) -> str:
    """A text from outside without control characters, so that no scanned name can write on the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _head(report: Report, style: Style) -> Iterator[str]:
    bom = report.bom
    counted = [c for c in bom.components if c.kind not in {Kind.LIBRARY, Kind.NATIVE_LIBRARY, Kind.FILE}]
    held = pinned(counted)
    yield style.paint(clean(bom.subject.name) or "system", "bold") + f" inherits {_count(len(bom.components), 'artifact')} from upstream"
    if counted:
        share = f"{held} of {len(counted)} AI artifacts, images and actions are pinned to exact bytes"
        yield style.paint(share, "green" if held == len(counted) else "yellow")
    yield ""


def _first(report: Report, style: Style) -> Iterator[str]:
    """The three most important things: one finding of each of the worst rules."""
    seen: dict[str, list[Finding]] = {}
    for finding in report.open:
        seen.setdefault(finding.rule, []).append(finding)
    if not seen:
        return
    yield style.paint("Most important", "bold")
    for number, (rule, findings) in enumerate(list(seen.items())[:3], 1):
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        label = style.paint(first.severity.value, _SEVERITY[first.severity])
        yield f"  {number}. {label}  {clean(first.message)}{more}"
        if first.occurrences:
            yield f"     at {clean(first.occurrences[0].place)}"
        yield style.paint(f"     {clean(first.hint)}  [{rule}]", "dim")
    yield ""


def _points(bom: Bom, style: Style) -> Iterator[str]:
    for title, components in by_point(bom):
        if not components:
            continue
        shown = [c for c in components if style.everything or _is_shown(c)]
        yield style.paint(title, "bold") + style.paint(f"  {len(components)}, {pinned(components)} pinned", "dim")
        libraries = [c for c in shown if c.kind in {Kind.LIBRARY, Kind.NATIVE_LIBRARY}]
        if len(libraries) > MOST_LIBRARIES and not style.everything:
            shown = [c for c in shown if c not in libraries] + [c for c in libraries if c.pin is not Pin.EXACT][:MOST_LIBRARIES]
        width = min(max((len(_label(c)) for c in shown), default=0), max(30, style.width - 62))
        for component in shown:
            yield from _line(component, bom, style, width)
        if len(shown) < len(components):
            yield style.paint(f"  … {len(components) - len(shown)} more in tests, examples or the lock; --all shows them", "dim")
        yield ""


def _is_shown(component: Component) -> bool:
    return any(o.scope not in HIDDEN for o in component.occurrences) or not component.occurrences


def _label(component: Component) -> str:
    return clean(component.name)


def _line(component: Component, bom: Bom, style: Style, width: int) -> Iterator[str]:
    words, colour = _PINS[component.pin]
    if component.kind is Kind.SERVICE and component.pin is Pin.NONE:
        words, colour = "no version", "yellow"
    name = _label(component)
    name = name if len(name) <= width else name[: width - 1] + "…"
    version = clean(component.version)
    version = f"{version[:14]}…" if len(version) > 15 else version  # noqa: PLR2004 - a column
    place = clean(component.occurrences[0].place) if component.occurrences else ""
    more = f" +{len(component.occurrences) - 1}" if len(component.occurrences) > 1 else ""
    kind = "" if component.kind in {Kind.MODEL, Kind.DATASET, Kind.SERVICE, Kind.LIBRARY} else f"{component.kind} "
    flags = "".join(f" [{f}]" for f in component.flags if f != "on-disk")
    yield f"  {name:<{width}}  {version:<15}  {style.paint(f'{words:<10}', colour)}  {kind}{place}{more}{style.paint(flags, 'red')}"
    for edge in bom.edges:
        if edge.source == component.ref and edge.relation is not Relation.DEPENDS_ON:
            yield style.paint(f"      {edge.relation} {clean(edge.target)}", "dim")


def _unknown(report: Report, style: Style) -> Iterator[str]:
    bom = report.bom
    if bom.unresolved:
        shown = [u for u in bom.unresolved if style.everything or u.occurrence.scope not in HIDDEN]
        yield style.paint("Unresolved", "bold") + style.paint(
            f"  {_count(len(bom.unresolved), 'place')} where only a run would tell what is loaded", "dim"
        )
        for unresolved in shown[: None if style.everything else 10]:
            yield f"  {unresolved.kind:<10} {clean(unresolved.expression)}  {style.paint(clean(unresolved.occurrence.place), 'dim')}"
        if len(shown) > 10 and not style.everything:  # noqa: PLR2004 - as above
            yield style.paint(f"  … {len(shown) - 10} more; --all shows them", "dim")
        yield ""
    coverage = bom.coverage
    if coverage.unread:
        yield style.paint("Not read", "bold", "red")
        for skipped in coverage.unread[: None if style.everything else 10]:
            yield (
                f"  {clean(skipped.reason)} [{skipped.code}]"
                if clean(skipped.path) in skipped.reason
                else f"  {clean(skipped.place)}: {clean(skipped.reason)} [{skipped.code}]"
            )
        if len(coverage.unread) > 10 and not style.everything:  # noqa: PLR2004 - as above
            yield style.paint(f"  … {len(coverage.unread) - 10} more; --all shows them", "dim")
        yield ""


def _end(report: Report, style: Style) -> Iterator[str]:
    coverage = report.bom.coverage
    accepted = len(report.findings) - len(report.open)
    findings = _count(len(report.open), "finding") + (f", {accepted} accepted in the settings" if accepted else "")
    yield style.paint(
        f"{_count(coverage.files, 'file')} seen, {coverage.read} read, {len(coverage.excluded)} left out, {len(coverage.unread)} not read · {findings}",
        "dim",
    )
    yield style.paint(
        "next: --format html -o report.html for a page · --format cyclonedx for a document · lading rules for what the rules mean", "dim"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
