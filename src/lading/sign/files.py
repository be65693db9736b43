"""The files of a model as they stand on disk: found without following links, opened below the model's own folder, hashed while they are read."""

import os
import stat
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lading.core.digest import Digest
from lading.core.errors import TrustError, UsageError
from lading.trust.model_signing import CHUNK, Chunks

T = TypeVar("T")

BLOCK = 1 << 20
PARALLEL_CHUNKS = 16
"""Chunks that one task checks: 64 MiB, enough to be worth a thread."""


class Files:
    """A model: the folder with its files, or one file alone, which the format names `.`."""

    def __init__(self, root: Path) -> None:
        if not root.exists():
            raise UsageError(f"{root} does not exist", hint="give the folder or file of a model")
        self.root = root
        self.alone = not root.is_dir()

    @property
    def name(self) -> str:
        """The name under which the model is signed: the last part of its path."""
        return self.root.resolve().name

    def paths(self, ignored: Iterable[str] = (), *, links: bool = False) -> list[str]:
        """Every file by its path from the root, sorted by code point; TrustError for what cannot be signed: links, pipes, odd names."""
        if self.alone:
            return ["."]
        left_out = frozenset(ignored)
        return sorted(self._walk(left_out, links=links))

    def _walk(self, left_out: frozenset[str], *, links: bool) -> Iterator[str]:
        pending = [""]
        visited: set[tuple[int, int]] = set()
        while pending:
            folder = pending.pop()
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if path in left_out:
                        continue
                    self._signable(path, entry, links=links)
                    if entry.is_dir():
                        seen = entry.stat()
                        if (seen.st_dev, seen.st_ino) in visited:
                            raise TrustError(f"{path} leads back into a folder that was seen before")
                        visited.add((seen.st_dev, seen.st_ino))
                        pending.append(path)
                    else:
                        yield path

    def _signable(self, path: str, entry: os.DirEntry[str], *, links: bool) -> None:
        """Return when an entry is a file or folder that a manifest can name."""
        if not _is_text(path):
            raise TrustError(f"{path.encode('utf-8', 'backslashreplace').decode()} has a name that is not UTF-8, which cannot be signed")
        if entry.is_symlink() and not links:
            raise TrustError(f"{path} is a link", hint="replace it by what it points to, or allow links with --allow-links")
        if not (entry.is_dir() or entry.is_file()):
            raise TrustError(f"{path} is neither a file nor a folder, and cannot be signed")

    @contextmanager
    def open(self, path: str, *, links: bool = False) -> Iterator[int]:
        """A descriptor of a regular file below the root; no part of the path may be a link unless links are allowed."""
        no_links = 0 if links else os.O_NOFOLLOW
        opened: list[int] = []
        try:
            if self.alone:
                opened.append(os.open(self.root, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
            else:
                *folders, name = path.split("/")
                opened.append(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
                for part in folders:
                    opened.append(os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | no_links, dir_fd=opened[-1]))
                opened.append(os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | no_links, dir_fd=opened[-1]))
            if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):
                raise TrustError(f"{path} is no regular file")
            yield opened[-1]
        finally:
            for descriptor in opened:
                os.close(descriptor)


def ambiguous(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that some file systems hold to be one: same but for case, or for the composition of characters."""
    seen: dict[str, str] = {}
    for path in paths:
        key = unicodedata.normalize("NFC", path).casefold()
        if key in seen:
            yield seen[key], path
        seen[key] = path


def digest_of(descriptor: int, algorithm: str, start: int = 0, end: int = -1) -> Digest:
    """The digest of a file, or of its bytes from `start` to before `end`."""
    running = _hasher(algorithm)
    for block in _blocks(descriptor, start, end):
        running.update(block)
    return Digest(algorithm, running.hexdigest())


def digest_and_chunks(descriptor: int, algorithm: str) -> tuple[Digest, Chunks]:
    """The digest of a file and the index of its chunks, in one reading."""
    import blake3  # noqa: PLC0415 - only who hashes needs it

    running = _hasher(algorithm)
    chunk, filled, length = blake3.blake3(), 0, 0
    digests = bytearray()
    for block in _blocks(descriptor, 0, -1):
        running.update(block)
        chunk.update(block)
        filled += len(block)
        length += len(block)
        if filled == CHUNK:
            digests += chunk.digest()
            chunk, filled = blake3.blake3(), 0
    if filled:
        digests += chunk.digest()
    return Digest(algorithm, running.hexdigest()), Chunks(CHUNK, length, bytes(digests))


def chunks_hold(descriptor: int, chunks: Chunks, first: int, count: int) -> bool:
    """Whether `count` chunks from the `first` are those of the index; with the last one, whether the file ends there."""
    import blake3  # noqa: PLC0415 - only who hashes needs it

    last = -(-chunks.length // chunks.size)
    for number in range(first, min(first + count, last)):
        start = number * chunks.size
        running = blake3.blake3()
        for block in _blocks(descriptor, start, min(start + chunks.size, chunks.length)):
            running.update(block)
        if running.digest() != chunks.digests[32 * number : 32 * number + 32]:
            return False
    return first + count < last or not os.pread(descriptor, 1, chunks.length)


def side_by_side(work: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
    """The results of the calls in order, made by as many threads as there are cores; hashing lets go of the interpreter.

    The first failure, in order, is raised.
    """
    results: dict[int, T] = {}
    failures: dict[int, Exception] = {}
    waiting = iter(enumerate(arguments))
    taking = threading.Lock()

    def help_out() -> None:
        while not failures:
            with taking:
                number, chosen = next(waiting, (-1, ()))
            if number < 0:
                return
            try:
                results[number] = work(*chosen)
            except Exception as e:  # noqa: BLE001 - raised again by who waits
                failures[number] = e

    others = [threading.Thread(target=help_out) for _ in range(min(len(arguments), os.cpu_count() or 1) - 1)]
    for thread in others:
        thread.start()
    help_out()
    for thread in others:
        thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[number] for number in range(len(arguments))]


def _blocks(descriptor: int, start: int, end: int) -> Iterator[memoryview]:
    """The bytes of a range in blocks; by position, so that threads may share a descriptor."""
    buffer = _buffer()
    position = start
    while end < 0 or position < end:
        wanted = BLOCK if end < 0 else min(BLOCK, end - position)
        # a short read must not move the borders of chunks
        filled = 0
        while filled < wanted and (count := os.preadv(descriptor, [buffer[filled:wanted]], position + filled)):
            filled += count
        if filled:
            yield buffer[:filled]
        position += filled
        if filled < wanted:
            return


_own = threading.local()


def _buffer() -> memoryview:
    """The block of this thread: fresh memory for each chunk would cost as much as hashing it."""
    if not hasattr(_own, "buffer"):
        _own.buffer = memoryview(bytearray(BLOCK))
    found: memoryview = _own.buffer
    return found


def _hasher(algorithm: str) -> Any:  # noqa: ANN401 - hashlib and blake3 have no common type
    if algorithm == "blake3":
        import blake3  # noqa: PLC0415 - only who hashes needs it

        return blake3.blake3()
    import hashlib  # noqa: PLC0415 - as above

    return hashlib.new(algorithm)


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
