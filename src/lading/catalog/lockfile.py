"""What locks of all ecosystems have in common: packages held to hashes, and which of them each package needs."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lading.catalog.upstreams import library
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.coverage import Skipped
from lading.core.digest import Digest
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Kind, Pin, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node

_INTEGRITY = pattern(r"(?P<algorithm>sha\d+)-(?P<value>[A-Za-z0-9+/=]+)")


class Locked(Struct, frozen=True):
    """A package of a lock: the key by which others name it, the keys of those it needs, and where it comes from if from no registry."""

    key: str
    component: Component
    needs: tuple[str, ...] = ()
    origin: Component | None = None


MOST_EDGES = 2_000_000
"""Needs of one lock that are told; a lock of ten thousand packages has a twentieth of it."""


def observations(packages: Iterable[Locked]) -> Iterator[Component | Edge | Skipped]:
    """Every package, then an edge for everything that one needs and the lock has."""
    known: dict[str, list[Component]] = {}
    packages = list(packages)
    for package in packages:
        known.setdefault(package.key, []).append(package.component)
        yield package.component
        if package.origin:
            yield package.origin
            yield Edge(package.component.ref, Relation.FETCHED_FROM, package.origin.ref)
    yield from bounded((package.component, target) for package in packages for need in package.needs for target in known.get(need, ()))


MOST_VERSIONS = 50
"""Versions of one name that needs are followed to: a lock has a handful, one for each platform."""


def crowded(file: SourceFile, versions: Mapping[str, Sequence[object]]) -> Iterator[Skipped]:
    """A word for each name with more versions than needs are followed to."""
    for name, held in versions.items():
        if len(held) > MOST_VERSIONS:
            told = f"{len(held)} versions of {name[:80]}: who needs which of them is not told"
            yield Skipped(file.path, told, LimitError.code)


def bounded(needs: Iterable[tuple[Component, Component]]) -> Iterator[Edge | Skipped]:
    """An edge for each need but those of itself; no more than a lock can have that somebody wrote for use."""
    for number, (one, other) in enumerate(needs):
        if number >= MOST_EDGES:
            yield Skipped(one.occurrences[0].path, f"more than {MOST_EDGES} needs: the rest of them is not told", LimitError.code)
            return
        if one.ref != other.ref:
            yield Edge(one.ref, Relation.DEPENDS_ON, other.ref)


def locked(
    file: SourceFile,
    line: int,
    name: str,
    version: str,
    ecosystem: str,
    files: Iterable[FileRecord] = (),
    needs_if: Iterable[str] = (),
    **properties: str,
) -> Component:
    """A package of a release, exact where the lock holds a hash of it; `needs_if` says which of its needs are conditional."""
    at = Occurrence(file.path, line, "package", f"{name} {version}".strip())
    kept = tuple(sorted(files))
    found = library(name, at, version=version, pin=Pin.EXACT if kept else Pin.MUTABLE if version else Pin.NONE, ecosystem=ecosystem)
    rows = {(k.replace("_", "-"), v) for k, v in properties.items() if v} | {("needs-if", text) for text in needs_if}
    return replace(found, files=kept, properties=tuple(sorted(rows)))


def project(path: str, line: int, name: str, version: str, needs: Iterable[str], key: str = "") -> Locked:
    """The project that a lock is made for, and what it asks for itself: its direct dependencies."""
    return Locked(key or f"project {path} {name}", own(path, line, name, version), tuple(sorted(set(needs))))


def own(path: str, line: int, name: str, version: str = "") -> Component:
    """Something that the project builds itself: no package from elsewhere."""
    name = name or path.rpartition("/")[0].rpartition("/")[2] or "project"
    return Component(kind=Kind.SYSTEM, name=name, version=version, occurrences=(Occurrence(path, line, "project", name),))


def newer(file: SourceFile, version: str, newest: int, line: int = 1) -> Iterator[Skipped]:
    """A word for the coverage where a lock is of a version that came after those that are known: what is known of it is read."""
    major = version.lstrip("v").partition(".")[0]
    if not major.isascii() or not major.isdigit() or int(major[:9]) > newest:
        told = f"this is version {version[:20]} of its format, and {newest} is the last that is known here: what looks the same is read, the rest is not"
        yield Skipped(file.path, told, ExtractError.code, line)


def hashed(name: str, text: str, size: str = "") -> Iterator[FileRecord]:
    """A file held by `sha256:HEX`; none where the text is no such hash."""
    algorithm, colon, value = text.partition(":")
    if colon and name and re.fullmatch(r"[0-9a-f]{32,128}", value):
        yield FileRecord(name, int(size) if size.isdigit() else 0, Digest(algorithm, value))


def integrity(name: str, text: str) -> Iterator[FileRecord]:
    """A file held by subresource integrity (`sha512-BASE64 …`), by every hash that is given."""
    for match in _INTEGRITY.finditer(text):
        try:
            yield FileRecord(name, 0, Digest(match["algorithm"], base64.b64decode(match["value"], validate=True).hex()))
        except (binascii.Error, ValueError):
            continue


def normal(name: str) -> str:
    """The name of a Python package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def line_of(node: Node, *names: str) -> int:
    """Where a package stands: the line of its name, else of its key."""
    return next((found.line for name in names if (found := node.get(name))), node.key_line or node.line)


def rows_of(file: SourceFile, document: Node, key: str) -> tuple[list[Node], list[Skipped]]:
    """The packages of a lock that have a name, and a word for each that has none; also where there is nothing that could hold any."""
    held = document.get(key)
    if not isinstance(document.value, dict) or (held is not None and held.value is not None and not isinstance(held.value, list)):
        return [], [Skipped(file.path, f"it holds no list {key!r}, so it is no lock", ExtractError.code, document.line)]
    rows = document.elements(key)
    told = [Skipped(file.path, "a package without a name", ExtractError.code, row.line) for row in rows if not row.string("name")]
    return [row for row in rows if row.string("name")], told
