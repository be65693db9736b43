"""Who needs what of what is installed: the needs of packages, resolved to the packages that are there to meet them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from lading.core.component import Edge
from lading.core.kinds import Relation

MOST_COMPARISONS = 5_000_000
MOST_EDGES = 500_000
_Found = frozenset[int]
_NONE: _Found = frozenset()


class Need(Struct, frozen=True):
    """A name, and which versions of it will do."""

    name: str
    operator: str = ""
    version: str = ""
    arch: str = ""


class Compound(Struct, frozen=True):
    """Needs joined by a word: `and`, `or`, `if`, `unless`, `with`, `without`."""

    word: str
    parts: tuple["Want", ...]


Want = Need | Compound


class Offer(Struct, frozen=True):
    """A name that a package has or stands for, and the versions of it that it counts as."""

    name: str
    operator: str = ""
    version: str = ""
    arch: str = ""
    multi: str = ""
    """How packages of other architectures may use it, as Debian says it."""


class Files(Protocol):
    """The files of a package."""

    def among(self, wanted: dict[bytes, set[bytes]]) -> Iterator[str]:
        """The paths of those that are wanted, by name and folder."""


class Holder(Struct, frozen=True):
    """An installed package: what it needs and what it offers."""

    ref: str
    wants: tuple[Want, ...] = ()
    offers: tuple[Offer, ...] = ()
    arch: str = ""
    files: Files | None = None


Fits = Callable[[str, Need, Offer], bool]
"""Whether an offer of the needed name meets a need of a package of some architecture."""


def edges(holders: Sequence[Holder], fits: Fits) -> Iterator[Edge]:
    """Each package with those that meet its needs, all where there are several, itself left out; ValueError when there are too many."""
    resolver = _Resolver(holders, fits)
    left = MOST_EDGES
    for number, holder in enumerate(holders):
        met = frozenset[int]().union(*(resolver.met(want, number)[1] for want in dict.fromkeys(holder.wants)))
        left -= len(met)
        if left < 0:
            raise ValueError(f"its packages need each other in more than {MOST_EDGES} ways")
        yield from (Edge(holder.ref, Relation.DEPENDS_ON, holders[n].ref) for n in sorted(met) if holders[n].ref != holder.ref)


def compares(order: Callable[[str], Any], left: str, operator: str, right: str) -> bool:
    """Whether two versions stand as an operator says; those that an order cannot read are equal or nothing."""
    try:
        a, b = order(left), order(right)
    except ValueError:
        return "=" in operator and left == right
    return bool(("<" in operator and a < b) or ("=" in operator and a == b) or (">" in operator and a > b))


class _Resolver:
    def __init__(self, holders: Sequence[Holder], fits: Fits) -> None:
        self._holders, self._fits, self._left = holders, fits, MOST_COMPARISONS
        self._offers: defaultdict[str, list[tuple[int, Offer]]] = defaultdict(list)
        self._known: dict[tuple[Need, str], _Found] = {}
        for number, holder in enumerate(holders):
            for offer in holder.offers:
                self._offers[offer.name].append((number, offer))
        self._owners = _owners(holders)

    def met(self, want: Want, asker: int) -> tuple[bool, _Found]:
        """Whether a need is met, and by whom."""
        if isinstance(want, Need):
            found = self._meeting(want, self._holders[asker].arch)
            self._spend(1 + len(found))
            return bool(found), frozenset({asker}) if asker in found else found
        first, *others = want.parts
        if want.word in {"if", "unless"}:
            condition, otherwise = self.met(others[0], asker)[0], others[1:]
            if condition == (want.word == "if"):
                return self.met(first, asker)
            return self.met(otherwise[0], asker) if otherwise else (True, _NONE)
        return _joined(want.word, [self.met(part, asker) for part in want.parts])

    def _meeting(self, need: Need, arch: str) -> _Found:
        found = self._known.get((need, arch))
        if found is None:
            offers = self._offers.get(need.name, ())
            self._spend(len(offers))
            fitting = {number for number, offer in offers if self._fits(arch, need, offer)}
            found = self._known[need, arch] = frozenset(fitting | self._owners.get(_whole(need.name), set()))
        return found

    def _spend(self, comparisons: int) -> None:
        self._left -= comparisons
        if self._left < 0:
            raise ValueError(f"which of its packages meet which needs takes more than {MOST_COMPARISONS} comparisons")


def _joined(word: str, parts: list[tuple[bool, _Found]]) -> tuple[bool, _Found]:
    sets = [found for _, found in parts]
    if word == "with":
        both = sets[0].intersection(*sets[1:])
        return bool(both), both
    if word == "without":
        rest = sets[0].difference(*sets[1:])
        return bool(rest), rest
    every = _NONE.union(*sets)
    return (any if word == "or" else all)(holds for holds, _ in parts), every


def _owners(holders: Sequence[Holder]) -> dict[str, set[int]]:
    """Which packages own the files that others need."""
    wanted: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for path in {need.name for holder in holders for want in holder.wants for need in _simple(want) if need.name.startswith("/")}:
        folder, _, name = path.rpartition("/")
        for place in _places(f"{folder}/"):
            wanted[name.encode()].add(place.encode())
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for number, holder in enumerate(holders):
        if wanted and holder.files:
            for path in holder.files.among(wanted):
                owners[_whole(path)].add(number)
    return owners


_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")
"""Folders that are one with those of the same name below /usr."""


def _whole(path: str) -> str:
    """A path as it is where those folders are one."""
    return f"/usr{path}" if path.startswith(_MERGED) else path


def _places(folder: str) -> set[str]:
    whole = _whole(folder)
    return {whole, whole.removeprefix("/usr")} if whole.removeprefix("/usr").startswith(_MERGED) else {whole}


def _simple(want: Want) -> Iterator[Need]:
    if isinstance(want, Need):
        yield want
    else:
        for part in want.parts:
            yield from _simple(part)
