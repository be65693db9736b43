"""What is imported: OSV records one by one, in lines or in archives, and the tables of exploited vulnerabilities."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sized
from pathlib import Path
from typing import IO, cast

import msgspec
from msgspec import Struct

from lading.advisories.database import Problem
from lading.advisories.exploited import decisions, known_exploited, scores
from lading.advisories.osv import LARGEST
from lading.core.errors import FormatError, UsageError

MOST_FILES = 2_000_000
LARGEST_FEED = 32 << 30
"""Bytes of one feed once it is unpacked."""
LARGEST_TABLE = 512 << 20


class Raw(Struct, frozen=True, gc=False):
    """The bytes of one record."""

    data: bytes


class Table(Struct, frozen=True):
    """A table of exploited vulnerabilities: kev, epss or ssvc."""

    name: str
    data: bytes
    rows: int


Item = Raw | Table | Problem


def items(path: Path, source: str) -> Iterator[Item]:
    """Everything in a file or a folder; what is no record is told. UsageError when there is no such path."""
    files: Iterator[Path]
    if path.is_dir():
        files = (f for f in sorted(path.rglob("*")) if f.is_file() and not f.is_symlink())
    elif path.is_file():
        files = iter([path])
    else:
        raise UsageError(f"{path} is neither a file nor a folder", hint="give OSV records as a folder, a zip or lines of JSON")
    for number, file in enumerate(files):
        if number >= MOST_FILES:
            yield Problem(source, str(file), f"more than {MOST_FILES} files: the rest is not read")
            return
        if path.is_file() or _wanted(file.name):
            yield from _file(file, source)


def _gzip(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb"))


_ENDINGS = (".json", ".jsonl", ".ndjson", ".zip", ".csv")
_PACKED: dict[str, Callable[[Path], IO[bytes]]] = {".xz": lzma.LZMAFile, ".gz": _gzip}


def _wanted(name: str) -> bool:
    return name.removesuffix(".xz").removesuffix(".gz").endswith(_ENDINGS)


def _file(file: Path, source: str) -> Iterator[Item]:
    try:
        if file.name.endswith(".zip"):
            yield from _archive(file, source)
            return
        opener = _PACKED.get(file.suffix)
        with opener(file) if opener else file.open("rb") as stream:
            yield from _stream(stream, file.name.removesuffix(file.suffix) if opener else file.name, source)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as e:
        yield Problem(source, str(file), f"cannot be read: {e}")


def _archive(file: Path, source: str) -> Iterator[Item]:
    """The members of a zip, each no larger than a record may be; names in it lead nowhere, they are only told."""
    read = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for number, member in enumerate(archive.infolist()):
                if member.is_dir() or not _wanted(member.filename) or member.filename.endswith((".zip", ".xz", ".gz")):
                    continue
                read += member.file_size
                if number >= MOST_FILES or read > LARGEST_FEED:
                    yield Problem(source, file.name, "the archive is too large: the rest is not read")
                    return
                try:
                    with archive.open(member) as stream:
                        yield from _stream(stream, member.filename, source)
                except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, lzma.LZMAError) as e:
                    yield Problem(source, member.filename, f"cannot be read: {e}")
    except zipfile.BadZipFile as e:
        yield Problem(source, file.name, f"no zip archive: {e}")


def _stream(stream: IO[bytes], name: str, source: str) -> Iterator[Item]:
    if name.endswith(".json"):
        yield from _document(stream, name, source)
    elif name.endswith(".csv"):
        yield from _table("epss", stream.read(LARGEST_TABLE + 1), name, source)
    else:
        yield from _lines(stream, name, source)


def _document(stream: IO[bytes], name: str, source: str) -> Iterator[Item]:
    """One record, a list of records, or the KEV catalog."""
    data = stream.read(LARGEST_TABLE + 1)
    if len(data) > LARGEST_TABLE:
        yield Problem(source, name, "larger than any document may be")
    elif b'"catalogVersion"' in data[:2000]:
        yield from _table("kev", data, name, source)
    elif data[:64].lstrip()[:1] == b"[":
        try:
            yield from (Raw(bytes(row)) for row in msgspec.json.decode(data, type=list[msgspec.Raw]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
            yield Problem(source, name, f"no JSON: {e}")
    elif len(data) > LARGEST:
        yield Problem(source, name, "larger than a record may be")
    else:
        yield Raw(data)


def _lines(stream: IO[bytes], name: str, source: str) -> Iterator[Item]:
    """A record on each line; lines of SSVC decisions are a table."""
    first = stream.readline(LARGEST + 1)
    if first.startswith(b"{") and b'"ssvc"' in first and b'"id"' not in first:
        yield from _table("ssvc", first + stream.read(LARGEST_TABLE), name, source)
        return
    number, read, line = 1, 0, first
    while line:
        read += len(line)
        if read > LARGEST_FEED:
            yield Problem(source, name, "the feed is too large: the rest is not read")
            return
        if len(line) > LARGEST:
            yield Problem(source, f"{name}:{number}", "the line is longer than a record may be: the rest of the file is not read")
            return
        if line.strip():
            yield Raw(line.rstrip(b"\r\n"))
        number, line = number + 1, stream.readline(LARGEST + 1)


_READERS: dict[str, Callable[[bytes], Sized]] = {"kev": known_exploited, "epss": scores, "ssvc": decisions}


def _table(kind: str, data: bytes, name: str, source: str) -> Iterator[Item]:
    try:
        rows = len(_READERS[kind](data)) if len(data) <= LARGEST_TABLE else 0
    except FormatError as e:
        yield Problem(source, name, e.sentence)
        return
    yield Table(kind, data, rows) if rows else Problem(source, name, f"a table ({kind}) without rows, or too large a one")
