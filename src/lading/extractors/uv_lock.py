"""uv.lock: every locked library with the hashes of its files and what depends on what."""

import tomllib
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from lading.catalog.upstreams import library, repository
from lading.core.component import Component, Edge, Occurrence
from lading.core.digest import Digest
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Pin, Relation
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

Package = dict[str, Any]


@extractor("uv.lock")
def read(file: SourceFile) -> Iterator[Component | Edge]:
    """Yield the locked libraries, exact when hashes or a commit hold them, and the edges between them."""
    try:
        packages: list[Package] = tomllib.loads(file.text).get("package", [])
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ExtractError(f"{file.path} is not a uv lock: {e}") from e
    lines = _lines(file.text)
    components: dict[tuple[str, str], Component] = {}
    for number, package in enumerate(packages):
        if component := _component(file, package, lines[number] if number < len(lines) else 0):
            components[package["name"], str(package.get("version", ""))] = component
    yield from components.values()
    yield from _edges(packages, components)


def _lines(text: str) -> list[int]:
    return [number + 1 for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[package]]"]


def _component(file: SourceFile, package: Package, line: int) -> Component | None:
    name, version, source = package.get("name"), str(package.get("version", "")), package.get("source", {})
    if not isinstance(name, str) or not isinstance(source, dict) or {"virtual", "editable", "directory", "path"} & source.keys():
        return None
    at = Occurrence(file.path, line, "package", f"{name} {version}".strip())
    if "git" in source and "github.com/" in str(source["git"]):
        location, _, revision = str(source["git"]).partition("#")
        owner_and_name = location.partition("github.com/")[2].partition("?")[0].removesuffix(".git")
        return repository(Kind.LIBRARY, owner_and_name, at, revision=revision)
    digests = tuple(sorted({d for d in map(_digest, _files(package)) if d}))
    component = library(name, at, version=version, pin=Pin.EXACT if digests else Pin.MUTABLE)
    return replace(component, digests=digests)


def _files(package: Package) -> list[Package]:
    wheels = package.get("wheels", [])
    return [f for f in (*(wheels if isinstance(wheels, list) else ()), package.get("sdist")) if isinstance(f, dict)]


def _digest(file: Package) -> Digest | None:
    try:
        return Digest.parse(str(file.get("hash", "")))
    except ValueError:
        return None


def _edges(packages: list[Package], components: dict[tuple[str, str], Component]) -> Iterator[Edge]:
    versions: dict[str, list[str]] = {}
    for name, version in components:
        versions.setdefault(name, []).append(version)
    for package in packages:
        source = components.get((str(package.get("name")), str(package.get("version", ""))))
        if source is None:
            continue
        groups = [package.get("dependencies", []), *package.get("optional-dependencies", {}).values()]
        for dependency in (d for group in groups if isinstance(group, list) for d in group if isinstance(d, dict)):
            name = str(dependency.get("name"))
            for version in [str(dependency["version"])] if "version" in dependency else versions.get(name, []):
                if target := components.get((name, version)):
                    yield Edge(source.ref, Relation.DEPENDS_ON, target.ref)
