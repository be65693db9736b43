"""Machine code that wheels carry: what each object is, what it needs and from where, and what was linked into it."""

import mmap
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from lading.binary import elf, macho, pe
from lading.binary.code import Code
from lading.binary.window import Window
from lading.catalog.tables import table
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Pin, Relation
from lading.core.purl import purl

NAMED = re.compile(r"\.(?:so(?:\.[0-9]+[0-9.a-z]*)?|dylib|dll|pyd)\Z")
_HASHED = re.compile(r"-[0-9a-f]{8,64}(?=[.-]|\Z)")
_SUFFIX = re.compile(r"\.so\.(?P<version>\d+\.\d+[0-9.]*[a-z]?)\Z")
_READ = frozenset({
    ".rodata", ".data", ".data.rel.ro", ".rodata.str1.1", ".rodata.str1.8",
    "__TEXT,__cstring", "__TEXT,__const", "__DATA,__data", "__DATA,__const", "__DATA_CONST,__const",
    ".rdata",
})  # fmt: skip
_DEVICE = frozenset({".nv_fatbin"})
_OPERATORS = (
    ("torch", re.compile(r"lib(?:torch|c10)|torch_(?:cpu|cuda|python)|c10")),
    ("tvm", re.compile(r"libtvm|tvm_ffi")),
    ("triton", re.compile(r"libtriton")),
)
"""Whose operators an object brings, by what it needs."""
_ARCHITECTURE = re.compile(rb"sm_(\d{2,3}a?)")
MOST_BYTES = 256 << 20
"""Bytes of one section that are looked through."""


class Linked(Struct, frozen=True, order=True):
    """A well-known library by the version string it left."""

    name: str
    version: str
    text: str


class Object(Struct, frozen=True):
    """One object of machine code and what was found in it."""

    path: str
    header: Code
    linked: tuple[Linked, ...]
    architectures: tuple[str, ...] = ()


_FOREIGN = re.compile(r"\.(?:dylib|dll|pyd)\Z")
_TAIL = re.compile(r"[.-](\d+(?:\.\d+)+)\Z")
_INTERFACE = re.compile(r"\.\d+\Z")
"""The number of its interface that a library of macOS has at the end of its name."""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple((row["name"], re.compile(row["pattern"].encode())) for row in table("native")["library"])


@cache
def _projects() -> dict[str, str]:
    """The project of a library by the name of its file."""
    return {name: row["name"] for row in table("native")["library"] for name in row["files"]}


def read(place: Path, path: str) -> Object:
    """What an object says of itself; ExtractError when it is of a kind that is not read."""
    with place.open("rb") as stream:
        magic = stream.read(4)
        reader = _reader(magic)
        if reader is None:
            raise ExtractError(f"{path} is no object of machine code that is known (ELF, Mach-O, PE)")
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)  # closed by whoever holds it last: an error may hold a part of it
        try:
            header = reader(Window(memoryview(mapped)))
        except ValueError as e:
            raise ExtractError(f"{path} cannot be read as machine code: {e}") from e
        found = {linked for start, end in _stretches(header, _READ, len(mapped)) for linked in _linked(mapped, start, end)}
        architectures = {a for start, end in _stretches(header, _DEVICE, len(mapped)) for a in _architectures(mapped, start, end)}
    return Object(path, header, tuple(sorted(found)), tuple(sorted(architectures)))


def _reader(magic: bytes) -> Callable[[Window], Code] | None:
    if magic == b"\x7fELF":
        return elf.read
    if magic in macho.MAGICS:
        return macho.read
    return pe.read if magic[:2] == pe.MAGIC else None


def _stretches(header: Code, names: frozenset[str], size: int) -> Iterator[tuple[int, int]]:
    """Where the sections of some names lie, each byte once however many of them claim it."""
    position = 0
    for section in sorted((s for s in header.sections if s.name in names), key=lambda s: s.offset):
        end = min(section.offset + min(section.size, MOST_BYTES), size)
        if end > position:
            yield max(section.offset, position), end
            position = end


def _linked(mapped: mmap.mmap, start: int, end: int) -> Iterator[Linked]:
    for name, pattern in _patterns():
        for match in pattern.finditer(mapped, start, end):
            yield Linked(name, match[1].decode("ascii", "replace"), match[0].decode("ascii", "replace")[:200])


def _architectures(mapped: mmap.mmap, start: int, end: int) -> Iterator[str]:
    for match in _ARCHITECTURE.finditer(mapped, start, end):
        yield f"sm_{match[1].decode()}"


def identity(found: Object) -> tuple[str, str, str]:
    """The name without the hash that a repair tool adds, the version, and what tells it: its strings or else its file name.

    A number in a file name counts changes of the interface in many projects, and is then no release.
    """
    bare = _HASHED.sub("", found.path.rpartition("/")[2])
    foreign = _FOREIGN.search(bare)
    stem = bare.removesuffix(foreign[0]) if foreign else bare.partition(".so")[0]
    tail = _TAIL.search(stem)
    name = stem.removesuffix(tail[0]) if tail else _INTERFACE.sub("", stem) if foreign else stem
    project = _projects().get(stem) or _projects().get(name, "")
    told = next((linked.version for linked in found.linked if linked.name == project), "")
    suffix = _SUFFIX.search(bare)
    version = told or (suffix["version"] if suffix else tail[1] if tail else "")
    return name, version, "version string" if told else "file name" if version else ""


def _base(needed: str) -> str:
    """The name of a needed library without the place it is looked for in."""
    return needed.replace("\\", "/").rpartition("/")[2]


def component(found: Object, record: FileRecord, inside: Callable[[str], bool]) -> Component:
    """The object as a component that is held to its bytes."""
    name, version, teller = identity(found)
    header = found.header
    told = {
        "version-told-by": teller,
        "form": header.form,
        "machine": header.machine,
        "soname": header.soname,
        "build-id": header.build_id,
        "needed-inside": ",".join(n for n in header.needed if inside(_base(n))),
        "needed-outside": ",".join(n for n in header.needed if not inside(_base(n))),
        "runpath": header.runpath,
        **dict(header.hardening),
        "operators-for": ",".join(name for name, pattern in _OPERATORS if any(pattern.match(_base(n)) for n in header.needed)),
        "cuda-architectures": ",".join(found.architectures),
    }
    return Component(
        kind=Kind.NATIVE_LIBRARY,
        name=name,
        upstream="generic",
        version=version,
        pin=Pin.EXACT,
        purl=purl("generic", name, version=version, checksum=str(record.digest)),
        occurrences=(Occurrence(found.path, 0, "machine code", header.soname, Confidence.VERIFIED),),
        digests=(record.digest,),
        files=(record,),
        properties=tuple(sorted((k, v[:2_000]) for k, v in told.items() if v)),
    )


def parts(found: Object, whole: Component) -> Iterator[Component | Edge]:
    """The libraries whose version strings an object holds, each with the string that proves it."""
    for linked in found.linked:
        at = Occurrence(found.path, 0, "version string", linked.text, Confidence.INFERRED)
        part = Component(
            kind=Kind.NATIVE_LIBRARY, name=linked.name, upstream="generic", version=linked.version, pin=Pin.MUTABLE,
            purl=purl("generic", linked.name, version=linked.version), occurrences=(at,),
        )  # fmt: skip
        yield part
        yield Edge(whole.ref, Relation.CONTAINS, part.ref)
