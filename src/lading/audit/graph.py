"""Which dependency a person chose brings a component in: the one to raise."""

from collections import defaultdict, deque
from collections.abc import Mapping

from lading.core.bom import Bom
from lading.core.kinds import Kind, Relation

_NEEDS = frozenset({Relation.DEPENDS_ON, Relation.CONTAINS})


class Graph:
    """What needs what, read backwards."""

    def __init__(self, bom: Bom) -> None:
        self._parents: Mapping[str, list[str]] = defaultdict(list)
        self._own = {bom.subject.ref, *(c.ref for c in bom.components if c.kind is Kind.SYSTEM)}
        for edge in bom.edges:
            if edge.relation in _NEEDS:
                self._parents[edge.target].append(edge.source)
        self._names = {c.ref: c.name for c in bom.components}

    def through(self, ref: str) -> tuple[str, ...]:
        """The direct dependencies that lead to a component; empty when it is one itself, or nothing is known."""
        found: set[str] = set()
        seen, waiting = {ref}, deque([ref])
        while waiting:
            here = waiting.popleft()
            parents = self._parents.get(here, ())
            if any(p in self._own for p in parents):
                found.add(here)
            for parent in parents:
                if parent not in seen and parent not in self._own:
                    seen.add(parent)
                    waiting.append(parent)
        return () if ref in found else tuple(sorted(self._names.get(r, r) for r in found))
