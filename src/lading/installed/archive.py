"""Wheels and source distributions as files: unpacked within limits into a folder of their own, and read as what they are."""

import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from lading.core.component import Component, Edge
from lading.core.digest import Digest
from lading.core.errors import ExtractError, FormatError, LimitError
from lading.core.finding import Report
from lading.core.kinds import Relation
from lading.core.merge import merge
from lading.installed.distribution import distribution
from lading.installed.run import scan as scan_installed
from lading.scan.run import Look, judge, unchanged
from lading.scan.run import scan as scan_sources

MOST_MEMBERS = 500_000
MOST_BYTES = 32 << 30
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)
_SOURCES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def is_archive(path: Path) -> bool:
    """Whether a file is a wheel, or a source distribution by its name and its PKG-INFO."""
    if path.suffix == ".whl":
        return path.is_file()
    if not path.name.endswith(_SOURCES) or not path.is_file():
        return False
    try:
        with _members(path) as members:
            return any(
                name.count("/") == 1 and name.endswith("/PKG-INFO") for _, (name, _, _) in zip(range(MOST_MEMBERS), members, strict=False)
            )
    except _DAMAGED:
        return False


def scan(path: Path, look: Look = unchanged) -> Report:
    """Everything in a wheel or a source distribution; FormatError when it cannot be unpacked whole."""
    with tempfile.TemporaryDirectory(prefix="lading-archive-") as scratch:
        folder = Path(scratch)
        try:
            _unpack(path, folder)
        except _DAMAGED as e:
            raise FormatError(f"{path} cannot be unpacked: {e}", hint="fetch it again, and compare its digest") from e
        report, root = (scan_installed(folder), folder) if path.suffix == ".whl" else _source(folder)
        report = look(report, (root,))
    with path.open("rb") as stream:
        digest = Digest.of_stream(stream)
    subject = replace(report.bom.subject, name=path.name, digests=(digest,))
    edges = (replace(e, source=subject.ref) if e.source == report.bom.subject.ref else e for e in report.bom.edges)
    return replace(report, bom=replace(report.bom, subject=subject, edges=tuple(sorted(edges))))


def _source(folder: Path) -> tuple[Report, Path]:
    """A source distribution: itself by its PKG-INFO, and what its sources name; the folder that they lie in."""
    (top,) = [p.parent for p in folder.glob("*/PKG-INFO")][:1] or [folder]
    report = scan_sources(top)
    try:
        own: Component = distribution(top, "").component
    except ExtractError:
        return report, top
    own = replace(own, occurrences=tuple(replace(o, path="PKG-INFO") for o in own.occurrences))
    edge = Edge(report.bom.subject.ref, Relation.CONTAINS, own.ref)
    whole = replace(report.bom, components=merge([own, *report.bom.components]), edges=(*report.bom.edges, edge))
    return judge(whole), top


def _unpack(path: Path, folder: Path) -> None:
    """Regular files alone, none outside of the folder; LimitError when there are too many, or they are too large."""
    left = MOST_BYTES
    with _members(path) as members:
        for number, (name, size, stream) in enumerate(members):
            if number >= MOST_MEMBERS or size > left:
                raise LimitError(f"{path} holds more than is unpacked")
            place = Path(os.path.normpath(folder / name))
            if not place.is_relative_to(folder) or place == folder:
                raise ValueError(f"{name[:200]!r} leads out of it")
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as target:
                while block := stream.read(1 << 20):
                    left -= target.write(block)
                    if left < 0:
                        raise LimitError(f"{path} holds more than is unpacked")


Member = tuple[str, int, IO[bytes]]


@contextmanager
def _members(path: Path) -> Iterator[Iterator[Member]]:
    """Name, announced size and bytes of every regular file."""
    if path.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(path) as archive:
            yield _zipped(archive)
    else:
        with tarfile.open(path) as packed:
            yield ((m.name, m.size, s) for m in packed if m.isfile() and (s := packed.extractfile(m)))


def _zipped(archive: zipfile.ZipFile) -> Iterator[Member]:
    for member in archive.infolist():
        if not member.filename:
            raise ValueError("a member of it has no name")
        if not member.is_dir() and (member.external_attr >> 28) in {0, 8}:
            with archive.open(member) as stream:
                yield member.filename, member.file_size, stream
