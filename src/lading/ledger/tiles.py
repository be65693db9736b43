"""A ledger as files that any web server or client of tlog-tiles reads: tiles, entry bundles, a checkpoint, and the envelopes themselves."""

import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from lading.core.errors import LedgerError, ProofError, TamperError
from lading.ledger.checkpoint import LARGEST, unsigned
from lading.ledger.store import RUN, Ledger, entry
from lading.ledger.verify import held

HEIGHT = 8


def path(level: int | str, number: int, width: int = RUN) -> str:
    """Where the tile of a level stands, or the bundle of `entries`; a width below 256 is that of a partial one."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{place}" + (f".p/{width}" if width < RUN else "")


def tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, number and width of every tile of a tree."""
    level = 0
    while hashes := size >> HEIGHT * level:
        for number in range(-(-hashes // RUN)):
            yield level, number, min(RUN, hashes - number * RUN)
        level += 1


def bundle(digests: list[bytes]) -> bytes:
    """The entries for envelopes with these digests, each after its length in two bytes."""
    entries = [entry(digest) for digest in digests]
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def export(ledger: Ledger, folder: Path, size: int, note: bytes | None) -> int:
    """Write the first `size` entries to a folder, the checkpoint last; how many files are new. What stands there may only grow."""
    _continues(ledger, folder, size, note)
    written = 0
    try:
        for begin in range(0, size, RUN):
            written += _entries(ledger, folder, begin, min(begin + RUN, size))
        for level, number, width in tiles(size):
            hashes = ledger.run(HEIGHT * level, number)[: width * 32]
            written += _put(folder / path(level, number, width), hashes)
        if note:
            _replace(folder / "checkpoint", note)
            written += 1
    except OSError as e:
        raise LedgerError(f"{e.filename or folder} cannot be written: {e.strerror}", hint="choose a folder that you may write to") from e
    return written


def _entries(ledger: Ledger, folder: Path, begin: int, end: int) -> int:
    digests: list[bytes] = []
    written = 0
    for number, envelope in ledger.envelopes(begin, end):
        digest = sha256(envelope)
        if number != begin + len(digests):
            break
        digests.append(digest.digest())
        written += _put(folder / "envelope" / digest.hexdigest()[:2] / digest.hexdigest(), envelope)
    if len(digests) != end - begin:
        raise TamperError(f"{ledger.path}: entry {begin + len(digests)} was removed", hint="lading ledger verify")
    return written + _put(folder / path("entries", begin // RUN, end - begin), bundle(digests))


def _continues(ledger: Ledger, folder: Path, size: int, note: bytes | None) -> None:
    """ProofError unless the checkpoint in the folder is of the same log, and of its beginning."""
    try:
        with (folder / "checkpoint").open("rb") as stream:
            earlier = unsigned(stream.read(LARGEST + 1))
    except FileNotFoundError:
        return
    except OSError as e:
        raise LedgerError(f"{folder} cannot be read: {e.strerror}") from e
    if note and unsigned(note).origin != earlier.origin:
        raise ProofError(f"{folder} is of the log {earlier.origin}, not {unsigned(note).origin}", hint="export to another folder")
    held(earlier, size, ledger.root(min(earlier.size, size)))


def _put(target: Path, data: bytes) -> bool:
    """Whether a file is new; one that is there with other bytes is a TamperError."""
    try:
        there = target.read_bytes()
    except FileNotFoundError:
        _replace(target, data)
        return True
    if there != data:
        raise TamperError(f"{target} is not what the ledger says: one of them was changed", hint="lading ledger verify")
    return False


def _replace(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=".lading.")
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(target)
