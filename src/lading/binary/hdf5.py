"""HDF5 walked from its root: attributes with text, links, and whatever refers to other files. Numbers are left alone."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lading.binary.hdf5_heap import BrokenTreeError, Reader, UnreadHeapError, stored
from lading.binary.window import Window

MAGIC = b"\x89HDF\r\n\x1a\n"
_NOWHERE = (1 << 64) - 1
_MOST = 100_000
_MOST_TEXT = 32 << 20
_LONGEST_PATH = 300
"""Letters of a path that are kept: the last ones; every member that waits holds its path."""
_STEP, _MEMBER = 3, 10
"""Units of work that a message or a text that is passed over costs, and a member of a group."""
_VARIABLE, _FIXED = 9, 3
_TEXTS = b"GCOL"
_REMEMBERED = 1024
_TELLING = frozenset({0x02, 0x06, 0x07, 0x0C, 0x11, 0x15})
"""Kinds of messages that name other files or hold texts."""


_REGISTERED = 256
"""Filters from here on are not of the format itself; they have names."""
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 305, 307, 257, 32000, 32001, 32002, 32003, 32004, 32005, 32006, 32007, 32008, 32009, 32010, 32011, 32012, 32013, 32014, 32015, 32016, 32017,
                      32018, 32019, 32020, 32021, 32022, 32023, 32024, 32025, 32026, 32027, 32028, 32029})  # fmt: skip
"""Filters that only pack numbers, by the public list of them."""


class Found(Struct, frozen=True):
    """One thing: `attribute`, `external-link`, `external-storage`, `virtual`, `filter`, `unread`; where, its name, its content."""

    kind: str
    path: str
    name: str
    content: bytes = b""


class Tree(Reader):
    """One file."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.seen: set[int] = set()
        self.stored = 0
        self.links = 0
        """How many places were named by others, whether they were new or not."""
        self.remembered: dict[int, dict[int, tuple[int, int]]] = {}

    def walk(self) -> Iterator[Found]:
        """Everything that is reached from the root."""
        waiting = [("", self._root())]
        while waiting:
            path, address = waiting.pop()
            if address in self.seen or address == _NOWHERE:
                continue
            self.seen.add(address)
            if len(self.seen) > _MOST:
                raise BrokenTreeError("it holds more objects than are followed")
            for found in self._object(path, address):
                if isinstance(found, Found):
                    yield found
                else:
                    self.links += 1
                    waiting.append((found[0][-_LONGEST_PATH:], found[1]))
                if len(self.seen) + len(waiting) > _MOST:
                    raise BrokenTreeError("it holds more objects than are followed")

    @property
    def end(self) -> int:
        """Where the file ends by its own word."""
        version = self.number("<B", 8)
        return self.number("<Q", 28 if version in {2, 3} else 40 + (4 if version else 0))

    def _root(self) -> int:
        version = self.number("<B", 8)
        if version in {0, 1}:
            if self.number("<B", 13) != 8 or self.number("<B", 14) != 8:  # noqa: PLR2004 - the width that every library writes
                raise BrokenTreeError("its addresses are not 8 bytes wide")
            return self.number("<Q", 24 + 8 * 5 + (4 if version else 0))
        if version in {2, 3}:
            return self.number("<Q", 36)
        raise BrokenTreeError(f"version {version} is not known")

    def _object(self, path: str, address: int) -> Iterator[Found | tuple[str, int]]:
        for kind, place, size, flags in self._messages(address):
            if flags & 2 and kind in _TELLING:
                yield Found("unread", path, "what several objects share")
            elif kind == 0x06:  # noqa: PLR2004 - a link
                yield from self._link(path, place)
            elif kind == 0x11:  # noqa: PLR2004 - a table of members
                yield from self._members(path, self.number("<Q", place), self.number("<Q", place + 8))
            elif kind == 0x07:  # noqa: PLR2004 - numbers in other files
                yield Found("external-storage", path, "")
            elif kind == 0x0C:  # noqa: PLR2004 - an attribute
                yield from self._attribute(path, place, size)
            elif kind == 0x08 and self.number("<B", place) == 4 and self.number("<B", place + 1) == 3:  # noqa: PLR2004 - put together of other data sets
                yield Found("virtual", path, "")
            elif kind == 0x0B:  # noqa: PLR2004 - how numbers are packed
                yield from self._filters(path, place, size)
            elif kind in {0x02, 0x15}:
                yield from self._dense(path, kind, place)

    def _filters(self, path: str, place: int, size: int) -> Iterator[Found]:
        """Every filter that a library of its own must bring, by its number."""
        version, end = self.number("<B", place), place + size
        position = place + (8 if version == 1 else 2)
        for _ in range(self.number("<B", place + 1)):
            if position + 6 > end:
                return
            number, length, values = self.number("<H", position), 0, 0
            if version == 1 or number >= _REGISTERED:
                length, values = self.number("<H", position + 2), self.number("<H", position + 6)
                position += 8
            else:
                values = self.number("<H", position + 4)
                position += 6
            if number not in _FILTERS:
                yield Found("filter", path, str(number))
            position += (length + 7) // 8 * 8 if version == 1 else length
            position += values * 4 + (4 if version == 1 and values % 2 else 0)

    def _messages(self, address: int) -> Iterator[tuple[int, int, int, int]]:
        """The kind, place, size and flags of every message of an object."""
        new = self.window.read(address, 4) == b"OHDR"
        blocks = [self._first_block_2(address) if new else (address + 16, self.number("<I", address + 8))]
        ordered = 2 if new and self.number("<B", address + 5) & 4 else 0
        if not new and self.number("<B", address) != 1:
            raise BrokenTreeError("an object has no header")
        count = 0
        while blocks:
            place, length = blocks.pop()
            end = min(place + length, self.window.size)
            while place + (4 + ordered if new else 8) <= end:
                if new:
                    kind, size, head, flags = (
                        self.number("<B", place),
                        self.number("<H", place + 1),
                        4 + ordered,
                        self.number("<B", place + 3),
                    )
                else:
                    kind, size, head, flags = self.number("<H", place), self.number("<H", place + 2), 8, self.number("<B", place + 4)
                count += 1
                self.step()
                if count > _MOST:
                    raise BrokenTreeError("an object has more messages than are followed")
                if kind == 0x10:  # noqa: PLR2004 - it goes on elsewhere
                    start, more = self.number("<Q", place + head), self.number("<Q", place + head + 8)
                    blocks.append((start + 4, more - 8) if new else (start, more))
                else:
                    yield kind, place + head, size, flags
                place += head + size

    def _first_block_2(self, address: int) -> tuple[int, int]:
        flags = self.number("<B", address + 5)
        place = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        return place + width, int.from_bytes(self.window.read(place, width), "little")

    def _link(self, path: str, place: int) -> Iterator[Found | tuple[str, int]]:
        flags = self.number("<B", place + 1)
        position = place + 2
        kind = self.number("<B", position) if flags & 8 else 0
        position += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(self.window.read(position, width), "little")
        name = self.window.read(position + width, min(length, 4096)).decode("utf-8", "replace")
        position += width + length
        if kind == 0:
            yield f"{path}/{name}", self.number("<Q", position)
        elif kind == 64:  # noqa: PLR2004 - to another file
            target = self.window.read(position + 3, min(self.number("<H", position), 4096))
            yield Found("external-link", f"{path}/{name}", target.partition(b"\0")[0].decode("utf-8", "replace"))

    def _members(self, path: str, tree: int, heap: int) -> Iterator[Found | tuple[str, int]]:
        names = self.number("<Q", heap + 24)
        waiting, count = [tree], 0
        while waiting:
            place = waiting.pop()
            count += 1
            if count > _MOST or place in self.seen:
                raise BrokenTreeError("a table of members holds itself")
            magic = self.window.read(place, 4)
            if magic == b"TREE":
                used = self.number("<H", place + 6)
                waiting += [self.number("<Q", place + 24 + 8 + n * 16) for n in range(used)]
            elif magic == b"SNOD":
                for n in range(self.number("<H", place + 6)):
                    entry = place + 8 + n * 40
                    self.step(_MEMBER)
                    name = self._string(names + self.number("<Q", entry))
                    if self.number("<I", entry + 16) != 2:  # noqa: PLR2004 - a link within the file, by name
                        yield f"{path}/{name}", self.number("<Q", entry + 8)
            else:
                raise BrokenTreeError("a table of members is broken")

    def _string(self, place: int) -> str:
        return self.window.read(place, 1024).partition(b"\0")[0].decode("utf-8", "replace")

    def _dense(self, path: str, kind: int, place: int) -> Iterator[Found | tuple[str, int]]:
        """Many links or attributes stand in a heap of their own."""
        flags = self.number("<B", place + 1)
        first = place + 2 + ((8 if kind == 0x02 else 2) if flags & 1 else 0)  # noqa: PLR2004 - links, which count further
        heap = self.number("<Q", first)
        if heap == _NOWHERE:
            return
        trees = (self.number("<Q", first + 8), self.number("<Q", first + 16) if flags & 2 else _NOWHERE)
        try:
            for position, length, elsewhere in stored(self, heap, trees):
                self.stored += 1
                if self.stored > _MOST:
                    raise BrokenTreeError("it holds more links and attributes than are followed")
                if elsewhere:
                    yield Found("unread", path, "attributes that several objects share")
                elif kind == 0x02:  # noqa: PLR2004 - links
                    yield from self._link(path, position)
                else:
                    yield from self._attribute(path, position, length)
        except UnreadHeapError as e:
            yield Found("unread", path, f"{'links' if kind == 0x02 else 'attributes'} in a heap: {e}")  # noqa: PLR2004 - links

    def _attribute(self, path: str, place: int, size: int) -> Iterator[Found]:
        version = self.number("<B", place)
        names, types, spaces = (self.number("<H", place + 2 + n * 2) for n in range(3))
        step = 8 if version == 1 else 1
        position = place + (9 if version == 3 else 8)  # noqa: PLR2004 - the newest has a character set
        name = self._string(position)
        kind_at = position + names + -names % step
        data = kind_at + types + -types % step + spaces + -spaces % step
        kind = self._shared(kind_at) if version > 1 and self.number("<B", place + 1) & 1 else self.number("<B", kind_at) & 0x0F
        if kind is None:
            yield Found("unread", path, f"the attribute {name}, whose type is kept elsewhere")
        if kind == _VARIABLE:
            length, heap, index = self.number("<I", data), self.number("<Q", data + 4), self.number("<I", data + 12)
            yield Found("attribute", path, name, self._global(heap, index, length) if length else b"")
        elif kind == _FIXED:
            self.step(max(place + size - data, 0) >> 10)
            yield Found("attribute", path, name, self.window.read(data, min(max(place + size - data, 0), _MOST_TEXT)))

    def _shared(self, place: int) -> int | None:
        """The kind of a type that is kept as an object of its own; None where it is kept in another way."""
        version, way = self.number("<B", place), self.number("<B", place + 1)
        if version == 3 and way != 2:  # noqa: PLR2004 - the newest may keep it in a heap
            return None
        address = self.number("<Q", place + (8 if version == 1 else 2))
        kinds = (self.number("<B", at) & 0x0F for kind, at, _, flags in self._messages(address) if kind == 0x03 and not flags & 2)  # noqa: PLR2004 - a type
        return next(kinds, None)

    def texts(self) -> Iterator[tuple[int, int]]:
        """The place and size of everything of no fixed length that the file holds."""
        heap = self.window.find(_TEXTS, 0)
        while heap >= 0:
            yield from self._collection(heap).values()
            heap = self.window.find(_TEXTS, heap + 8)

    def _collection(self, heap: int) -> dict[int, tuple[int, int]]:
        """The place and size of everything in one collection, by its number; some are remembered, for texts follow no order."""
        if heap in self.remembered:
            return self.remembered[heap]
        found: dict[int, tuple[int, int]] = {}
        position, end = heap + 16, min(heap + self.number("<Q", heap + 8), self.window.size)
        while position + 16 <= end:
            self.step()
            number, size = self.number("<H", position), self.number("<Q", position + 8)
            if number == 0:
                break
            found.setdefault(number, (position + 16, size))
            position += 16 + size + -size % 8
        if len(self.remembered) >= _REMEMBERED or len(found) > _REMEMBERED:
            self.remembered.clear()
        self.remembered[heap] = found
        return found

    def _global(self, heap: int, index: int, length: int) -> bytes:
        place, size = self._collection(heap).get(index, (0, 0)) if self.window.read(heap, 4) == _TEXTS else (0, 0)
        if not place:
            raise BrokenTreeError("a text is not where its attribute says")
        self.step(min(length, size, _MOST_TEXT) >> 10)
        return self.window.read(place, min(length, size, _MOST_TEXT))
