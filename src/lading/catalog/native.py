"""Objects of machine code: what each is, what it needs and from where, and what was linked into it."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import UnsupportedOperation
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from lading.binary import elf, fatbin, macho, pe
from lading.binary.code import Code
from lading.binary.stored import ChangedError, StoredWindow
from lading.binary.window import Window
from lading.catalog.linked import Linked, joined, linked
from lading.catalog.tables import table
from lading.catalog.upstreams import library
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Pin, Relation
from lading.core.purl import purl

NAMED = re.compile(r"\.(?:so(?:\.[0-9]+[0-9.a-z]*)?|dylib|dll|pyd)\Z")
"""What shared objects are named."""
PROGRAM = re.compile(r"(?:.*/)?(?:bin/[^/.]+|[^/]+\.exe)\Z")
"""Where programs lie; only their first bytes tell whether they are machine code or a script."""
_HASHED = re.compile(r"-[0-9a-f]{8,64}(?=[.-]|\Z)")
_SUFFIX = re.compile(r"\.so\.(?P<version>\d+\.\d+[0-9.]*[a-z]?)\Z")
_FOREIGN = re.compile(r"\.(?:dylib|dll|pyd|exe)\Z")
_TAIL = re.compile(r"[.-](\d+(?:\.\d+)+)(?:\.dev)?\Z")
_TAG = re.compile(r"\.(?:abi3|(?:cpython|pypy|cp)-?\d[^.]*)\Z")
"""Which Python a module is for."""
_INTERFACE = re.compile(r"\.\d+\Z")
"""The number of its interface that a library of macOS has at the end of its name."""
_OPERATORS = (
    ("torch", re.compile(r"lib(?:torch|c10)|torch_(?:cpu|cuda|python)|c10")),
    ("tvm", re.compile(r"libtvm|tvm_ffi")),
    ("triton", re.compile(r"libtriton")),
)
"""Whose operators an object brings, by what it needs."""
_MAGIC = 4


class Object(Struct, frozen=True):
    """One object of machine code and what was found in it."""

    path: str
    header: Code
    linked: tuple[Linked, ...]
    architectures: tuple[str, ...] = ()


class Named(Struct, frozen=True):
    """A file name taken apart: the library, the number at its end, and the whole name without the endings."""

    library: str
    number: str
    stem: str


class _Numbering(Struct, frozen=True):
    """A project by the names of its files, and what the number in them says of the release."""

    project: str
    pattern: re.Pattern[str] | None
    releases: dict[str, str]

    def release(self, number: str) -> str:
        match = self.pattern.fullmatch(number) if self.pattern else None
        return joined(match.groups()) if match else self.releases.get(number, "")


_UNNUMBERED = _Numbering("", None, {})


@cache
def _numberings() -> dict[str, _Numbering]:
    return {
        name: _Numbering(row["name"], re.compile(row["number"]) if "number" in row else None, row.get("releases", {}))
        for row in table("native")["library"]
        for name in row.get("files", ())
    }


def is_object(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an object of a kind that is read."""
    return _reader(head[:_MAGIC]) is not None


def read(stream: BinaryIO, path: str) -> Object:
    """What an object says of itself; ExtractError when it is of a kind that is not read."""
    reader = _reader(stream.read(_MAGIC))
    if reader is None:
        raise ExtractError(f"{path} is no object of machine code that is known (ELF, Mach-O, PE)")
    window = _window(stream)
    try:
        header = reader(window)
        found = linked(window, header, named(path).library)
        stretches = header.stretches(frozenset({fatbin.SECTION}), window.size)
        processors = {a for start, end in stretches for a in fatbin.architectures(window.part(start, end - start))}
    except (ValueError, ChangedError) as e:
        raise ExtractError(f"{path} cannot be read as machine code: {e}") from e
    return Object(path, header, tuple(sorted(found)), tuple(sorted(processors, key=_processor)))


def _processor(name: str) -> tuple[str, int, str]:
    kind, _, number = name.partition("_")
    digits = number.rstrip("af")
    return kind, int(digits), number


def _window(stream: BinaryIO) -> Window:
    """The bytes of a file, read as they are asked for; those of a stream that is no file are read at once."""
    try:
        handle = stream.fileno()
    except UnsupportedOperation:
        stream.seek(0)
        return Window(stream.read())
    return StoredWindow.of(handle, os.fstat(handle).st_size)


def _reader(magic: bytes) -> Callable[[Window], Code] | None:
    if magic == b"\x7fELF":
        return elf.read
    if magic in macho.MAGICS:
        return macho.read
    return pe.read if magic[:2] == pe.MAGIC else None


def named(path: str) -> Named:
    """The name of an object without the hash that a repair tool adds."""
    bare = _HASHED.sub("", path.rpartition("/")[2])
    foreign, suffix = _FOREIGN.search(bare), _SUFFIX.search(bare)
    stem = _TAG.sub("", bare.removesuffix(foreign[0]) if foreign else bare.partition(".so")[0])
    tail = _TAIL.search(stem)
    library = stem.removesuffix(tail[0]) if tail else _INTERFACE.sub("", stem) if foreign else stem
    return Named(library, suffix["version"] if suffix else tail[1] if tail else "", stem)


def project(name: Named) -> str:
    """The project that a library is known to be of, or its own name."""
    return (_numbering(name) or _UNNUMBERED).project or name.library


def _numbering(name: Named) -> _Numbering | None:
    return _numberings().get(name.stem) or _numberings().get(name.library)


def told_version(found: Object) -> str:
    """The version that the object itself tells of the library it is; empty when it does not."""
    own = project(named(found.path))
    return next((one.version for one in found.linked if one.ecosystem == "generic" and one.name == own), "")


def identity(found: Object, known: Mapping[str, str]) -> tuple[str, str, str]:
    """Name and version, and what tells the version; `known` are versions of projects and libraries by others of the same wheel.

    A number in a file name counts changes of the interface in many projects, and is then no release: it is the last that is asked.
    """
    name = named(found.path)
    own = told_version(found)
    if own:
        return name.library, own, "version string"
    numbering = _numbering(name) or _UNNUMBERED
    if release := numbering.release(name.number):
        return name.library, release, "number of its interface"
    if version := known.get(project(name)) or known.get(name.library):
        return name.library, version, "others of the same wheel"
    return name.library, name.number, "file name" if name.number else ""


def _base(needed: str) -> str:
    """The name of a needed library without the place it is looked for in."""
    return needed.replace("\\", "/").rpartition("/")[2]


def component(found: Object, record: FileRecord, inside: Callable[[str], bool], known: Mapping[str, str]) -> Component:
    """The object as a component that is held to its bytes."""
    name, version, teller = identity(found, known)
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
    """The libraries, crates and modules that an object shows to be in it, each with the text that proves it."""
    for one in found.linked:
        at = Occurrence(found.path, 0, one.how, one.text, Confidence.INFERRED)
        part = library(one.name, at, version=one.version, pin=Pin.MUTABLE, ecosystem=one.ecosystem)
        if one.ecosystem == "generic":
            part = replace(part, kind=Kind.NATIVE_LIBRARY)
        yield part
        yield Edge(whole.ref, Relation.CONTAINS, part.ref)
