"""pixi.lock: every package of every environment with its hashes, and what depends on what there."""

from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import Struct

from lading.catalog.lockfile import MOST_EDGES, Locked, hashed, line_of, locked, newer, normal, observations, own
from lading.catalog.origin import built_from, repository_at
from lading.catalog.upstreams import split_url
from lading.catalog.wishes import Wish, extras_of, holding, wish
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

NEWEST = 7
_NAME = pattern(r"[A-Za-z0-9_][\w.-]*")
_CONDA = pattern(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2)\Z")
_WHEEL = pattern(r"(?P<name>.+?)-(?P<version>\d[^-]*?)(?:-.+\.whl|\.tar\.gz|\.zip)\Z")


class _Package(Struct, frozen=True):
    """A package with the place by which environments name it, and what it asks for."""

    place: str
    locked: Locked
    name: str
    wishes: tuple[Wish, ...]


@extractor("pixi.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency that the same environment and platform hold."""
    for document in yaml_documents(file):
        yield from newer(file, document.string("version") or "4", NEWEST)
        if not isinstance(document.value, dict):
            yield Skipped(file.path, "it holds no table, so it is no lock", ExtractError.code, document.line)
        packages: dict[str, _Package] = {}
        for row in document.elements("packages"):
            if found := _package(file, row):
                packages[found.place] = found
            else:
                yield Skipped(file.path, "a package without a name", ExtractError.code, row.line)
        yield from observations(found.locked for found in packages.values())
        left, edges = MOST_EDGES, set[Edge]()
        for present in _environments(document, packages):
            left -= sum(1 + len(package.wishes) for package in present)
            if left < 0:
                yield Skipped(
                    file.path, f"more than {MOST_EDGES} needs in all environments: those of the rest are not told", LimitError.code
                )
                break
            edges.update(_edges(present))
        yield from sorted(edges)


def _environments(document: Node, packages: dict[str, _Package]) -> Iterator[list[_Package]]:
    """The packages of each environment on each platform, every different set once."""
    seen = set()
    for _, environment in document.items("environments"):
        for _, references in environment.items("packages"):
            places = [
                value.text
                for row in references.elements()
                for kind, value in row.items()
                if kind in {"conda", "pypi", "source", "conda_source"}
            ]
            if (key := tuple(places)) not in seen:
                seen.add(key)
                yield [packages[place] for place in places if place in packages]


def _edges(present: list[_Package]) -> Iterator[Edge]:
    held: dict[str, set[str]] = {}
    for package in present:
        held.setdefault(package.name, set()).add(package.locked.component.ref)
    for package, wishes in zip(present, holding([(p.name, p.wishes) for p in present]), strict=True):
        source = package.locked.component.ref
        for target in sorted({ref for found in wishes for ref in held.get(found.name, ())} - {source}):
            yield Edge(source, Relation.DEPENDS_ON, target)


def _package(file: SourceFile, row: Node) -> _Package | None:
    kind = "conda" if row.get("conda") or row.string("kind") == "conda" else "pypi"
    place = row.string(kind) or row.string("url")
    match = (_CONDA if kind == "conda" else _WHEEL).match(_file_name(place))
    name = row.string("name") or (match["name"] if match else "")
    if not name:
        return None
    version = row.string("version") or (match["version"] if match else "")
    found = _locked(file, row, (name, version, kind), place)
    return _Package(place, found, normal(name), tuple(_wishes(row)))


def _locked(file: SourceFile, row: Node, named: tuple[str, str, str], place: str) -> Locked:
    name, version, kind = named
    line = line_of(row, "name", "conda", "pypi")
    if place.startswith("git+"):
        origin = repository_at(place.partition("?")[0], place.partition("#")[2], Occurrence(file.path, line, "package", place))
        return Locked(place, built_from(_component(file, row, line, named), origin), origin=origin)
    if "://" not in place:
        return Locked(place, own(file.path, line, normal(name), version))
    return Locked(place, _component(file, row, line, (name, version, kind)))


def _component(file: SourceFile, row: Node, line: int, named: tuple[str, str, str]) -> Component:
    name, version, kind = named
    return locked(file, line, name, version, kind, _files(row), sorted(_conditions(row)))


def _wishes(row: Node) -> Iterator[Wish]:
    """What it asks for; a requirement of an extra holds where the extra is asked for."""
    for entry in row.elements("depends"):
        if match := _NAME.match(entry.text):
            yield Wish(normal(match[0]))
    for entry in row.elements("requires_dist"):
        if found := wish(entry.text):
            yield Wish(found.name, found.allowed, extras_of(found.marker), found.extras, found.marker)


def _conditions(row: Node) -> set[str]:
    return {f"{w.name} ; {w.marker}" for w in _wishes(row) if w.marker}


def _files(row: Node) -> Iterator[FileRecord]:
    place = _file_name(row.string("conda") or row.string("pypi") or row.string("url"))
    for algorithm in ("sha256", "md5"):
        yield from hashed(place, f"{algorithm}:{row.string(algorithm)}", row.string("size"))


def _file_name(place: str) -> str:
    return unquote(split_url(place).path.rpartition("/")[2])
