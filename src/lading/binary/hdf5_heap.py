"""Where HDF5 keeps many links or attributes of one object: a heap that grows, and trees that say what lies where in it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lading.binary.window import Window

NOWHERE = (1 << 64) - 1
_MOST_NODES = 100_000
_MOST_STEPS = 400_000
_MANAGED, _HUGE, _TINY = 0, 1, 2
_LONGEST_TINY = 17
"""Identities that are wider tell the length of the object within them by two bytes."""
_ID = {1: 0, 2: 0, 5: 4, 6: 8, 8: 0, 9: 0}
"""Where in a record of a tree the identity of an object of the heap stands, by the kind of the tree."""


class BrokenTreeError(ValueError):
    """The file is not what an HDF5 library reads, or not in a way that is read here."""


class UnreadHeapError(BrokenTreeError):
    """A heap of a kind that is not read here."""


class Reader:
    """Numbers of a file, at addresses that count from its superblock."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.steps = 0

    def step(self, count: int = 1) -> None:
        """So much work more; BrokenTreeError when it is more than is done for one file."""
        self.steps += count
        if self.steps > _MOST_STEPS:
            raise BrokenTreeError("it takes more steps than are made for one file")

    def number(self, layout: str, place: int) -> int:
        """A number, or BrokenTreeError where the file ends."""
        value = self.window.number(layout, place)
        if value is None:
            raise BrokenTreeError(f"an address leads to {place}, behind the end")
        return value

    def wide(self, place: int, width: int) -> int:
        """A number of so many bytes."""
        content = self.window.read(place, width)
        if len(content) != width:
            raise BrokenTreeError(f"an address leads to {place}, behind the end")
        return int.from_bytes(content, "little")

    def marked(self, place: int, mark: bytes) -> None:
        """BrokenTreeError unless a structure begins there."""
        if self.window.read(place, 4) != mark:
            raise BrokenTreeError(f"no {mark.decode()} stands where an address leads")


def _width(most: int) -> int:
    """How many bytes hold numbers up to one."""
    return (most.bit_length() - 1) // 8 + 1 if most else 1


class Levels(Struct, frozen=True):
    """How many records the nodes of a tree hold at each depth, and how wide the counts of them are written."""

    most: tuple[int, ...]
    all: tuple[int, ...]

    @staticmethod
    def of(node: int, record: int, depth: int) -> Levels:
        """Counted as the library does."""
        if not record or node < 10 + record:
            raise BrokenTreeError("a tree holds nodes without records")
        most = [(node - 10) // record]
        every = [most[0]]
        for level in range(depth):
            pointer = 8 + _width(most[0]) + (_width(every[level]) if level else 0)
            most.append((node - 10 - pointer) // (record + pointer))
            every.append((most[-1] + 1) * every[-1] + most[-1])
        return Levels(tuple(most), tuple(every))


def records(reader: Reader, tree: int) -> Iterator[tuple[int, int, int]]:
    """The kind, place and length of every record of a tree."""
    reader.marked(tree, b"BTHD")
    kind, node, record, depth = (reader.number(w, tree + p) for w, p in (("<B", 5), ("<I", 6), ("<H", 10), ("<H", 12)))
    if depth > 16:  # noqa: PLR2004 - more records than a file has bytes
        raise BrokenTreeError("a tree is deeper than any")
    levels = Levels.of(node, record, depth)
    root, count = reader.number("<Q", tree + 16), reader.number("<H", tree + 24)
    waiting = [(root, count, depth)] if root != NOWHERE else []
    seen: set[int] = set()
    while waiting:
        place, count, depth = waiting.pop()
        if place in seen or len(seen) > _MOST_NODES or count > levels.most[depth]:
            raise BrokenTreeError("a tree holds itself, or more than it can")
        seen.add(place)
        reader.step(1 + count)
        reader.marked(place, b"BTIN" if depth else b"BTLF")
        yield from ((kind, place + 6 + n * record, record) for n in range(count))
        if depth:
            waiting += _children(reader, place + 6 + count * record, count + 1, depth, levels)


def _children(reader: Reader, place: int, count: int, depth: int, levels: Levels) -> Iterator[tuple[int, int, int]]:
    first = _width(levels.most[0])
    second = _width(levels.all[depth - 1]) if depth > 1 else 0
    for n in range(count):
        at = place + n * (8 + first + second)
        yield reader.number("<Q", at), reader.wide(at + 8, first), depth - 1


class Heap:
    """One heap: where in the file its objects lie."""

    def __init__(self, reader: Reader, place: int) -> None:
        reader.marked(place, b"FRHP")
        if reader.number("<H", place + 7):
            raise UnreadHeapError("its objects are compressed")
        self.reader = reader
        self.identity = reader.number("<H", place + 5)
        self.large = reader.number("<Q", place + 22)
        self.columns, self.first, self.direct = (reader.number(w, place + p) for w, p in (("<H", 110), ("<Q", 112), ("<Q", 120)))
        bits = reader.number("<H", place + 128)
        self.root, self.rows = reader.number("<Q", place + 132), reader.number("<H", place + 140)
        self.offset = (bits + 7) // 8
        direct = (self.direct.bit_length() + 6) // 8
        self.length = min(direct, _width(reader.number("<I", place + 10)))
        if not self.columns or not self.first or self.first & (self.first - 1) or self.columns & (self.columns - 1) or bits > 64:  # noqa: PLR2004
            raise BrokenTreeError("a heap has no table")
        self.huge: dict[int, tuple[int, int]] | None = None

    def where(self, place: int, width: int) -> tuple[int, int]:
        """The place and length of an object, by its identity, which stands at a place."""
        first = self.reader.number("<B", place)
        kind = first >> 4 & 3
        if kind == _MANAGED:
            offset = self.reader.wide(place + 1, self.offset)
            return self._managed(offset), self.reader.wide(place + 1 + self.offset, self.length)
        if kind == _TINY:
            wide = width > _LONGEST_TINY
            length = (first & 15) << 8 | self.reader.number("<B", place + 1) if wide else first & 15
            return place + 1 + wide, length + 1
        if kind == _HUGE:
            return self._huge(self.reader.wide(place + 1, min(8, width - 1)))
        raise BrokenTreeError("an object of a heap is of no kind")

    def _huge(self, number: int) -> tuple[int, int]:
        if self.huge is None:
            self.huge = {}
            for kind, place, _ in records(self.reader, self.large):
                if kind != 1:
                    raise UnreadHeapError("its large objects are compressed or without a number")
                self.huge[self.reader.number("<Q", place + 16)] = (self.reader.number("<Q", place), self.reader.number("<Q", place + 8))
        if number not in self.huge:
            raise BrokenTreeError("a large object of a heap is nowhere")
        return self.huge[number]

    def _managed(self, offset: int) -> int:
        """Down the blocks of blocks, each row of which has blocks of twice the size, to the one that holds an offset."""
        block, rows, table = self.root, self.rows, offset
        for _ in range(64):
            if block == NOWHERE:
                break
            if not rows:
                return block + table
            row = max(table // (self.columns * self.first), 0).bit_length()
            size = self.first << max(row - 1, 0)
            begin = self.columns * size if row else 0
            column = (table - begin) // size
            if row >= rows:
                break
            self.reader.marked(block, b"FHIB")
            entry = block + 13 + self.offset + (row * self.columns + column) * 8
            table -= begin + column * size
            block = self.reader.number("<Q", entry)
            rows = 0 if size <= self.direct else (size // (self.first * self.columns)).bit_length()
        raise BrokenTreeError("an object of a heap is nowhere")


def stored(reader: Reader, heap: int, trees: tuple[int, ...]) -> Iterator[tuple[int, int, bool]]:
    """The place and length of everything that trees find in a heap, and whether it is kept elsewhere for several objects."""
    told: set[tuple[int, int]] = set()
    inside = Heap(reader, heap)
    for tree in trees:
        if tree == NOWHERE:
            continue
        for kind, place, _ in records(reader, tree):
            if kind not in _ID:
                raise BrokenTreeError("a tree of a heap holds something else")
            if kind in {8, 9} and reader.number("<B", place + 8) & 2:
                yield 0, 0, True
                continue
            found = inside.where(place + _ID[kind], inside.identity)
            if found not in told:
                told.add(found)
                yield *found, False
