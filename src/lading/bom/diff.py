"""The difference of two bills of materials: added, removed, moved to another revision, pinned weaker, licensed otherwise."""

from collections.abc import Iterator

from msgspec import Struct

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Pin

_STRENGTH = {Pin.EXACT: 2, Pin.MUTABLE: 1, Pin.NONE: 0}


class Moved(Struct, frozen=True):
    """An artifact at another revision, or held otherwise."""

    name: str
    kind: str
    before: str
    after: str
    what: str


class Difference(Struct, frozen=True):
    """What changed between two bills."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed or self.moved)

    def lines(self) -> Iterator[str]:
        """One line for each change: `+` added, `-` removed, `~` moved."""
        yield from (f"+ {ref}" for ref in self.added)
        yield from (f"- {ref}" for ref in self.removed)
        yield from (f"~ {m.kind} {m.name}: {m.what} {m.before or 'none'} → {m.after or 'none'}" for m in self.moved)


def difference(before: Bom, after: Bom) -> Difference:
    """Compare by identity without revision: one artifact at another revision has moved, it is not removed and added."""
    old, new = _by_identity(before), _by_identity(after)
    added = sorted(c.ref for key, rows in new.items() if key not in old for c in rows)
    removed = sorted(c.ref for key, rows in old.items() if key not in new for c in rows)
    moved = [m for key in sorted(old.keys() & new.keys()) for m in _moves(old[key], new[key])]
    for before_key, after_key in _elsewhere(old, new):
        moved.append(Moved(after_key[2], after_key[0], before_key[1], after_key[1], "source"))
        gone, come = ({c.ref for c in rows} for rows in (old[before_key], new[after_key]))
        added, removed = [r for r in added if r not in come], [r for r in removed if r not in gone]
    return Difference(tuple(added), tuple(removed), tuple(moved))


_Key = tuple[str, str, str]


def _elsewhere(old: dict[_Key, list[Component]], new: dict[_Key, list[Component]]) -> Iterator[tuple[_Key, _Key]]:
    """What is gone from one source and is now of another, under the same name."""
    gone = {(kind, name): (kind, upstream, name) for kind, upstream, name in sorted(old.keys() - new.keys())}
    for key in sorted(new.keys() - old.keys()):
        if before := gone.pop((key[0], key[2]), None):
            yield before, key


def _by_identity(bom: Bom) -> dict[tuple[str, str, str], list[Component]]:
    found: dict[tuple[str, str, str], list[Component]] = {}
    for c in bom.components:
        found.setdefault((c.kind, c.upstream, c.name), []).append(c)
    return found


def _moves(old: list[Component], new: list[Component]) -> Iterator[Moved]:
    before, after = {c.version for c in old}, {c.version for c in new}
    one = new[0]
    if before != after:
        yield Moved(
            one.name,
            one.kind,
            ", ".join(sorted(before - after)) or ", ".join(sorted(before)),
            ", ".join(sorted(after - before)) or ", ".join(sorted(after)),
            "revision",
        )
    weakest_before, weakest_after = (min((c.pin for c in rows), key=_STRENGTH.__getitem__) for rows in (old, new))
    if weakest_before is not weakest_after:
        yield Moved(one.name, one.kind, weakest_before, weakest_after, "pin")
    licenses = [{x.expression for c in rows for x in c.licenses} for rows in (old, new)]
    if licenses[0] != licenses[1]:
        yield Moved(one.name, one.kind, ", ".join(sorted(licenses[0])), ", ".join(sorted(licenses[1])), "license")
    places = [{c.url for c in rows if c.url} for rows in (old, new)]
    if before == after and places[0] != places[1] and all(places):
        yield Moved(one.name, one.kind, ", ".join(sorted(places[0])), ", ".join(sorted(places[1])), "source")
    digests = [{str(d) for c in rows for d in c.digests} for rows in (old, new)]
    if before == after and digests[0] != digests[1] and all(digests):
        yield Moved(one.name, one.kind, ", ".join(sorted(digests[0])), ", ".join(sorted(digests[1])), "bytes under the same revision")
