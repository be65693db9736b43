"""A file as a window: read as it is asked for and never mapped, because cutting off a mapped file kills the process that looks at it."""

from __future__ import annotations

import errno
import mmap
import os
import re
from typing import Protocol

from lading.binary.window import Window

_PAGE = 12
_MOST_PAGES = 1 << 12
_MOST_AT_ONCE = 1 << 30
_SMALL = 1 << 20
"""Stretches up to this size are read as a whole when they are looked at in place."""
_STEP = 1 << 20
_LONGEST_FOUND = 1 << 12


class ChangedError(OSError):
    """The file ends earlier than it did when it was opened."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "it was cut off while it was read")


class _Reader:
    """An open file, and the pages of it from which something small was read."""

    __slots__ = ("_pages", "handle")

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._pages: dict[int, bytes] = {}

    def small(self, start: int, count: int) -> bytes:
        """A few bytes; their page is kept, because what is read next mostly lies beside them."""
        number = start >> _PAGE
        begin = start - (number << _PAGE)
        if begin + count > 1 << _PAGE:
            return self.read(start, count)
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            page = self._pages[number] = os.pread(self.handle, 1 << _PAGE, number << _PAGE)
        if len(page) < begin + count:
            raise ChangedError
        return page[begin : begin + count]

    def read(self, start: int, count: int) -> bytes:
        """Exactly so many bytes."""
        blocks = []
        while count:
            blocks.append(os.pread(self.handle, min(count, _MOST_AT_ONCE), start))
            if not blocks[-1]:
                raise ChangedError
            count, start = count - len(blocks[-1]), start + len(blocks[-1])
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)


class _Memory(Protocol):
    """The bytes of a stretch in memory."""

    view: memoryview

    def fill(self, start: int, end: int) -> int:
        """See that a part of it is there; where what is there ends."""


class _Whole:
    """All of a small stretch."""

    __slots__ = ("view",)

    def __init__(self, data: bytes) -> None:
        self.view = memoryview(data)

    def fill(self, start: int, end: int) -> int:  # noqa: ARG002 - everything is there
        return len(self.view)


class _Sparse:
    """Memory as large as a stretch, in which only those pages are that somebody asked for; the others are zeros and cost nothing."""

    __slots__ = ("_begin", "_handle", "_present", "view")

    def __init__(self, handle: int, begin: int, size: int) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        memory = mmap.mmap(-1, size, flags=flags)
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)  # 4 KiB that are asked for must not take 2 MiB
        self._handle, self._begin = handle, begin
        self._present: set[int] = set()
        self.view = memoryview(memory)

    def fill(self, start: int, end: int) -> int:
        start, end = max(start, 0), min(end, len(self.view))
        if len(self._present) << _PAGE >= len(self.view):
            return end
        present, page, last = self._present, start >> _PAGE, (end - 1) >> _PAGE
        while page <= last:
            stop = page
            while stop <= last and stop not in present:
                stop += 1
            self._read(page << _PAGE, self.view[page << _PAGE : stop << _PAGE])
            present.update(range(page, stop))
            page = max(stop, page + 1)
        return end

    def _read(self, start: int, view: memoryview) -> None:
        while view:
            count = os.preadv(self._handle, [view], self._begin + start)
            if not count:
                raise ChangedError
            view, start = view[count:], start + count


class StoredWindow(Window):
    """A stretch of a file."""

    __slots__ = ("_begin", "_memory", "_reader")

    def __init__(self, reader: _Reader, begin: int, size: int) -> None:
        self._reader, self._begin = reader, begin
        self._memory: _Memory | None = None
        self.size = size
        self.visits = 0

    @classmethod
    def of(cls, handle: int, size: int) -> StoredWindow:
        """The whole of an open file of a known size."""
        return cls(_Reader(handle), 0, size)

    def _held(self) -> _Memory:
        if self._memory is None:
            small = self.size <= _SMALL
            self._memory = _Whole(self.read(0, self.size)) if small else _Sparse(self._reader.handle, self._begin, self.size)
        return self._memory

    @property
    def sparse(self) -> memoryview:
        """The memory in which only what was filled is certain to be there."""
        return self._held().view

    @property
    def view(self) -> memoryview:  # type: ignore[override]
        """All bytes, which takes as much memory."""
        self.fill(0, self.size)
        return self.sparse

    def fill(self, start: int, end: int) -> int:
        """See that a stretch of `sparse` is there; where what is there ends."""
        return self._held().fill(start, end)

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from a position."""
        if start < 0 or count <= 0 or start >= self.size:
            return b""
        return self._reader.small(self._begin + start, min(count, self.size - start))

    def part(self, start: int, count: int) -> StoredWindow:
        """A smaller window on the same file; cut where this one ends."""
        start = min(max(start, 0), self.size)
        return StoredWindow(self._reader, self._begin + start, min(max(count, 0), self.size - start))

    def near(self) -> Window:
        """In memory what fits into a page."""
        return Window(self.read(0, self.size)) if self.size <= 1 << _PAGE else self

    def is_zero(self, start: int, end: int) -> bool:
        """Whether a stretch holds nothing but zeros: padding."""
        return all(self.read(at, min(_STEP, end - at)) == bytes(min(_STEP, end - at)) for at in range(start, end, _STEP))

    def search(self, pattern: re.Pattern[bytes]) -> int:
        """Where a pattern of short things is first found, or -1."""
        for start in range(0, self.size, _STEP):
            match = pattern.search(self.read(start, _STEP + _LONGEST_FOUND))
            if match:
                return start + match.start()
        return -1
