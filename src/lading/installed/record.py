"""RECORD: the digest of every file that a wheel was installed with, compared with the files that are there."""

import base64
import binascii
import csv
import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from lading.core.component import FileRecord
from lading.core.digest import BLOCK, Digest
from lading.core.errors import ExtractError, LimitError

MOST_ROWS = 2_000_000
LARGEST = 512 << 20
_KNOWN = frozenset({"sha256", "sha384", "sha512"})
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_RUN = 64
"""Files that a thread takes at a time: most are small, and handing them over one by one costs more than reading them."""


class Row(Struct, frozen=True):
    """One line of a RECORD: the path from site-packages, and the digest where one is told."""

    path: str
    digest: Digest | None
    size: int
    line: int


class Difference(Struct, frozen=True, order=True):
    """A file that is not as its RECORD says: `modified`, `missing`, or `unverified` where no comparison can be made."""

    path: str
    how: str
    line: int = 0


def rows(path: Path) -> list[Row]:
    """The lines of a RECORD; ExtractError when it is none, LimitError when it is larger than any real one."""
    if path.stat().st_size > LARGEST:
        raise LimitError(f"{path} is larger than the {LARGEST} bytes that are read of a RECORD")
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            return list(_rows(csv.reader(stream), path))
        except (csv.Error, UnicodeDecodeError) as e:
            raise ExtractError(f"{path} is no RECORD: {e}") from e


def _rows(lines: Iterator[list[str]], path: Path) -> Iterator[Row]:
    for number, cells in enumerate(lines, 1):
        if number > MOST_ROWS:
            raise LimitError(f"{path} has more than {MOST_ROWS} lines")
        if cells and cells[0]:
            told, size = [*cells, "", ""][1:3]
            yield Row(cells[0].replace("\\", "/"), _digest(told), int(size) if size.isdecimal() and len(size) < 16 else -1, number)  # noqa: PLR2004 - petabytes


def _digest(told: str) -> Digest | None:
    """`sha256=` and URL-safe base64 without padding."""
    algorithm, _, value = told.partition("=")
    if algorithm not in _KNOWN:
        return None
    try:
        return Digest(algorithm, base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex())
    except (binascii.Error, ValueError):
        return Digest(algorithm, "")


def inside(site: Path, path: str, prefix: Path) -> str | None:
    """The file that a RECORD means; None when it leads out of the environment."""
    place = os.path.normpath(os.path.join(site, path))  # noqa: PTH118 - many files
    return place if place == str(prefix) or place.startswith(f"{prefix}{os.sep}") else None


def compare(site: Path, prefix: Path, told: list[Row], workers: int) -> tuple[list[FileRecord], list[Difference]]:
    """The files as they are, and where they differ; every file is read whole, several at a time."""

    def look(start: int) -> list[tuple[FileRecord | None, Difference | None]]:
        return [_look(site, prefix, row) for row in told[start : start + _RUN]]

    with ThreadPoolExecutor(workers) as pool:
        seen = [one for run in pool.map(look, range(0, len(told), _RUN)) for one in run]
    return [f for f, _ in seen if f], sorted(d for _, d in seen if d)


def _look(site: Path, prefix: Path, row: Row) -> tuple[FileRecord | None, Difference | None]:
    place = inside(site, row.path, prefix)
    if place is None:
        return None, Difference(row.path, "leads out of the environment", row.line)
    try:
        size, actual = _measured(place, row.digest.algorithm if row.digest else "sha256")
    except (FileNotFoundError, NotADirectoryError):
        return None, None if row.path.endswith(".pyc") else Difference(row.path, "missing", row.line)
    except (OSError, ValueError) as e:
        return None, Difference(row.path, f"unreadable ({e.__class__.__name__})", row.line)
    found = FileRecord(row.path, size, actual)
    if row.digest and row.digest != actual:
        return found, Difference(row.path, "modified", row.line)
    unsaid = row.digest is None and not row.path.endswith((".pyc", "/RECORD", "/RECORD.jws", "/RECORD.p7s"))
    return found, Difference(row.path, "not verified: no digest is told", row.line) if unsaid else None


def _measured(place: str, algorithm: str) -> tuple[int, Digest]:
    """Size and digest of a file, opened without waiting for a pipe that lies in its place; a small one is read in one call."""
    handle = os.open(place, _READ)
    try:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise ValueError("no regular file")
        running, size, block = hashlib.new(algorithm), 0, min(told.st_size + 1, BLOCK)
        while data := os.read(handle, block):
            running.update(data)
            size += len(data)
            if size == told.st_size < BLOCK:
                break
        return size, Digest(algorithm, running.hexdigest())
    finally:
        os.close(handle)
