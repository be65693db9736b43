"""One signed file, opened once: every byte that it gives was compared with what was signed, in the memory it is given in."""

import os
import stat
import threading
from collections.abc import Callable, Sequence
from typing import Any

from lading.core.errors import LoadError
from lading.load.counting import count
from lading.sign.files import side_by_side
from lading.trust.model_signing import Item

BLOCK = 1 << 18
"""Bytes read at once: they are hashed while they lie in the cache of the core."""
_PART = 4 << 20
CHUNKS_TOGETHER = 4
"""Chunks that one thread takes at a time."""


class Source:
    """A file by its descriptor, which is closed with it, and what was signed of it: chunks, or whole digests."""

    def __init__(self, name: str, descriptor: int, items: Sequence[Item], word: str = "signed") -> None:
        self.name = name
        self._word = word
        self.items = sorted(items, key=lambda i: i.start)
        self.chunks = self.items[0].chunks
        self._descriptor = descriptor
        self._kept: dict[int, memoryview] = {}
        self._whole: memoryview | None = None
        self._lock = threading.Lock()
        self.length = self._signed_length()

    def close(self) -> None:
        """Let go of the file; what was given stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._kept.clear()

    def fill(self, view: memoryview) -> None:
        """Read and compare the whole file into memory of its length."""
        if self.chunks:
            self._fill_chunks(view, 0, self.length)
        else:
            side_by_side(self._fill_item, [(view, item) for item in self.items])

    def pour(self, write: Callable[[int, memoryview], object]) -> None:
        """Give the whole file to a function, part by part with its position, from several threads.

        With an index each part was compared before; without one the whole is at the end: what was written is void when this raises.
        """
        if self.chunks:
            last = -(-self.length // self.chunks.size)
            side_by_side(self._pour_chunks, [(write, n, min(n + CHUNKS_TOGETHER, last)) for n in range(0, last, CHUNKS_TOGETHER)])
        else:
            side_by_side(self._pour_item, [(write, item) for item in self.items])

    def read(self, start: int, end: int, view: memoryview) -> None:
        """Read the bytes from `start` to before `end`: only the chunks that cover them are read and compared.

        A file without an index of chunks is read and compared whole, once.
        """
        if not 0 <= start <= end <= self.length:
            raise LoadError(f"{self.name} has no bytes {start} to {end}: it ends at {self.length}")
        if self.chunks:
            self._fill_chunks(view, start, end)
            return
        with self._lock:
            if self._whole is None:
                whole = memoryview(bytearray(self.length))
                self.fill(whole)
                self._whole = whole
        view[:] = self._whole[start:end]

    def bytes(self, start: int = 0, end: int = -1) -> bytes:
        """The same as bytes; to the end of the file when no end is given."""
        end = self.length if end < 0 else end
        data = bytearray(max(0, end - start))
        self.read(start, end, memoryview(data))
        return bytes(data)

    def _signed_length(self) -> int:
        """The length of the file, which must be the one that was signed, where one was."""
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise LoadError(f"{self.name} is no regular file")
        signed = self.chunks.length if self.chunks else self.items[-1].end
        if signed >= 0 and found.st_size != signed:
            raise LoadError(
                f"{self.name} has {found.st_size} bytes and was {self._word} with {signed}",
                hint="fetch it again, or sign it as it is now",
            )
        return found.st_size

    def _fill_chunks(self, view: memoryview, start: int, end: int) -> None:
        assert self.chunks
        size = self.chunks.size
        first, last = start // size, -(-end // size)
        tasks = [(view, start, end, n, min(n + CHUNKS_TOGETHER, last)) for n in range(first, last, CHUNKS_TOGETHER)]
        if len(tasks) == 1:
            self._some_chunks(*tasks[0])
        else:
            side_by_side(self._some_chunks, tasks)

    def _some_chunks(self, view: memoryview, start: int, end: int, first: int, last: int) -> None:
        """Fill what chunks have of a range: one that lies in it whole at once in its place, another by way of memory that is kept for a while."""
        assert self.chunks
        for number in range(first, last):
            begin = number * self.chunks.size
            stop = min(begin + self.chunks.size, self.length)
            if start <= begin and stop <= end:
                self._chunk(number, begin, view[begin - start : stop - start])
            else:
                here, there = max(start, begin), min(stop, end)
                view[here - start : there - start] = self._border(number, begin, stop)[here - begin : there - begin]

    def _pour_chunks(self, write: Callable[[int, memoryview], object], first: int, last: int) -> None:
        assert self.chunks
        buffer = _buffer(self.chunks.size)
        for number in range(first, last):
            begin = number * self.chunks.size
            view = buffer[: min(self.chunks.size, self.length - begin)]
            self._chunk(number, begin, view)
            write(begin, view)

    def _pour_item(self, write: Callable[[int, memoryview], object], item: Item) -> None:
        end = item.end if item.end >= 0 else self.length
        running, buffer = _hasher(item.digest.algorithm, end - item.start), _buffer(_PART)
        for begin in range(item.start, end, _PART):
            view = buffer[: min(_PART, end - begin)]
            self._read_hashing(begin, view, running)
            write(begin, view)
        if running.hexdigest() != item.digest.hex:
            raise self._other()

    def _border(self, number: int, begin: int, stop: int) -> memoryview:
        """A chunk of which only a part was asked for; the next tensor often wants the other part."""
        found = self._kept.get(number)
        if found is None:
            found = memoryview(bytearray(stop - begin))
            self._chunk(number, begin, found)
            with self._lock:
                while len(self._kept) >= (os.cpu_count() or 1):
                    self._kept.pop(next(iter(self._kept)))
                self._kept[number] = found
        return found

    def _chunk(self, number: int, begin: int, view: memoryview) -> None:
        """Read one chunk into its place and compare it there."""
        import blake3  # noqa: PLC0415 - only who hashes needs it

        assert self.chunks
        running = blake3.blake3()
        self._read_hashing(begin, view, running)
        if running.digest() != self.chunks.digests[32 * number : 32 * number + 32]:
            raise self._other()

    def _fill_item(self, view: memoryview, item: Item) -> None:
        """Read a whole file, or a shard of one, into its place and compare it there."""
        end = item.end if item.end >= 0 else self.length
        running = _hasher(item.digest.algorithm, end - item.start)
        self._read_hashing(item.start, view[item.start : end], running)
        if running.hexdigest() != item.digest.hex:
            raise self._other()

    def _read_hashing(self, begin: int, view: memoryview, running: Any) -> None:  # noqa: ANN401 - hashlib and blake3 have no common type
        done = 0
        while done < len(view):
            block = view[done : done + BLOCK]
            try:
                count = os.preadv(self._descriptor, [block], begin + done)
            except OSError as e:
                raise LoadError(f"{self.name} cannot be read: {e.strerror}") from e
            if not count:
                raise LoadError(f"{self.name} ends at byte {begin + done} of {self.length}: it was cut while it was read")
            running.update(block[:count])
            done += count

    def _other(self) -> LoadError:
        count("changed")
        return LoadError(f"{self.name} is not as it was {self._word}", hint="fetch it again; if the change is meant, sign it anew")


_own = threading.local()


def _buffer(size: int) -> memoryview:
    """Memory of this thread that is used again for each chunk."""
    if getattr(_own, "size", -1) < size:
        _own.buffer, _own.size = memoryview(bytearray(size)), size
    found: memoryview = _own.buffer
    return found


def _hasher(algorithm: str, length: int) -> Any:  # noqa: ANN401 - as above
    if algorithm == "blake3":
        import blake3  # noqa: PLC0415 - as above

        return blake3.blake3()
    import hashlib  # noqa: PLC0415 - as above

    if algorithm == "git":  # the blob id of Git, by which hubs name small files
        return hashlib.sha1(b"blob %d\0" % length, usedforsecurity=False)
    return hashlib.new(algorithm)
