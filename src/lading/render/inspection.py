"""Inspections as people read them: the worst first, each with what it would do, where, and what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterator

from lading.core.inspection import Grade, Inspection, Observation
from lading.render.style import Style, clean

_COLOUR = {Grade.MALICIOUS: "red", Grade.SUSPICIOUS: "yellow", Grade.UNSCANNABLE: "cyan", Grade.BENIGN: "green"}
_MOST = 12


def render(inspections: list[Inspection], style: Style, fix: Callable[[str], str]) -> str:
    """Every file that is not benign with its observations, then the count of all; `fix` says what to do about a rule."""
    lines = [line for i in sorted(inspections, key=lambda i: (-i.grade.rank, i.path)) for line in _file(i, style, fix)]
    return "\n".join([*lines, *_end(inspections)]) + "\n"


def _file(inspection: Inspection, style: Style, fix: Callable[[str], str]) -> Iterator[str]:
    if inspection.grade is Grade.BENIGN and not style.everything and not any(o.accepted for o in inspection.observations):
        return
    grade = style.paint(f"{inspection.grade:11}", _COLOUR[inspection.grade])
    yield f"{grade} {clean(inspection.path)}  {style.paint(f'{clean(inspection.format)}, {_covered(inspection)}', 'dim')}"
    shown = inspection.observations if style.everything else inspection.observations[:_MOST]
    told: set[str] = set()
    for observation in shown:
        yield from _observation(observation, style)
        if observation.rule not in told:
            told.add(observation.rule)
            yield style.paint(f"      {fix(observation.rule)}", "dim")
    if len(inspection.observations) > len(shown):
        yield style.paint(f"    … {len(inspection.observations) - len(shown)} more; --all shows them", "dim")


def _observation(observation: Observation, style: Style) -> Iterator[str]:
    place = " ".join(p for p in (observation.member, f"byte {observation.offset}" if observation.offset >= 0 else "") if p)
    known = " ".join((observation.rule, *observation.references))
    if observation.accepted:
        known += f"; allowed: {clean(observation.accepted)}"
    yield f"    {clean(observation.message)}  {style.paint(f'[{known}]', 'dim')}"
    if place:
        yield style.paint(f"      at {clean(place)}", "dim")


def _covered(inspection: Inspection) -> str:
    size, covered = inspection.size, inspection.covered
    if not size:
        return "empty" if inspection.grade is Grade.BENIGN else "not read"
    return f"{size} bytes: {covered.read} followed, {covered.inert} numbers, {covered.unread} not read"


def _end(inspections: list[Inspection]) -> Iterator[str]:
    counts = Counter(i.grade for i in inspections)
    told = ", ".join(f"{counts[g]} {g}" for g in reversed(Grade) if counts[g])
    yield f"{len(inspections)} file{'s' if len(inspections) != 1 else ''}: {told}" if inspections else "no file was looked at"
    idle = sum(i.grade is Grade.BENIGN and any(o.rule == "code-file" and not o.accepted for o in i.observations) for i in inspections)
    if idle:
        programs = f"{idle} of them {'is a program' if idle == 1 else 'are programs'}"
        yield f"{programs} that nothing runs when a model is loaded from here; whether to run them is not told. --all shows them."
