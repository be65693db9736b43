"""Affected versions as intervals of ranks: sorted once when the index is made, so that a question is one bisection.

A package has its bounds, the sorted versions that its records name. Rank 2i is the bound i itself, 2i - 1 lies between the
bounds i - 1 and i. `introduced: "0"` is below everything, pre-releases included.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from lading.advisories.osv import Affected, Event
from lading.versions import Order

LOWEST = -1
_NOTHING = Event()
_ALWAYS = (Event(introduced="0"),)
EXACT, DEGRADED, UNDECIDED = 0, 1, 2
"""Whether a row tells all: it does; a part of it could not be read, its list of versions holds; nothing holds what could not be read."""


class Bounds:
    """The sorted versions that the records of one package name."""

    def __init__(self, versions: Iterable[str], order: Order) -> None:
        keyed = []
        for text in sorted(set(versions)):
            with suppress(ValueError):
                keyed.append((order(text), text))
        keyed.sort(key=lambda pair: pair[0])
        kept = [pair for n, pair in enumerate(keyed) if not n or keyed[n - 1][0] != pair[0]]
        self.keys = [key for key, _ in kept]
        self.texts = tuple(text for _, text in kept)
        self._order = order
        self._places: dict[str, int | None] = {}

    def place(self, text: str) -> int | None:
        """The rank of a version; None when it is none."""
        if text not in self._places:
            try:
                self._places[text] = rank(self.keys, self._order(text))
            except ValueError:
                self._places[text] = None
        return self._places[text]

    def rank(self, text: str) -> int:
        """The rank of a version that is one."""
        found = self.place(text)
        assert found is not None
        return found


def rank(keys: Sequence[Any], wanted: Any) -> int:  # noqa: ANN401 - whatever the order makes
    """Where a version lies: on a bound, or between two."""
    place = bisect_left(keys, wanted)
    return 2 * place if place < len(keys) and keys[place] == wanted else 2 * place - 1


def rank_among(texts: Sequence[str], order: Order, wanted: Any) -> int:  # noqa: ANN401 - as above
    """The same over texts, of which only those met on the way are read."""
    place = bisect_left(texts, wanted, key=order)
    return 2 * place if place < len(texts) and order(texts[place]) == wanted else 2 * place - 1


class Row(Struct, frozen=True, gc=False):
    """What one record says of one package."""

    spans: tuple[int, ...]
    """First and last rank of each interval, the last one not in it; an even last one is the version that mends it."""
    exact: tuple[str, ...]
    """Listed versions that are none in this order: they are compared as text."""
    certainty: int
    loose: tuple[str, ...] = ()
    """Listed versions that are neither in a range nor a bound."""


def bounds_in(affected: Affected) -> Iterable[str]:
    """Every version that the ranges of an entry name."""
    for row in affected.ranges or ():
        if row.type != "GIT":
            for event in row.events:
                told = (None if event.introduced == "0" else event.introduced, event.fixed, event.last_affected, event.limit)
                yield from (v for v in told if v is not None)


def compiled(affected: Affected, bounds: Bounds | None) -> Row:
    """An entry as intervals: whatever is listed, or in a range."""
    if bounds is None:
        return _named(affected)
    listed = affected.versions or ()
    spans, broken = _spans(affected, bounds)
    ranged = tuple(spans)
    exact: list[str] = []
    loose: list[str] = []
    for text in listed:
        place = bounds.place(text)
        if place is None:
            exact.append(text)
            continue
        for low, high in ranged:
            if low <= place < high:
                break
        else:
            (loose.append(text) if place % 2 else spans.append((place, place + 1)))
    nothing = not listed and all(r.type == "GIT" for r in affected.ranges or ())
    certainty = (DEGRADED if listed else UNDECIDED) if broken or nothing else EXACT
    return Row(tuple(n for span in sorted(set(spans)) for n in span), tuple(sorted(exact)), certainty, tuple(loose))


def _named(affected: Affected) -> Row:
    """An entry of an ecosystem whose order is not known: what is listed, or everything."""
    listed = affected.versions or ()
    ranges = [r for r in affected.ranges or () if r.type != "GIT"]
    everything = any(len(r.events) == 1 and r.events[0].introduced == "0" for r in ranges)
    certainty = EXACT if everything or (listed and not ranges) else DEGRADED if listed else UNDECIDED
    return Row((LOWEST, 0) if everything else (), tuple(sorted(listed)), certainty)


def compiled_together(entries: Sequence[Affected], order: Order | None) -> tuple[tuple[str, ...], list[Row]]:
    """The bounds of a package and a row for each entry; a listed version in no range becomes a bound of its own."""
    if order is None:
        return (), [compiled(a, None) for a in entries]
    named = {v for a in entries for v in bounds_in(a)}
    bounds = Bounds(named, order)
    rows = [compiled(a, bounds) for a in entries]
    if more := {v for row in rows for v in row.loose}:
        bounds = Bounds(named | more, order)
        rows = [compiled(a, bounds) for a in entries]
    return bounds.texts, rows


def _spans(affected: Affected, bounds: Bounds) -> tuple[list[tuple[int, int]], bool]:
    """The intervals of the ranges that can be read, and whether something in them cannot."""
    spans: list[tuple[int, int]] = []
    broken = False
    for row in affected.ranges or ():
        if row.type == "GIT":
            continue
        if row.events == _ALWAYS:
            spans.append((LOWEST, 2 * len(bounds.texts)))
            continue
        told = [e for e in row.events if e != _NOTHING]
        broken |= len(told) < len(row.events)
        if all(_readable(e, bounds) for e in told):
            spans += _walk(told, bounds)
        else:
            broken = True
    return spans, broken


def _readable(event: Event, bounds: Bounds) -> bool:
    begins = None if event.introduced == "0" else event.introduced
    told = (begins, event.fixed, event.last_affected, event.limit)
    return all(v is None or bounds.place(v) is not None for v in told)


def _walk(events: list[Event], bounds: Bounds) -> Iterable[tuple[int, int]]:
    """The intervals of one range, by the algorithm of the OSV schema: the events in order, each switching."""
    start: int | None = None
    for place, opens in sorted((p for e in events for p in _points(e, bounds)), key=lambda p: p[0]):
        if opens and start is None:
            start = place
        elif not opens and start is not None:
            if place > start:
                yield start, place
            start = None
    if start is not None:
        yield start, 2 * len(bounds.texts)


def _points(event: Event, bounds: Bounds) -> Iterable[tuple[int, bool]]:
    """Where an event opens or closes an interval; after a last affected version comes the next rank."""
    if event.introduced is not None:
        yield LOWEST if event.introduced == "0" else bounds.rank(event.introduced), True
    for end in (event.fixed, event.limit):
        if end is not None:
            yield bounds.rank(end), False
    if event.last_affected is not None:
        yield bounds.rank(event.last_affected) + 1, False
