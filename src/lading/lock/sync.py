"""Fetch exactly what is locked: each file is held against its digest while it streams, and has its final name only once it fits."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from lading.core.digest import BLOCK, Digest
from lading.core.errors import LadingError, SourceError, TrustError
from lading.core.kinds import Kind
from lading.lock.document import Lock, Locked
from lading.sources._registry import Fetching, LockedFile, Source

AT_ONCE = 8


class Place(Struct, frozen=True):
    """Where the files of an artifact go."""

    blob: Callable[[LockedFile], Path]
    finish: Callable[[LockedFile, Path], None]
    """Called with a file and its blob once it is there and fits."""


class Synced(Struct, frozen=True):
    """What came of one artifact: files that were there and fit, files that were fetched, bytes of these; why it stays incomplete."""

    name: str
    there: int = 0
    fetched: int = 0
    size: int = 0
    problem: str = ""


def sync(
    lock: Lock,
    sources: Mapping[str, Source],
    place: Callable[[Locked], Place],
    progress: Callable[[str], None] = lambda _: None,
    only: Callable[[Locked], bool] = lambda _: True,
) -> tuple[Synced, ...]:
    """Fetch every file of every artifact whose upstream gives files; one that fails costs its own artifact."""
    givers: Mapping[str, object] = sources
    wanted = [(a, givers.get(a.upstream)) for a in lock.artifacts if a.found and a.found.files and only(a)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(_artifact(a, s, place(a), pool, progress) for a, s in wanted if isinstance(s, Fetching))


def _artifact(locked: Locked, source: Fetching, place: Place, pool: ThreadPoolExecutor, progress: Callable[[str], None]) -> Synced:
    found = locked.found
    assert found is not None

    def one(file: LockedFile) -> int:
        """The bytes that were fetched for a file; -1 where it was there."""
        _plain(file.path)
        blob = place.blob(file)
        size = -1 if blob.is_file() and _digest_of(blob, file) == file.digest else _fetched(locked, source, found.revision, file, blob)
        place.finish(file, blob)
        progress(f"{locked.name} {file.path}")
        return size

    results = [pool.submit(one, file) for file in found.files]
    sizes, problems = [], []
    for file, result in zip(found.files, results, strict=True):
        try:
            sizes.append(result.result())
        except LadingError as e:
            problems.append(e.sentence)
        except OSError as e:
            problems.append(f"{file.path} cannot be written: {e.strerror}")
    fetched = [s for s in sizes if s >= 0]
    return Synced(locked.name, len(sizes) - len(fetched), len(fetched), sum(fetched), "; ".join(problems[:3]))


def _fetched(locked: Locked, source: Fetching, revision: str, file: LockedFile, blob: Path) -> int:
    """Fetch a file, going on where an earlier attempt stopped; TrustError when it is not the one that is locked."""
    blob.parent.mkdir(parents=True, exist_ok=True)
    with _partial(blob) as descriptor:
        if blob.is_file() and _digest_of(blob, file) == file.digest:
            _scratch(blob).unlink(missing_ok=True)
            return -1
        running, start = _begun(descriptor, file)
        with source.fetch(locked.kind, locked.name, revision, file, start) as answer:
            if start and answer.status != 206:  # noqa: PLR2004 - Partial Content
                os.ftruncate(descriptor, 0)
                running, start = _hasher(file), 0
            position = start
            while position <= file.size and (block := answer.read(BLOCK)):
                running.update(block)
                position += os.pwrite(descriptor, block, position)
        if position < file.size:
            raise SourceError(
                f"{file.path} of {locked.name} broke off after {position} of {file.size} bytes", hint="run it again: it goes on there"
            )
        if position > file.size or running.hexdigest() != file.digest.hex:
            os.ftruncate(descriptor, 0)
            raise TrustError(f"{file.path} of {locked.name} is not what is locked: {file.size} bytes with the digest {file.digest}")
        os.fsync(descriptor)
        _scratch(blob).replace(blob)
    return file.size - start


@contextmanager
def _partial(blob: Path) -> Iterator[int]:
    """The file that a blob grows in, for one process at a time."""
    while True:
        descriptor = os.open(_scratch(blob), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_at(descriptor, _scratch(blob)):
            break
        os.close(descriptor)  # who had it has finished it, and it has its final name now
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _scratch(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}.lading")


def _begun(descriptor: int, file: LockedFile) -> tuple[Any, int]:
    """The hash over what is there of a file already, and how much that is."""
    size = os.fstat(descriptor).st_size
    running = _hasher(file)
    if size >= file.size:
        os.ftruncate(descriptor, 0)
        return running, 0
    for at in range(0, size, BLOCK):
        running.update(os.pread(descriptor, BLOCK, at))
    return running, size


def _hasher(file: LockedFile) -> Any:  # noqa: ANN401 - hashlib has no public type
    """SHA-256, or what Git hashes: a header, then the bytes."""
    if file.digest.algorithm == "git":
        return hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    if file.digest.algorithm != "sha256":
        raise TrustError(f"{file.path} is locked by {file.digest.algorithm}, by which nothing is fetched")
    return hashlib.sha256()


def _digest_of(path: Path, file: LockedFile) -> Digest | None:
    """The digest of a file that is there, of the kind that the lock has; None when it has another size."""
    if path.stat().st_size != file.size:
        return None
    running = _hasher(file)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            running.update(block)
    return Digest(file.digest.algorithm, running.hexdigest())


def _plain(path: str) -> None:
    """Return when a path of a lock stays below where it is put; TrustError otherwise."""
    if path.startswith("/") or "\0" in path or any(p in {"", ".", ".."} for p in path.split("/")):
        raise TrustError(f"the lock names {path!r}, which is no path within an artifact")


HUB = frozenset({"huggingface", "timm"})
"""Upstreams whose files have a place in the cache of huggingface_hub."""


def in_folder(root: Path) -> Callable[[Locked], Place]:
    """`root/NAME/PATH` for the hub, `root/UPSTREAM/…` for others: a URL's host and folder, one store of Ollama's for all its models."""

    def of(locked: Locked) -> Place:
        folder = root / _folder_of(locked)
        return Place(lambda file: folder / file.path, lambda _file, _blob: None)

    return of


def _folder_of(locked: Locked) -> str:
    if locked.upstream in HUB:
        folder = locked.name
    elif "://" in locked.name:
        parts = urlsplit(locked.name)
        folder = f"{locked.upstream}/{parts.netloc}{unquote(parts.path).rpartition('/')[0]}".rstrip("/").replace("//", "/")
    else:
        folder = "ollama" if locked.upstream == "ollama" else f"{locked.upstream}/{locked.name}"
    _plain(folder)
    return folder


def in_cache(root: Path) -> Callable[[Locked], Place]:
    """The cache layout of huggingface_hub: blobs by digest, snapshots of links to them, a reference from the name that is asked for."""

    def of(locked: Locked) -> Place:
        _plain(locked.name)
        assert locked.found is not None
        section = "datasets" if locked.kind is Kind.DATASET else "models"
        folder = root / "--".join([section, *locked.name.split("/")])
        revision = locked.found.revision

        def finish(file: LockedFile, blob: Path) -> None:
            link = folder / "snapshots" / revision / file.path
            link.parent.mkdir(parents=True, exist_ok=True)
            up = "../" * len(PurePosixPath(file.path).parts)
            _put_link(link, f"{up}../blobs/{blob.name}")
            if locked.asked != revision:
                _plain(asked := locked.asked or "main")
                reference = folder / "refs" / asked
                reference.parent.mkdir(parents=True, exist_ok=True)
                scratch = reference.with_name(f".{reference.name}.{os.getpid()}.{threading.get_ident()}")
                scratch.write_text(revision)
                scratch.replace(reference)

        return Place(lambda file: folder / "blobs" / file.digest.hex, finish)

    return of


def _put_link(link: Path, target: str) -> None:
    if link.is_symlink() and link.readlink() == Path(target):
        return
    scratch = link.with_name(f".{link.name}.{os.getpid()}.{threading.get_ident()}")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(target)
    scratch.replace(link)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where huggingface_hub keeps its cache."""
    if set_to := environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE"):
        return Path(set_to).expanduser()
    home = environment.get("HF_HOME") or f"{environment.get('XDG_CACHE_HOME', '~/.cache')}/huggingface"
    return Path(home).expanduser() / "hub"
