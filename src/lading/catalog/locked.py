"""Packages of a `uv.lock`: held to the hashes of their files, with the packages each depends on."""

from collections.abc import Iterator
from urllib.parse import parse_qs, unquote

from msgspec import Struct
from msgspec.structs import replace

from lading.catalog.origin import archive_at, built_from
from lading.catalog.requirement import from_git
from lading.catalog.upstreams import library, split_url
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Kind, Pin
from lading.core.source import SourceFile
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

OWN_SOURCES = ("editable", "virtual", "path", "directory")
"""Kinds of source that are folders or files of the project itself."""


class Dependency(Struct, frozen=True):
    """One entry of a package's dependencies: for everybody, for an extra or for a group, on some platforms."""

    name: str
    version: str = ""
    marker: str = ""
    group: str = ""
    source: tuple[str, ...] = ()


class Package(Struct, frozen=True):
    """A package of the lock under the name its dependents use; `own` when the project builds it itself, `origin` where no index has it."""

    name: str
    component: Component
    own: bool
    dependencies: tuple[Dependency, ...]
    source: tuple[str, ...] = ()
    origin: Component | None = None


def locked_packages(file: SourceFile) -> list[Package]:
    """The packages of a `uv.lock`, in its order; ExtractError when it is not TOML."""
    return file.once(_packages)


def _packages(file: SourceFile) -> list[Package]:
    return [_package(file, row) for row in toml_document(file).elements("package") if row.string("name")]


def _package(file: SourceFile, row: Node) -> Package:
    name, version = row.string("name"), row.string("version")
    line = (row.get("name") or row).line
    at = Occurrence(file.path, line, "package", f"{name} {version}".strip())
    source = {k: v.text for k, v in row.items("source")}
    needs = tuple(_dependencies(row))
    own = any(k in source for k in OWN_SOURCES)
    component, origin = (_own(name, version, at), None) if own else _component(row, name, version, source, at)
    rows = {*component.properties, *(("needs-if", text) for text in map(_condition, needs) if text)}
    return Package(name, replace(component, properties=tuple(sorted(rows))), own, needs, _source(row), origin)


def _own(name: str, version: str, at: Occurrence) -> Component:
    return Component(kind=Kind.SYSTEM, name=name, version=version, occurrences=(at,))


def _component(row: Node, name: str, version: str, source: dict[str, str], at: Occurrence) -> tuple[Component, Component | None]:
    files = tuple(sorted(_files(row)))
    component = replace(library(name, at, version=version, pin=Pin.EXACT if files else Pin.MUTABLE), files=files)
    origin = _from_git(source["git"], at) if "git" in source else None
    if "url" in source:
        origin = archive_at(source["url"], at, str(files[0].digest) if files else "")
    if origin:
        return built_from(component, origin), origin
    index = source.get("registry", "")
    markers = tuple(("marker", m.text) for m in row.elements("resolution-markers"))
    return replace(component, properties=(*((("index", index),) if index else ()), *markers)), None


def _source(row: Node) -> tuple[str, ...]:
    return tuple(f"{key} {value.text}" for key, value in row.items("source"))


def _condition(need: Dependency) -> str:
    """`name ; marker`, with the extra or group that asks: what a dependency depends on itself."""
    parts = [need.marker] if need.marker else []
    parts += [f"extra or group == '{need.group}'"] if need.group else []
    return f"{need.name} ; {' and '.join(parts)}" if parts else ""


def _from_git(url: str, at: Occurrence) -> Component:
    """`https://host/owner/name?rev=branch#commit`: the commit is what is installed."""
    parts = split_url(url)
    asked = parse_qs(parts.query)
    revision = parts.fragment or next((asked[k][0] for k in ("rev", "tag", "branch") if k in asked), "")
    return from_git(parts.hostname or "", parts.path, revision, at)


def _files(row: Node) -> Iterator[FileRecord]:
    """Every file the lock holds a hash of: the source distribution and the wheels."""
    sdist = row.get("sdist")
    for entry in [*([sdist] if sdist else []), *row.elements("wheels")]:
        algorithm, colon, value = entry.string("hash").partition(":")
        place = entry.string("url") or entry.string("path") or entry.string("filename")
        if colon and place:
            size = entry.string("size")
            name = unquote(split_url(place).path.rpartition("/")[2])
            yield FileRecord(name, int(size) if size.isdigit() else 0, Digest(algorithm, value))


def _dependencies(row: Node) -> Iterator[Dependency]:
    tables = [("", row.elements("dependencies"))]
    tables += [
        (group, row.elements(field, group)) for field in ("optional-dependencies", "dev-dependencies") for group, _ in row.items(field)
    ]
    for group, entries in tables:
        for entry in entries:
            if name := entry.string("name"):
                yield Dependency(name, entry.string("version"), entry.string("marker"), group, _source(entry))
