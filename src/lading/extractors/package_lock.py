"""package-lock.json and npm-shrinkwrap.json (versions 1 to 3): every package with its integrity, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, integrity, locked, observations, project
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Kind
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node

_FOLDER = "node_modules/"


@extractor("package-lock.json", "npm-shrinkwrap.json")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every installed place and an edge for what Node finds from there."""
    document = json_document(file)
    places = dict(document.items("packages")) or dict(_older("", document))
    packages = [
        Locked(place, _component(file, place, row), tuple(_found(place, name, places) for name in _needs(row)))
        for place, row in places.items()
        if row.string("name") or place
    ]
    if not document.items("packages"):
        needs = (_found("", name, places) for name in _direct(file))
        packages.append(project(file.path, 1, document.string("name"), document.string("version"), needs))
    yield from observations(packages)


def _direct(file: SourceFile) -> list[str]:
    """What the project asks for: version 1 does not tell, the manifest beside it does."""
    manifest = file.sibling("package.json")
    try:
        return _needs(json_document(manifest)) if manifest else []
    except ExtractError:  # not the file that is read here
        return []


def _older(place: str, row: Node) -> Iterator[tuple[str, Node]]:
    """The nested dependencies of version 1 under the places that later versions name."""
    stack = [(place, row)]
    while stack:
        above, node = stack.pop()
        for name, inner in node.items("dependencies"):
            if isinstance(inner.value, dict):
                where = f"{above}/{_FOLDER}{name}".lstrip("/")
                yield where, inner
                stack.append((where, inner))


def _needs(row: Node) -> list[str]:
    tables = ("requires",) if row.get("requires") else ("dependencies", "optionalDependencies", "peerDependencies", "devDependencies")
    return [name for table in tables for name, _ in row.items(table)]


def _found(place: str, name: str, places: dict[str, Node]) -> str:
    """Where Node finds a package from a place: below it, or below each folder above; empty when it is not installed."""
    above = f"{place}/"
    while True:
        if (there := f"{above}{_FOLDER}{name}") in places:
            return places[there].string("resolved") if places[there].get("link") else there
        if not above:
            return ""
        above = above.rstrip("/").rpartition(_FOLDER)[0]


def _component(file: SourceFile, place: str, row: Node) -> Component:
    name = row.string("name") or place.rpartition(_FOLDER)[2]
    version = row.string("version")
    if _FOLDER not in f"/{place}" or row.get("link"):
        at = Occurrence(file.path, row.key_line, "packages", place)
        return Component(kind=Kind.SYSTEM, name=name, version=version, occurrences=(at,))
    archive = f"{name.rpartition('/')[2]}-{version}.tgz"
    groups = ",".join(k for k in ("dev", "optional", "peer") if row.string(k).lower() == "true")
    return locked(file, row.key_line, name, version, "npm", integrity(archive, row.string("integrity")), groups=groups)
