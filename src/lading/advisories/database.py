"""The compiled index, mapped into memory: one question touches a few hundred bytes of it."""

import mmap
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec
from msgspec import Struct

from lading.advisories.head import Head, Revision
from lading.core.errors import DatabaseError

T = TypeVar("T")

MAGIC = b"lading advisories 1\n"
HEADER = struct.Struct("<QI")
SLOT = struct.Struct("<QQI")
OFFSET = struct.Struct("<Q")
LARGEST_HEADER = 64 << 20
LARGEST_BLOCK = 64 << 20
LARGEST_TABLE = 1 << 30


class Source(Struct, frozen=True, kw_only=True):
    """Where records came from, and when they last did."""

    name: str
    imported: str
    records: int
    newest: str = ""


class Section(Struct, frozen=True, array_like=True):
    """A part of the file."""

    offset: int
    size: int
    checksum: int


class Problem(Struct, frozen=True, array_like=True):
    """A record, or a part of one, that could not be read."""

    source: str
    record: str
    reason: str


class Header(Struct, frozen=True, kw_only=True):
    """What the file says of itself."""

    created: str
    generation: int
    records: int
    keys: int
    slots: int
    withdrawn: int
    revisions: int
    sections: dict[str, Section]
    sources: tuple[Source, ...] = ()
    ecosystems: dict[str, tuple[int, int]] = {}
    """Packages with vulnerabilities and packages with malicious releases, by ecosystem; what lading tells itself does not count."""
    skipped: int = 0
    degraded: int = 0
    problems: tuple[Problem, ...] = ()


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """What is known of one package: its bounds and a row for each record."""

    bounds: tuple[str, ...]
    rows: tuple[tuple[int, tuple[int, ...], int], ...]
    """Record, intervals, certainty."""
    exact: dict[str, tuple[int, ...]] = {}
    """Versions that are compared as text, with their records."""
    clean: dict[int, tuple[str, ...]] = {}
    """Versions that a record of ours knows to be clean though its aliases list them."""


_HEADER = msgspec.msgpack.Decoder(Header)
_ENTRY = msgspec.msgpack.Decoder(Entry)
_POSTINGS = msgspec.msgpack.Decoder(tuple[int, ...])
_HEAD = msgspec.msgpack.Decoder(Head)


def hashed(key: bytes) -> int:
    """The number a key is found by; never 0, which marks an empty slot."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little") or 1


def parts(blob: bytes) -> tuple[bytes, bytes]:
    """The key of a blob and what stands under it."""
    end = 2 + int.from_bytes(blob[:2], "little")
    return blob[2:end], blob[end:]


def inflated(data: bytes | memoryview, most: int) -> bytes:
    """What was compressed, at most that many bytes of it; zlib.error when it is more, or none."""
    stream = zlib.decompressobj()
    found = stream.decompress(data, most)
    if stream.unconsumed_tail or not stream.eof:
        raise zlib.error("longer than it may be, or cut short")
    return found


class Database:
    """An open index; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as stream:
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as e:
            reason = getattr(e, "strerror", None) or "it is empty"
            raise DatabaseError(f"the advisory database {path} cannot be opened: {reason}", hint="lading advisories import FOLDER") from e
        try:
            self.header = self._header()
        except DatabaseError:
            self._map.close()
            raise
        self._head = lru_cache(1 << 15)(self._read_head)
        self._body = lru_cache(16)(self._read_block)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._map.close()

    def entry(self, key: str) -> Entry | None:
        """What is known of a package; None when no record names it."""
        data = self._find(f"p\0{key}")
        return self._decoded(_ENTRY, data) if data is not None else None

    def postings(self, kind: str, value: str) -> tuple[int, ...]:
        """The records under an id (`i`), a digest (`d`) or a commit (`c`)."""
        data = self._find(f"{kind}\0{value}")
        return self._decoded(_POSTINGS, data) if data is not None else ()

    def head(self, number: int) -> Head:
        """A record in short."""
        return self._head(number)

    def heads(self) -> Iterator[Head]:
        """Every record in short, in the order of their ids."""
        return map(self._read_head, range(self.header.records))

    def body(self, revision: Revision) -> bytes:
        """A record as its source wrote it."""
        block = self._body(revision.block, revision.block_size)
        data = block[revision.start : revision.start + revision.size]
        if len(data) != revision.size or blake2b(data, digest_size=16).digest() != revision.digest:
            raise self._damaged("a record is not what was stored")
        return data

    def changed(self, since: int) -> frozenset[str] | None:
        """The keys of packages whose records changed after a generation; None when that is too long ago to tell."""
        if since == self.header.generation:
            return frozenset()
        steps = self.changes()
        wanted = range(since + 1, self.header.generation + 1)
        if since > self.header.generation or any(steps.get(n) is None for n in wanted):
            return None
        return frozenset(key for n in wanted for key in steps[n] or ())

    def changes(self) -> dict[int, tuple[str, ...] | None]:
        """The keys that each of the last generations changed; None for everything."""
        return self._table("changes", dict[int, tuple[str, ...] | None])

    def tables(self) -> dict[str, bytes]:
        """The tables of exploited vulnerabilities that the heads were made with, as they were imported."""
        return self._table("tables", dict[str, bytes])

    def keys(self) -> Iterator[str]:
        """The key of every package."""
        view = self._section("slots")
        for number in range(self.header.slots):
            number_hash, offset, size = SLOT.unpack_from(view, number * SLOT.size)
            if number_hash:
                key, _ = parts(self._blob(offset, size))
                if key.startswith(b"p\0"):
                    yield key[2:].decode("utf-8", "surrogatepass")

    def verify(self) -> None:
        """Return when every section is as it was written; DatabaseError names one that is not."""
        size, _ = HEADER.unpack_from(self._map, len(MAGIC))
        first = min(s.offset for s in self.header.sections.values())
        last = max(s.offset + s.size for s in self.header.sections.values())
        if any(self._map[len(MAGIC) + HEADER.size + size : first]) or last != len(self._map):
            raise self._damaged("something was put between its parts")
        for name, section in self.header.sections.items():
            if zlib.crc32(self._section(name)) != section.checksum:
                raise self._damaged(f"its {name} were changed")

    def _header(self) -> Header:
        start = len(MAGIC) + HEADER.size
        if len(self._map) < start or self._map[: len(MAGIC)] != MAGIC:
            raise DatabaseError(f"{self.path} is no advisory database of this version", hint="lading advisories import makes a new one")
        size, checksum = HEADER.unpack_from(self._map, len(MAGIC))
        data = self._map[start : start + size] if size <= LARGEST_HEADER else b""
        if len(data) != size or zlib.crc32(data) != checksum:
            raise self._damaged("its header is cut short or was changed")
        header = self._decoded(_HEADER, data)
        if any(s.offset + s.size > len(self._map) for s in header.sections.values()):
            raise self._damaged("it is cut short")
        return header

    def _section(self, name: str) -> memoryview:
        found = self.header.sections.get(name)
        if found is None:
            raise self._damaged(f"it has no {name}")
        return memoryview(self._map)[found.offset : found.offset + found.size]

    def _table(self, name: str, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(inflated(self._section(name), LARGEST_TABLE), type=kind)
        except (zlib.error, msgspec.DecodeError) as e:
            raise self._damaged(f"its {name} cannot be read") from e

    def _find(self, key: str) -> bytes | None:
        """The blob of a key: the slot its hash points to, or one of those behind it."""
        name = key.encode("utf-8", "surrogatepass")
        wanted, count = hashed(name), self.header.slots
        base = self.header.sections["slots"].offset
        for step in range(count):
            found, offset, size = SLOT.unpack_from(self._map, base + (wanted + step) % count * SLOT.size)
            if not found:
                return None
            if found == wanted:
                here, data = parts(self._blob(offset, size))
                if here == name:
                    return data
        return None

    def _blob(self, offset: int, size: int) -> bytes:
        section = self.header.sections["blobs"]
        if offset + size > section.size:
            raise self._damaged("an entry lies outside of it")
        return self._map[section.offset + offset : section.offset + offset + size]

    def _read_head(self, number: int) -> Head:
        table, heads = self.header.sections["offsets"], self.header.sections["heads"]
        if not 0 <= number < self.header.records:
            raise self._damaged("an entry names a record that is not there")
        start, end = struct.unpack_from("<QQ", self._map, table.offset + number * OFFSET.size)
        return self._decoded(_HEAD, self._map[heads.offset + start : heads.offset + end])

    def _read_block(self, offset: int, size: int) -> bytes:
        section = self.header.sections["bodies"]
        try:
            return inflated(self._map[section.offset + offset : section.offset + offset + size], LARGEST_BLOCK)
        except zlib.error as e:
            raise self._damaged("the text of a record cannot be read") from e

    def _decoded(self, decoder: "msgspec.msgpack.Decoder[T]", data: bytes) -> T:
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as e:
            raise self._damaged("an entry cannot be read") from e

    def _damaged(self, fact: str) -> DatabaseError:
        return DatabaseError(
            f"the advisory database {self.path} is damaged: {fact}",
            hint="import it anew; lading advisories status --verify checks all of it",
        )
