"""HDF5 walked from its root: attributes with text, links, and whatever refers to other files. Numbers are left alone."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lading.binary.window import Window

MAGIC = b"\x89HDF\r\n\x1a\n"
_NOWHERE = (1 << 64) - 1
_MOST = 100_000
_MOST_TEXT = 32 << 20
_VARIABLE, _FIXED = 9, 3


class BrokenTreeError(ValueError):
    """The file is not what an HDF5 library reads, or not in a way that is read here."""


class Found(Struct, frozen=True):
    """One thing: `attribute`, `external-link`, `external-storage`, `virtual`, `unread`; where, its name, its content."""

    kind: str
    path: str
    name: str
    content: bytes = b""


class Tree:
    """One file."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.seen: set[int] = set()
        self.base = 0

    def number(self, layout: str, place: int) -> int:
        """A number, or BrokenTreeError where the file ends."""
        value = self.window.number(layout, place)
        if value is None:
            raise BrokenTreeError(f"an address leads to {place}, behind the end")
        return value

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
            for found in self._object(path, address + self.base):
                if isinstance(found, Found):
                    yield found
                else:
                    waiting.append(found)

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
        for kind, place, size in self._messages(address):
            if kind == 0x06:  # noqa: PLR2004 - a link
                yield from self._link(path, place)
            elif kind == 0x11:  # noqa: PLR2004 - a table of members
                yield from self._members(path, self.number("<Q", place), self.number("<Q", place + 8))
            elif kind == 0x07:  # noqa: PLR2004 - numbers in other files
                yield Found("external-storage", path, "")
            elif kind == 0x0C:  # noqa: PLR2004 - an attribute
                yield from self._attribute(path, place, size)
            elif kind == 0x08 and self.number("<B", place) == 4 and self.number("<B", place + 1) == 3:  # noqa: PLR2004 - put together of other data sets
                yield Found("virtual", path, "")
            elif kind in {0x02, 0x15}:
                yield from self._dense(path, kind, place)

    def _messages(self, address: int) -> Iterator[tuple[int, int, int]]:
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
                    kind, size, head = self.number("<B", place), self.number("<H", place + 1), 4 + ordered
                else:
                    kind, size, head = self.number("<H", place), self.number("<H", place + 2), 8
                count += 1
                if count > _MOST:
                    raise BrokenTreeError("an object has more messages than are followed")
                if kind == 0x10:  # noqa: PLR2004 - it goes on elsewhere
                    start, more = self.number("<Q", place + head) + self.base, self.number("<Q", place + head + 8)
                    blocks.append((start + 4, more - 8) if new else (start, more))
                else:
                    yield kind, place + head, size
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
        names = self.number("<Q", heap + self.base + 24) + self.base
        waiting, count = [tree + self.base], 0
        while waiting:
            place = waiting.pop()
            count += 1
            if count > _MOST or place in self.seen:
                raise BrokenTreeError("a table of members holds itself")
            magic = self.window.read(place, 4)
            if magic == b"TREE":
                used = self.number("<H", place + 6)
                waiting += [self.number("<Q", place + 24 + 8 + n * 16) + self.base for n in range(used)]
            elif magic == b"SNOD":
                for n in range(self.number("<H", place + 6)):
                    entry = place + 8 + n * 40
                    name = self._string(names + self.number("<Q", entry))
                    if self.number("<I", entry + 16) != 2:  # noqa: PLR2004 - a link within the file, by name
                        yield f"{path}/{name}", self.number("<Q", entry + 8)
            else:
                raise BrokenTreeError("a table of members is broken")

    def _string(self, place: int) -> str:
        return self.window.read(place, 1024).partition(b"\0")[0].decode("utf-8", "replace")

    def _dense(self, path: str, kind: int, place: int) -> Iterator[Found]:
        """Many links or attributes stand in a heap of their own, which is searched for what matters and not walked."""
        flags = self.number("<B", place + 1)
        first = place + 2 + (8 if kind == 0x02 and flags & 1 else 0) + (2 if kind == 0x15 and flags & 1 else 0)  # noqa: PLR2004 - the two kinds
        if self.number("<Q", first) != _NOWHERE:
            yield Found("unread", path, "links" if kind == 0x02 else "attributes")  # noqa: PLR2004 - links

    def _attribute(self, path: str, place: int, size: int) -> Iterator[Found]:
        version = self.number("<B", place)
        names, types, spaces = (self.number("<H", place + 2 + n * 2) for n in range(3))
        step = 8 if version == 1 else 1
        position = place + (9 if version == 3 else 8)  # noqa: PLR2004 - the newest has a character set
        name = self._string(position)
        kind_at = position + names + -names % step
        data = kind_at + types + -types % step + spaces + -spaces % step
        kind = self.number("<B", kind_at) & 0x0F
        if kind == _VARIABLE:
            length, heap, index = self.number("<I", data), self.number("<Q", data + 4), self.number("<I", data + 12)
            yield Found("attribute", path, name, self._global(heap + self.base, index, length) if length else b"")
        elif kind == _FIXED:
            yield Found("attribute", path, name, self.window.read(data, min(max(place + size - data, 0), _MOST_TEXT)))

    def _global(self, heap: int, index: int, length: int) -> bytes:
        if self.window.read(heap, 4) != b"GCOL":
            raise BrokenTreeError("a text is not where its attribute says")
        position, end = heap + 16, heap + self.number("<Q", heap + 8)
        while position + 16 <= min(end, self.window.size):
            number, size = self.number("<H", position), self.number("<Q", position + 8)
            if number == index:
                return self.window.read(position + 16, min(length, size, _MOST_TEXT))
            if number == 0:
                break
            position += 16 + size + -size % 8
        raise BrokenTreeError("a text is not where its attribute says")
