"""package-lock.json and npm-shrinkwrap.json (versions 1 to 3): every package with its integrity, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, integrity, locked, newer, observations, own, project
from lading.catalog.origin import built_from, node_origin
from lading.core.component import Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node

NEWEST = 3
_FOLDER = "node_modules/"
_ALIAS = pattern(r"npm:(?P<name>(?:@[^/@]+/)?[^/@]+)@(?P<version>.+)\Z")
_NOWHERE = "\0"


@extractor("package-lock.json", "npm-shrinkwrap.json")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every installed place and an edge for what Node finds from there."""
    document = json_document(file)
    if not isinstance(document.value, dict):
        yield Skipped(file.path, "it holds no table, so it is no lock", ExtractError.code, document.line)
    yield from newer(file, document.string("lockfileVersion") or "1", NEWEST)
    places = dict(document.items("packages")) or dict(_older("", document))
    linked = {row.string("resolved"): place.rpartition(_FOLDER)[2] for place, row in places.items() if row.get("link")}
    packages = [_package(file, place, row, places, linked) for place, row in places.items() if not row.get("link")]
    if not document.items("packages"):
        needs = (_found("", name, places) for name in _direct(file))
        packages.append(project(file.path, 1, document.string("name"), document.string("version"), needs))
    yield from observations(packages)


def _direct(file: SourceFile) -> list[str]:
    """What the project asks for: version 1 does not tell, the manifest beside it does."""
    manifest = file.sibling("package.json")
    try:
        return _needs(json_document(manifest), "") if manifest else []
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


def _needs(row: Node, place: str) -> list[str]:
    """The names that a place asks for; what stands below `dependencies` in version 1 is where things lie, not who asks."""
    if row.get("requires"):
        return [name for name, _ in row.items("requires")]
    tables = ["dependencies", "optionalDependencies", "peerDependencies"] + ([] if _FOLDER in f"/{place}" else ["devDependencies"])
    rows = [(name, value) for table in tables for name, value in row.items(table)]
    return list(dict.fromkeys(name for name, value in rows if not isinstance(value.value, dict)))


def _found(place: str, name: str, places: dict[str, Node]) -> str:
    """Where Node finds a package from a place: below it, or below each folder above; nowhere when it is not installed."""
    above = f"{place}/" if place else ""
    while True:
        if (there := f"{above}{_FOLDER}{name}") in places:
            return places[there].string("resolved") if places[there].get("link") else there
        if not above:
            return _NOWHERE
        above = above.rstrip("/").rpartition(_FOLDER)[0]


def _package(file: SourceFile, place: str, row: Node, places: dict[str, Node], linked: dict[str, str]) -> Locked:
    alias = _ALIAS.match(row.string("version"))
    name = (alias["name"] if alias else row.string("name")) or linked.get(place) or place.rpartition(_FOLDER)[2]
    version = alias["version"] if alias else row.string("version")
    needs = tuple(_found(place, need, places) for need in _needs(row, place))
    if _FOLDER not in f"/{place}":
        return Locked(place, own(file.path, row.key_line, name, version), needs)
    files = integrity(f"{name.rpartition('/')[2]}-{version}.tgz", row.string("integrity"))
    groups = ",".join(k for k in ("dev", "optional", "peer") if row.string(k).lower() == "true")
    at = Occurrence(file.path, row.key_line, "package", f"{name} {version}")
    given = node_origin(version, at)
    origin = node_origin(row.string("resolved"), at) or given
    component = locked(file, row.key_line, name, "" if given else version, "npm", files, groups=groups)
    return Locked(place, built_from(component, origin) if origin else component, needs, origin)
