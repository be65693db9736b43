"""What locks of all ecosystems have in common: packages held to hashes, and which of them each package needs."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from lading.catalog.upstreams import library
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Kind, Pin, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node

_INTEGRITY = pattern(r"(?P<algorithm>sha\d+)-(?P<value>[A-Za-z0-9+/=]+)")


class Locked(Struct, frozen=True):
    """A package of a lock: the key by which others name it, and the keys of those it needs."""

    key: str
    component: Component
    needs: tuple[str, ...] = ()


def observations(packages: Iterable[Locked]) -> Iterator[Component | Edge]:
    """Every package, then an edge for everything that one needs and the lock has."""
    known: dict[str, list[Component]] = {}
    packages = list(packages)
    for package in packages:
        known.setdefault(package.key, []).append(package.component)
        yield package.component
    for package in packages:
        for need in package.needs:
            for target in known.get(need, ()):
                if target.ref != package.component.ref:
                    yield Edge(package.component.ref, Relation.DEPENDS_ON, target.ref)


def locked(
    file: SourceFile, line: int, name: str, version: str, ecosystem: str, files: Iterable[FileRecord] = (), **properties: str
) -> Component:
    """A package of a release, exact where the lock holds a hash of it."""
    at = Occurrence(file.path, line, "package", f"{name} {version}".strip())
    kept = tuple(sorted(files))
    found = library(name, at, version=version, pin=Pin.EXACT if kept else Pin.MUTABLE if version else Pin.NONE, ecosystem=ecosystem)
    return replace(found, files=kept, properties=tuple(sorted((k.replace("_", "-"), v) for k, v in properties.items() if v)))


def project(path: str, line: int, name: str, version: str, needs: Iterable[str]) -> Locked:
    """The project that a lock is made for, and what it asks for itself: its direct dependencies."""
    own = Component(kind=Kind.SYSTEM, name=name or "project", version=version, occurrences=(Occurrence(path, line, "project", name),))
    return Locked(f"project {path} {name}", own, tuple(sorted(set(needs))))


def hashed(name: str, text: str, size: str = "") -> Iterator[FileRecord]:
    """A file held by `sha256:HEX`; none where the text is no such hash."""
    algorithm, colon, value = text.partition(":")
    if colon and name and re.fullmatch(r"[0-9a-f]{32,128}", value):
        yield FileRecord(name, int(size) if size.isdigit() else 0, Digest(algorithm, value))


def integrity(name: str, text: str) -> Iterator[FileRecord]:
    """A file held by subresource integrity (`sha512-BASE64 …`), the strongest of what is given."""
    found = sorted((m["algorithm"], m["value"]) for m in _INTEGRITY.finditer(text))
    for algorithm, value in found[-1:]:
        try:
            yield FileRecord(name, 0, Digest(algorithm, base64.b64decode(value, validate=True).hex()))
        except (binascii.Error, ValueError):
            return


def normal(name: str) -> str:
    """The name of a Python package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def line_of(node: Node, *names: str) -> int:
    """Where a package stands: the line of its name, else of its key."""
    return next((found.line for name in names if (found := node.get(name))), node.key_line or node.line)
