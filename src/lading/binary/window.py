"""A stretch of bytes that is looked at in place: a file in memory, a member of an archive, or what was inflated from one."""

from __future__ import annotations

import re
import struct

_LINE = 1 << 16
_ZEROS = memoryview(bytes(1 << 20))


class Window:
    """Bounded access to bytes; nothing outside of it can be reached, and reading beyond its end gives less, never an error."""

    __slots__ = ("size", "view", "visits")

    def __init__(self, data: bytes | memoryview) -> None:
        self.view = memoryview(data)
        self.size = len(self.view)
        self.visits = 0
        """How many fields of it were visited; who walks it counts."""

    @property
    def sparse(self) -> memoryview:
        """The bytes for those who `fill` a stretch before they look at it; of a file that was not read yet, all others are zeros."""
        return self.view

    def fill(self, start: int, end: int) -> int:  # noqa: ARG002 - everything is there
        """See that a stretch of `sparse` is there; where what is there ends."""
        return self.size

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from a position."""
        if start < 0 or count <= 0 or start >= self.size:
            return b""
        return bytes(self.view[start : start + count])

    def part(self, start: int, count: int) -> Window:
        """A smaller window that shares the bytes; cut where this one ends."""
        start = min(max(start, 0), self.size)
        return Window(self.view[start : start + max(count, 0)])

    def near(self) -> Window:
        """The same bytes, in memory where they are few: what is looked at again and again."""
        return self

    def number(self, layout: str, start: int) -> int | None:
        """One number of a `struct` layout, or None where the bytes end."""
        data = self.read(start, struct.calcsize(layout))
        return int(struct.unpack(layout, data)[0]) if len(data) == struct.calcsize(layout) else None

    def find(self, what: bytes, start: int, end: int | None = None) -> int:
        """Where some bytes are next, or -1."""
        end = self.size if end is None else min(end, self.size)
        overlap = len(what) - 1
        while start < end:
            block = self.read(start, min(_LINE + overlap, end - start))
            found = block.find(what)
            if found >= 0:
                return start + found
            start += _LINE
        return -1

    def search(self, pattern: re.Pattern[bytes]) -> int:
        """Where a pattern is first found, or -1; the bytes are not copied."""
        match = pattern.search(self.view)
        return match.start() if match else -1

    def is_zero(self, start: int, end: int) -> bool:
        """Whether a stretch holds nothing but zeros: padding."""
        while start < end:
            step = min(end - start, 1 << 20)
            if self.view[start : start + step] != _ZEROS[:step]:
                return False
            start += step
        return True
