"""conda-lock.yml and pixi.lock: every package of every platform with its hashes, and what depends on what."""

from collections.abc import Iterator
from urllib.parse import unquote

from lading.catalog.lockfile import Locked, hashed, locked, normal, observations
from lading.catalog.upstreams import split_url
from lading.core.component import Component, FileRecord
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

_NAME = pattern(r"[A-Za-z0-9_][\w.-]*")
_CONDA = pattern(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2)\Z")
_WHEEL = pattern(r"(?P<name>.+?)-(?P<version>\d[^-]*?)(?:-.+\.whl|\.tar\.gz|\.zip)\Z")


@extractor("conda-lock.yml", "*.conda-lock.yml", "pixi.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency."""
    for document in yaml_documents(file):
        rows = document.elements("package") or document.elements("packages")
        yield from observations(
            found for row in rows if (found := _of_conda_lock(file, row) if row.get("manager") else _of_pixi(file, row))
        )


def _of_conda_lock(file: SourceFile, row: Node) -> Locked:
    ecosystem = "pypi" if row.string("manager") == "pip" else "conda"
    platform = row.string("platform")
    place = unquote(split_url(row.string("url")).path.rpartition("/")[2])
    component = locked(file, _line(row), row.string("name"), row.string("version"), ecosystem, _files(row, place), platform=platform)
    needs = tuple(f"{normal(name)} {platform}" for name, _ in row.items("dependencies"))
    return Locked(f"{normal(row.string('name'))} {platform}", component, needs)


def _of_pixi(file: SourceFile, row: Node) -> Locked | None:
    kind = "conda" if row.get("conda") or row.string("kind") == "conda" else "pypi"
    place = unquote(split_url(row.string(kind) or row.string("url")).path.rpartition("/")[2])
    match = (_CONDA if kind == "conda" else _WHEEL).match(place)
    name = row.string("name") or (match["name"] if match else "")
    if not name:
        return None
    version = row.string("version") or (match["version"] if match else "")
    asked = [e.text for table in ("depends", "requires_dist") for e in row.elements(table)]
    needs = tuple(normal(m[0]) for text in asked if (m := _NAME.match(text)))
    return Locked(normal(name), _pixi_component(file, row, name, version, kind, place), needs)


def _pixi_component(file: SourceFile, row: Node, name: str, version: str, kind: str, place: str) -> Component:
    return locked(file, _line(row), name, version, kind, _files(row, place))


def _files(row: Node, place: str) -> Iterator[FileRecord]:
    value = row.string("sha256") or row.string("hash", "sha256")
    older = row.string("md5") or row.string("hash", "md5")
    yield from hashed(place, f"sha256:{value}" if value else f"md5:{older}", row.string("size"))


def _line(row: Node) -> int:
    return next((found.line for name in ("name", "conda", "pypi") if (found := row.get(name))), row.line)
