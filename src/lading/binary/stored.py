"""A file as a window: read as it is asked for and never mapped, because cutting off a mapped file kills the process that looks at it."""

from __future__ import annotations

import errno
import mmap
import os
import re

from lading.binary.window import Window

_PAGE = 12
_BULK = 1 << 16
"""Reads of this many bytes are not kept: what they are for looks at every byte once."""
_MOST_AT_ONCE = 1 << 30
_STEP = 1 << 20
_LONGEST_FOUND = 1 << 12


class ChangedError(OSError):
    """The file ends earlier than it did when it was opened."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "it was cut off while it was read")


class Pages:
    """Memory as large as a file, in which only those pages are that somebody asked for; the others are zeros and cost nothing."""

    __slots__ = ("_handle", "_present", "size", "view")

    def __init__(self, handle: int, size: int) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        memory = mmap.mmap(-1, size, flags=flags)
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)  # 4 KiB that are asked for must not take 2 MiB
        self._handle = handle
        self._present: set[int] = set()
        self.size = size
        self.view = memoryview(memory)

    def fill(self, start: int, end: int) -> None:
        """Read what is not there yet of a stretch of the file; ChangedError when the file does not reach so far any more."""
        present, page, last = self._present, start >> _PAGE, (end - 1) >> _PAGE
        if page == last and page in present:  # nearly always
            return
        while page <= last:
            if page in present:
                page += 1
                continue
            stop = page + 1
            while stop <= last and stop not in present:
                stop += 1
            self._read_into(page << _PAGE, self.view[page << _PAGE : stop << _PAGE])
            present.update(range(page, stop))
            page = stop

    def _read_into(self, start: int, view: memoryview) -> None:
        while view:
            count = os.preadv(self._handle, [view], start)
            if not count:
                raise ChangedError
            view, start = view[count:], start + count

    def read(self, start: int, count: int) -> bytes:
        """Bytes that are not kept here."""
        blocks = []
        while count:
            blocks.append(os.pread(self._handle, min(count, _MOST_AT_ONCE), start))
            if not blocks[-1]:
                raise ChangedError
            count, start = count - len(blocks[-1]), start + len(blocks[-1])
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)


class StoredWindow(Window):
    """A stretch of a file."""

    __slots__ = ("_begin", "_pages")

    def __init__(self, pages: Pages, begin: int, size: int) -> None:
        self._pages, self._begin = pages, begin
        self.size = size
        self.visits = 0

    @classmethod
    def of(cls, handle: int, size: int) -> StoredWindow:
        """The whole of an open file of a known size, which must not be empty."""
        return cls(Pages(handle, size), 0, size)

    @property
    def sparse(self) -> memoryview:
        """The memory in which only what was filled is there."""
        return self._pages.view[self._begin : self._begin + self.size]

    @property
    def view(self) -> memoryview:  # type: ignore[override]
        """All bytes, which takes as much memory."""
        self.fill(0, self.size)
        return self.sparse

    def fill(self, start: int, end: int) -> int:
        """See that a stretch of `sparse` is there; where what is there ends."""
        start, end = max(start, 0), min(end, self.size)
        if start < end:
            self._pages.fill(self._begin + start, self._begin + end)
        return end

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from a position."""
        if start < 0 or count <= 0 or start >= self.size:
            return b""
        count, begin = min(count, self.size - start), self._begin + start
        if count >= _BULK:
            return self._pages.read(begin, count)
        self._pages.fill(begin, begin + count)
        return bytes(self._pages.view[begin : begin + count])

    def part(self, start: int, count: int) -> StoredWindow:
        """A smaller window on the same file; cut where this one ends."""
        start = min(max(start, 0), self.size)
        return StoredWindow(self._pages, self._begin + start, min(max(count, 0), self.size - start))

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
