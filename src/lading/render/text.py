"""A report as terminal text: what matters first, then everything by the six points of inheritance; readable without colour."""

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.coverage import Skipped
from lading.core.finding import Finding, Report
from lading.core.kinds import Flag, Kind, Pin, Relation, Severity
from lading.render.six import ASIDE, by_point, examples_are_the_system, is_aside, pinned
from lading.render.style import MOST_LISTED, Style, clean

MOST_LIBRARIES = 8
_REVISION, _NARROWEST, _OUTLIER = 15, 24, 8
_LIBRARIES = frozenset({Kind.LIBRARY, Kind.NATIVE_LIBRARY})
_SEVERITY = {Severity.CRITICAL: "red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan", Severity.INFO: "dim"}
_PINS = {Pin.EXACT: ("pinned", "green"), Pin.MUTABLE: ("can move", "yellow"), Pin.NONE: ("unpinned", "red")}
_PIN_WIDTH = 10


def render(report: Report, style: Style) -> str:
    """The whole report as text."""
    parts = (_head, _first, _points, _findings, _accepted, _unresolved, _coverage, _end)
    return "\n".join(line for part in parts for line in part(report, style)) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    bom = report.bom
    counted = [c for c in bom.components if c.kind not in _LIBRARIES | {Kind.FILE}]
    held = pinned(counted)
    yield style.paint(clean(bom.subject.name) or "system", "bold") + f" inherits {_count(len(bom.components), 'artifact')} from upstream"
    if counted:
        share = f"{held} of {len(counted)} AI artifacts, images and actions are pinned to exact bytes"
        yield style.paint(share, "green" if held == len(counted) else "yellow")
    elif bom.coverage.files and not bom.coverage.read:
        yield style.paint("nothing here is of a kind that lading reads: this says nothing about what it inherits", "yellow")
    yield ""


def _first(report: Report, style: Style) -> Iterator[str]:
    """The three most important things: one finding of each of the worst rules."""
    groups = list(_by_rule(report.open).items())[:3]
    if groups:
        yield style.paint("Most important", "bold")
    for number, (rule, findings) in enumerate(groups, 1):
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        yield f"  {number}. {_severity(first, style)}  {clean(first.message)}{more}"
        yield from (f"     at {clean(o.place)}" for o in first.occurrences[:1])
        hint = textwrap.wrap(f"{clean(first.hint)} [{rule}]", max(20, style.width - 5), break_long_words=False, break_on_hyphens=False)
        yield from (style.paint(f"     {line}", "dim") for line in hint)
    if groups:
        yield ""


def _points(report: Report, style: Style) -> Iterator[str]:
    bom = report.bom
    show_aside = style.everything or examples_are_the_system(bom)
    lineage = _lineage(bom)
    for title, components in by_point(bom):
        if components:
            yield style.paint(title, "bold") + style.paint(f"  {len(components)}, {pinned(components)} pinned", "dim")
            yield from _point(components, lineage, style, show_aside=show_aside)
            yield ""


def _point(components: list[Component], lineage: Mapping[str, list[Edge]], style: Style, *, show_aside: bool) -> Iterator[str]:
    visible = [c for c in components if show_aside or not is_aside(c)]
    libraries = [c for c in visible if c.kind in _LIBRARIES]
    rows = visible
    if len(libraries) > MOST_LIBRARIES and not style.everything:
        loose = [c for c in libraries if c.pin is not Pin.EXACT]
        rows = [c for c in visible if c.kind not in _LIBRARIES] + loose[:MOST_LIBRARIES]
    columns = _Columns.of(rows, style.width)
    for component in rows:
        yield from columns.lines(component, style)
        for edge in lineage.get(component.ref, ()):
            yield style.paint(f"      {edge.relation} {clean(edge.target)}", "dim")
    if len(visible) > len(rows):
        yield style.paint(f"  … {_count(len(visible) - len(rows), 'more library')}; --all shows them", "dim")
    if len(components) > len(visible):
        yield style.paint(f"  … {len(components) - len(visible)} more, named only by tests and examples; --all shows them", "dim")


class _Columns(Struct, frozen=True):
    """The widths of the columns of one table, and whether places stand beside the artifacts or below them."""

    name: int
    revision: int
    kind: int
    beside: bool

    @classmethod
    def of(cls, rows: list[Component], width: int) -> "_Columns":
        """Columns as wide as what they hold; an empty one takes no room, a few long names stand out, places go below where many would not fit."""
        revision = max((len(_revision(c)) for c in rows), default=0)
        kind = max(len(c.kind) for c in rows) if len({c.kind for c in rows}) > 1 else 0
        rest = sum(w + 2 for w in (revision, kind, _PIN_WIDTH) if w) + 2
        names = sorted(len(clean(c.name)) for c in rows) or [0]
        usual = names[len(names) * 7 // 8]
        name = min(names[-1] if names[-1] <= usual + _OUTLIER else usual, max(_NARROWEST, width - rest))
        fitting = sum(name + 2 + rest + len(_place(c)) <= width for c in rows)
        return cls(name, revision, kind, beside=fitting * 4 >= len(rows) * 3)

    def lines(self, component: Component, style: Style) -> Iterator[str]:
        """One line, or two when places stand below."""
        words, colour = _pin_words(component)
        cells = [f"{clean(component.name):<{self.name}}"]
        cells += [f"{_revision(component):<{self.revision}}"] if self.revision else []
        cells += [f"{component.kind:<{self.kind}}"] if self.kind else []
        cells += [style.paint(f"{words:<{_PIN_WIDTH}}", colour)]
        place, flags = _place(component), "".join(f" [{f}]" for f in component.flags if f is not Flag.ON_DISK)
        yield f"  {'  '.join([*cells, *([place] if self.beside else [])])}{style.paint(flags, 'red')}".rstrip()
        if place and not self.beside:
            yield style.paint(f"      {place}", "dim")


def _pin_words(component: Component) -> tuple[str, str]:
    if component.kind is Kind.SERVICE and component.pin is Pin.NONE and not component.version:
        return "no version", "yellow"
    return _PINS[component.pin]


def _revision(component: Component) -> str:
    version = clean(component.version)
    return f"{version[: _REVISION - 1]}…" if len(version) > _REVISION else version


def _place(component: Component) -> str:
    """The first place, of the system itself where it has one, and how many more there are."""
    if not component.occurrences:
        return ""
    first: Occurrence = next((o for o in component.occurrences if o.scope not in ASIDE), component.occurrences[0])
    more = f" +{len(component.occurrences) - 1}" if len(component.occurrences) > 1 else ""
    return f"{clean(first.place)}{more}"


def _findings(report: Report, style: Style) -> Iterator[str]:
    """How many findings each rule has; every one of them where everything is shown."""
    groups = _by_rule(report.open)
    if not groups:
        return
    titles = {rule.id: rule.title for rule in report.rules}
    yield style.paint("Findings", "bold") + style.paint(f"  {len(report.open)}, by rule", "dim")
    for rule, findings in groups.items():
        yield f"  {_severity(findings[0], style, 8)}  {len(findings):>4}  {rule:<22}  {style.paint(titles.get(rule, ''), 'dim')}".rstrip()
        for finding in findings if style.everything else ():
            yield f"      {clean(finding.message)}" + "".join(f"  {clean(o.place)}" for o in finding.occurrences[:1])
    yield ""


def _accepted(report: Report, style: Style) -> Iterator[str]:
    accepted = [f for f in report.findings if f.accepted]
    if accepted:
        yield style.paint("Accepted in the settings", "bold") + style.paint(f"  {len(accepted)}", "dim")
        for finding in style.few(accepted):
            yield f"  {clean(finding.message)}  {style.paint(finding.rule, 'dim')}"
            yield style.paint(f"      because: {clean(finding.accepted)}", "dim")
        yield from _rest(accepted, style)
        yield ""


def _unresolved(report: Report, style: Style) -> Iterator[str]:
    found = report.bom.unresolved
    show_aside = style.everything or examples_are_the_system(report.bom)
    shown = [u for u in found if show_aside or u.occurrence.scope not in ASIDE]
    if not found:
        return
    yield style.paint("Unresolved", "bold") + style.paint(
        f"  {_count(len(found), 'place')} where only a run would tell what is loaded", "dim"
    )
    for unresolved in style.few(shown):
        yield f"  {unresolved.kind:<10} {clean(unresolved.expression)}  {style.paint(clean(unresolved.occurrence.place), 'dim')}"
    yield from _rest(found, style, len(style.few(shown)))
    yield ""


def _coverage(report: Report, style: Style) -> Iterator[str]:
    coverage = report.bom.coverage
    if coverage.unread:
        yield style.paint("Not read", "bold", "red")
        yield from map(_gap, style.few(coverage.unread))
        yield from _rest(coverage.unread, style)
        yield ""
    if coverage.excluded and style.everything:
        yield style.paint("Left out", "bold")
        yield from map(_gap, coverage.excluded)
        yield ""


def _gap(skipped: Skipped) -> str:
    reason = clean(skipped.reason)
    named = reason if clean(skipped.path) in reason else f"{clean(skipped.place)}: {reason}"
    return f"  {named} [{skipped.code}]" if skipped.code else f"  {named}"


def _end(report: Report, style: Style) -> Iterator[str]:
    coverage = report.bom.coverage
    accepted = len(report.findings) - len(report.open)
    files = (
        f"{_count(coverage.files, 'file')} seen, {coverage.read} read, {len(coverage.excluded)} left out, {len(coverage.unread)} not read"
    )
    findings = _count(len(report.open), "finding") + (f", {accepted} accepted" if accepted else "")
    yield style.paint(f"{files} · {findings}", "dim")
    yield style.paint("next: -o report.html for a page · lading why NAME · lading rules NAME", "dim")


def _rest(rows: Sequence[object], style: Style, shown: int = MOST_LISTED) -> Iterator[str]:
    if not style.everything and len(rows) > shown:
        yield style.paint(f"  … {len(rows) - shown} more; --all shows them", "dim")


def _severity(finding: Finding, style: Style, width: int = 0) -> str:
    return style.paint(f"{finding.severity.value:<{width}}", _SEVERITY[finding.severity])


def _by_rule(findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.rule].append(finding)
    return groups


def _lineage(bom: Bom) -> dict[str, list[Edge]]:
    edges: dict[str, list[Edge]] = defaultdict(list)
    for edge in bom.edges:
        if edge.relation not in {Relation.DEPENDS_ON, Relation.CONTAINS}:
            edges[edge.source].append(edge)
    return edges


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
