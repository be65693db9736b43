"""An audit as people read it: what to do first, then what could not be told, then what the answer stands on."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from lading.audit.finding import Priority, Problem, Result
from lading.audit.run import by_component
from lading.render.style import Style, clean

MOST = 40
_COLOURS = {
    Priority.MALICIOUS: "red",
    Priority.EXPLOITED: "red",
    Priority.LIKELY: "red",
    Priority.CRITICAL: "red",
    Priority.HIGH: "red",
    Priority.UNKNOWN: "yellow",
    Priority.MEDIUM: "yellow",
    Priority.LOW: "cyan",
}


def render(result: Result, style: Style) -> str:
    """The whole answer as text."""
    parts = (_head, _affected, _undetermined, _gaps, _decided, _overridden, _ground)
    return "\n".join(line for part in parts for line in part(result, style)) + "\n"


def _head(result: Result, style: Style) -> Iterator[str]:
    name = clean(result.subject) or "the system"
    yield style.paint(name, "bold") + f": {result.evaluated} of {_many(result.components, 'component')} evaluated"
    if result.affected:
        counted = Counter(p.priority for p in result.affected)
        told = ", ".join(f"{counted[p]} {p}" for p in Priority if counted[p])
        where = len({p.component for p in result.affected})
        yield style.paint(f"{_many(len(result.affected), 'problem')} in {_many(where, 'component')}: {told}", "red")
    elif result.complete:
        yield style.paint("no known problem", "green")
    elif not result.components:
        yield style.paint("there is nothing in it that advisories could tell of: this says nothing", "yellow")
    else:
        yield style.paint("no certain problem, but the answer is incomplete: this is not clean", "yellow")
    yield ""


def _affected(result: Result, style: Style) -> Iterator[str]:
    groups = list(by_component(result.affected).items())
    for _, problems in groups if style.everything else groups[:MOST]:
        first = problems[0]
        yield style.paint(f"{clean(first.name)} {clean(first.version)}", "bold") + style.paint(f"  {clean(first.ecosystem)}", "dim")
        for problem in problems:
            yield from _problem(problem, style)
        yield from _advice(problems, style)
        yield ""
    if len(groups) > MOST and not style.everything:
        yield style.paint(f"… and {len(groups) - MOST} more components; --all shows them", "dim")
        yield ""


def _problem(problem: Problem, style: Style) -> Iterator[str]:
    label = style.paint(f"{problem.priority:<9}", _COLOURS[problem.priority])
    fix = f"fixed in {problem.fixed_in}" if problem.fixed_in else "no fixed version"
    score = f" {problem.score:.1f}" if problem.score else ""
    yield f"  {label}{score}  {clean(problem.id)}  {'' if problem.priority is Priority.MALICIOUS else clean(fix)}".rstrip()
    told = [clean(problem.summary)] if problem.summary else []
    if problem.known_exploited:
        told.append(f"attacks are known since {problem.known_exploited}")
    if problem.basis != "version":
        told.append(f"known by its {problem.basis}")
    told += map(clean, problem.notes)
    if problem.aliases:
        told.append(f"also {', '.join(map(clean, problem.aliases[:4]))}{' …' if len(problem.aliases) > 4 else ''}")  # noqa: PLR2004 - as fit on a line
    for line in textwrap.wrap("; ".join(told), max(20, style.width - 13)):
        yield style.paint(f"             {line}", "dim")


def _advice(problems: list[Problem], style: Style) -> Iterator[str]:
    first = problems[0]
    if first.bump:
        yield style.paint(f"  comes through {', '.join(map(clean, first.bump))}", "dim")
    places = [o.place for p in problems[:1] for o in p.occurrences[:2]]
    if places:
        yield style.paint(f"  at {', '.join(map(clean, places))}", "dim")
    if first.imported:
        yield style.paint(f"  imported at {clean(first.imported)}", "dim")


def _undetermined(result: Result, style: Style) -> Iterator[str]:
    if result.undetermined:
        yield style.paint(f"Nobody can say whether these are there ({len(result.undetermined)})", "bold")
    rows = [f"{p.name} {p.version}: {p.id}: {'; '.join(p.notes)}" for p in result.undetermined]
    yield from _few(rows, style)


def _gaps(result: Result, style: Style) -> Iterator[str]:
    gaps = (*result.gaps, *result.unread)
    if gaps:
        yield style.paint(f"Not evaluated ({len(gaps)})", "bold")
    grouped: dict[str, list[str]] = {}
    for gap in gaps:
        grouped.setdefault(gap.reason, []).append(gap.component)
    rows = [f"{reason}: {_names(found)}" for reason, found in grouped.items()]
    yield from _few(rows, style)


def _names(found: list[str]) -> str:
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")  # noqa: PLR2004 - as fit on a line


def _decided(result: Result, style: Style) -> Iterator[str]:
    decided = [p for p in result.problems if not p.open]
    if decided:
        yield style.paint(f"Decided ({len(decided)})", "bold")
    yield from _few([f"{p.name} {p.version}: {p.id}: {p.decision.status}, {p.decision.reason}" for p in decided if p.decision], style)


def _overridden(result: Result, style: Style) -> Iterator[str]:
    yield from _few([f"{gap.component}: {gap.reason}" for gap in result.overridden], style)


def _few(rows: Iterable[str], style: Style) -> Iterator[str]:
    listed = list(rows)
    for row in style.few(listed):
        lines = textwrap.wrap(clean(row), max(20, style.width - 4), break_on_hyphens=False)
        yield from (f"  {line}" if n == 0 else f"    {line}" for n, line in enumerate(lines))
    if len(listed) > len(style.few(listed)):
        yield style.paint(f"  … and {len(listed) - len(style.few(listed))} more; --all shows them", "dim")
    if listed:
        yield ""


def _ground(result: Result, style: Style) -> Iterator[str]:
    database = result.database
    sources = ", ".join(f.name for f in database.feeds)
    yield style.paint(f"Advisories: {database.records} records, {database.age} old, from {clean(sources)}", "dim")
    if database.skipped or database.degraded:
        yield style.paint(f"{database.skipped} records could not be read, {database.degraded} only in part", "yellow")
    yield from (style.paint(f"not fit to say that nothing is known: {clean(reason)}", "yellow") for reason in database.stale)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
