"""The database of RPM: what is installed, from its SQLite or NDB form (rpm's `lib/header.c` and `lib/backend/ndb/rpmpkg.c`)."""

import sqlite3
import struct
from collections.abc import Iterator

from msgspec import Struct

MOST_PACKAGES = 200_000
LARGEST_HEADER = 64 << 20
_MOST_ENTRIES = 1 << 16
_STEPS = 50_000_000
_ENTRY, _SLOT, _BLOB = struct.Struct(">4I"), struct.Struct("<4I"), struct.Struct("<4I")
_NDB, _SLOT_MAGIC, _BLOB_MAGIC = b"RpmP", 0x746F6C53, 0x53626C42
_PAGE, _BLOCK = 4096, 16
_INT32, _TEXTS = 4, frozenset({6, 8, 9})
_TAGS = {1000: "name", 1001: "version", 1002: "release", 1003: "epoch", 1014: "license", 1011: "vendor", 1022: "arch", 1044: "source"}


class Package(Struct, frozen=True):
    """One installed package."""

    name: str
    version: str
    release: str
    epoch: str = ""
    arch: str = ""
    license: str = ""
    vendor: str = ""
    source: str = ""

    @property
    def full(self) -> str:
        """Epoch, version and release as RPM compares them."""
        return f"{self.epoch}:{self.version}-{self.release}" if self.epoch else f"{self.version}-{self.release}"


def packages(data: bytes) -> Iterator[Package]:
    """Every package that a database holds; ValueError when it cannot be read, also in the midst of it."""
    if data[:16] == b"SQLite format 3\0":
        blobs = _sqlite(data)
    elif data[:4] == _NDB:
        blobs = _ndb(data)
    else:
        raise ValueError("it is in the Berkeley DB form of old releases, or none that is known")
    for number, blob in enumerate(blobs):
        if number >= MOST_PACKAGES:
            raise ValueError(f"it has more than {MOST_PACKAGES} packages")
        found = header(blob)
        if found.name != "gpg-pubkey":
            yield found


def header(blob: bytes) -> Package:
    """A package by its header: an index of tags, then their values."""
    if len(blob) < 8 or len(blob) > LARGEST_HEADER:  # noqa: PLR2004 - its two counts
        raise ValueError("a header is cut short, or too long")
    entries, size = struct.unpack_from(">2I", blob)
    start = 8 + entries * _ENTRY.size
    if entries > _MOST_ENTRIES or start + size > len(blob):
        raise ValueError("a header ends before what it announces")
    told: dict[str, str] = {}
    for number in range(entries):
        tag, kind, offset, count = _ENTRY.unpack_from(blob, 8 + number * _ENTRY.size)
        if name := _TAGS.get(tag):
            told[name] = _value(blob, start, size, kind, offset, count)
    if not told.get("name") or not told.get("version"):
        raise ValueError("a header names no package")
    return Package(**{"release": "", **told})


def _value(blob: bytes, start: int, size: int, kind: int, offset: int, count: int) -> str:
    if not count or offset >= size:
        raise ValueError("a value of a header lies outside of it")
    if kind == _INT32 and offset + 4 <= size:
        return str(struct.unpack_from(">I", blob, start + offset)[0])
    end = blob.find(b"\0", start + offset, start + size)
    if kind not in _TEXTS or end < 0:
        raise ValueError("a value of a header is no text")
    return blob[start + offset : end].decode("utf-8", "replace")


def _sqlite(data: bytes) -> Iterator[bytes]:
    """The headers of the SQLite form; a database that was left in the mode with a log is read as one without."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data[:18] + b"\1\1" + data[20:])
        connection.execute("PRAGMA trusted_schema = OFF")
        steps = iter(range(_STEPS // 10_000))
        connection.set_progress_handler(lambda: next(steps, None) is None, 10_000)
        (kind,) = connection.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone() or ("",)
        if kind != "table":
            raise ValueError("it has no table of packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages"):
            if not isinstance(blob, bytes):
                raise ValueError("a header of it is no bytes")  # noqa: TRY004 - of the input
            yield blob
    except sqlite3.Error as e:
        raise ValueError(f"SQLite cannot read it: {e}") from e
    finally:
        connection.close()


def _ndb(data: bytes) -> Iterator[bytes]:
    """The headers of the NDB form: a table of slots in the first pages, each leading to a blob."""
    if len(data) < _PAGE:
        raise ValueError("it is cut short")
    _, version, _, pages = struct.unpack_from("<4I", data)
    if version or not 0 < pages * _PAGE <= len(data):
        raise ValueError("its table of slots is not where it says, or its version is not known")
    for place in range(2 * _SLOT.size, pages * _PAGE, _SLOT.size):
        magic, package, offset, count = _SLOT.unpack_from(data, place)
        if magic != _SLOT_MAGIC:
            raise ValueError("a slot of it is damaged")
        if not package:
            continue
        at, end = offset * _BLOCK, (offset + count) * _BLOCK
        if end > len(data) or end - at < _BLOB.size:
            raise ValueError("a slot leads out of it")
        mark, number, _, size = _BLOB.unpack_from(data, at)
        if mark != _BLOB_MAGIC or number != package or size > end - at - _BLOB.size:
            raise ValueError("a blob of it is damaged")
        yield data[at + _BLOB.size : at + _BLOB.size + size]
