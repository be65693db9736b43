"""A header of RPM: an index of tags, then their values (rpm's `lib/header.c`)."""

import struct
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lading.image import rich
from lading.image.damage import Damage
from lading.image.needs import Need, Offer, Want

LARGEST_HEADER = 256 << 20
_MOST_ENTRIES = 1 << 16
_ENTRY = struct.Struct(">4I")
_INT32, _TEXTS, _ARRAY = 4, frozenset({6, 8, 9}), 8
_TOLD = (1000, 1001, 1002, 1003, 1022, 1014, 1011)
"""Name, version, release, epoch, architecture, license and vendor."""
_REQUIRES, _PROVIDES = (1049, 1048, 1050), (1047, 1112, 1113)
_FOLDERS_OF, _NAMES, _FOLDERS = 1116, 1117, 1118
_SENSES = {2: "<", 4: ">", 8: "="}
_Row = tuple[int, int, int]


class FileList(Struct, frozen=True):
    """The files of a package as its header has them: a name and the number of a folder for each."""

    folders_of: bytes
    names: bytes
    folders: bytes

    def among(self, wanted: dict[bytes, set[bytes]]) -> Iterator[str]:
        """The paths of those that are wanted, by name and folder."""
        folders = self.folders.split(b"\0")
        for (number,), name in zip(struct.iter_unpack(">I", self.folders_of), self.names.split(b"\0"), strict=False):
            if name in wanted and number < len(folders) and folders[number] in wanted[name]:
                yield (folders[number] + name).decode("utf-8", "replace")


class Header(Struct, frozen=True):
    """One installed package."""

    name: str
    version: str
    release: str
    epoch: str = ""
    arch: str = ""
    license: str = ""
    vendor: str = ""
    wants: tuple[Want, ...] = ()
    offers: tuple[Offer, ...] = ()
    files: FileList | None = None

    @property
    def full(self) -> str:
        """Epoch, version and release as RPM compares them."""
        return f"{self.epoch}:{self.version}-{self.release}" if self.epoch else f"{self.version}-{self.release}"


def header(blob: bytes, damage: Damage) -> Header:
    """A package by its header; what it needs and offers is added to `damage` when it cannot be read; ValueError when it names no package."""
    values = _Values(blob)
    name, version, release, epoch, arch, terms, vendor = map(values.first, _TOLD)
    package = Header(name, version, release, epoch, arch, terms, vendor)
    if not package.name or not package.version:
        raise ValueError("a header names no package")
    try:
        return replace(
            package,
            wants=tuple(_want(*row) for row in values.relations(*_REQUIRES)),
            offers=tuple(Offer(*row) for row in values.relations(*_PROVIDES)),
            files=FileList(*map(values.raw, (_FOLDERS_OF, _NAMES, _FOLDERS))) if _NAMES in values.rows else None,
        )
    except ValueError as e:
        damage.add(f"what {package.name} needs: {e}")
        return package


def _want(name: str, operator: str, version: str) -> Want:
    return rich.want(name) if name.startswith("(") else Need(name, operator, version)


class _Values:
    """The values of a header by tag."""

    def __init__(self, blob: bytes) -> None:
        if len(blob) < 8 or len(blob) > LARGEST_HEADER:  # noqa: PLR2004 - its two counts
            raise ValueError("a header is cut short, or too long")
        entries, size = struct.unpack_from(">2I", blob)
        start = 8 + entries * _ENTRY.size
        if entries > _MOST_ENTRIES or start + size != len(blob):
            raise ValueError("a header is not as long as it says")
        self._data = blob[start : start + size]
        rows = (_ENTRY.unpack_from(blob, 8 + number * _ENTRY.size) for number in range(entries))
        self.rows: dict[int, _Row] = {tag: (kind, offset, count) for tag, kind, offset, count in rows}

    def first(self, tag: int) -> str:
        """The first value of a tag as text; empty when the header has none."""
        if tag not in self.rows:
            return ""
        kind, offset, count = self.rows[tag]
        if not count or offset >= len(self._data):
            raise ValueError("a value of a header lies outside of it")
        if kind == _INT32 and offset + 4 <= len(self._data):
            return str(struct.unpack_from(">I", self._data, offset)[0])
        end = self._data.find(b"\0", offset)
        if kind not in _TEXTS or end < 0:
            raise ValueError("a value of a header is no text")
        return self._data[offset:end].decode("utf-8", "replace")

    def raw(self, tag: int) -> bytes:
        """The bytes of a row of numbers or texts, without those behind it."""
        kind, offset, count = self.rows.get(tag, (_ARRAY, 0, 0))
        if kind == _INT32:
            if offset + 4 * count > len(self._data):
                raise ValueError("numbers of a header lie outside of it")
            return self._data[offset : offset + 4 * count]
        end = offset
        for _ in range(count):
            end = self._data.find(b"\0", end) + 1
            if not end or kind not in _TEXTS:
                raise ValueError("texts of a header lie outside of it")
        return self._data[offset:end]

    def relations(self, names: int, flags: int, versions: int) -> Iterator[tuple[str, str, str]]:
        """Name, operator and version of each need or offer."""
        texts, others = (self.raw(tag).decode("utf-8", "replace").split("\0")[:-1] for tag in (names, versions))
        senses = [flag for (flag,) in struct.iter_unpack(">I", self.raw(flags))] if flags in self.rows else []
        if texts and not len(texts) == len(others) == len(senses):
            raise ValueError("it has other versions than names")
        for name, sense, version in zip(texts, senses, others, strict=True):
            yield name, "".join(sign for bit, sign in _SENSES.items() if sense & bit and version), version
