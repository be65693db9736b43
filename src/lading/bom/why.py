"""Why something is in a bill of materials: the shortest ways that lead to it, and the direct dependency to raise."""

from collections import defaultdict, deque
from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Kind, Relation

MOST = 5
_NEEDS = frozenset({Relation.DEPENDS_ON, Relation.CONTAINS})

Path = tuple[str, ...]


def matching(bom: Bom, thing: str) -> list[Component]:
    """The components that a name, a part of one, a reference or a package URL means; whole names before parts."""
    low = thing.lower()
    exact = [c for c in bom.components if low == c.name.lower() or thing in {c.ref, c.purl}]
    return exact or [c for c in bom.components if low in c.name.lower()]


def paths(bom: Bom, ref: str, most: int = MOST) -> list[Path]:
    """The shortest ways from the system to a component; where none leads from it, from what nothing else needs."""
    parents: dict[str, set[str]] = defaultdict(set)
    for edge in bom.edges:
        if edge.relation in _NEEDS and edge.source != edge.target:
            parents[edge.target].add(edge.source)
    starts = {bom.subject.ref, *(c.ref for c in bom.components if c.kind is Kind.SYSTEM)}
    found = list(_shortest(ref, parents, starts, most))
    return found or list(_shortest(ref, parents, {r for r in _above(ref, parents) if not parents.get(r)} - {ref}, most))


def _above(ref: str, parents: dict[str, set[str]]) -> set[str]:
    """Everything that leads to a component."""
    seen, waiting = {ref}, deque([ref])
    while waiting:
        for parent in parents.get(waiting.popleft(), ()):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def _shortest(ref: str, parents: dict[str, set[str]], starts: set[str], most: int) -> Iterator[Path]:
    """The shortest ways, level by level; each component is gone through at the first level that reaches it."""
    level: list[Path] = [(ref,)]
    seen = {ref}
    while level:
        arrived = [way for way in level if way[0] in starts]
        if arrived:
            yield from sorted(arrived)[:most]
            return
        above = [(parent, *way) for way in level for parent in sorted(parents.get(way[0], ())) if parent not in seen]
        seen |= {way[0] for way in above}
        level = above[:10_000]


def direct(ways: list[Path], system: str) -> list[str]:
    """What a person chose on these ways: the one to raise."""
    return sorted({way[1] if way[0] == system and len(way) > 1 else way[0] for way in ways})
