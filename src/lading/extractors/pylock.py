"""pylock.toml (PEP 751): every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator
from urllib.parse import unquote

from lading.catalog.lockfile import Locked, hashed, line_of, locked, normal, observations
from lading.catalog.requirement import from_git
from lading.catalog.upstreams import split_url
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.kinds import Kind
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document


@extractor("pylock.toml", "pylock.*.toml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency."""
    yield from observations(_package(file, row) for row in toml_document(file).elements("packages") if row.string("name"))


def _package(file: SourceFile, row: Node) -> Locked:
    needs = tuple(normal(need.string("name")) for need in row.elements("dependencies"))
    return Locked(normal(row.string("name")), _component(file, row), needs)


def _component(file: SourceFile, row: Node) -> Component:
    name, version, line = row.string("name"), row.string("version"), line_of(row, "name")
    at = Occurrence(file.path, line, "packages", f"{name} {version}".strip())
    if row.get("directory"):
        return Component(kind=Kind.SYSTEM, name=normal(name), version=version, occurrences=(at,))
    if vcs := row.get("vcs"):
        parts = split_url(vcs.string("url").removeprefix("git+"))
        return from_git(parts.hostname or "", parts.path, vcs.string("commit-id") or vcs.string("requested-revision"), at)
    return locked(file, line, name, version, "pypi", _files(row), marker=row.string("marker"), index=row.string("index"))


def _files(row: Node) -> Iterator[FileRecord]:
    for entry in [*row.elements("wheels"), *(n for k in ("sdist", "archive") if (n := row.get(k)))]:
        place = entry.string("name") or unquote(split_url(entry.string("url") or entry.string("path")).path.rpartition("/")[2])
        for algorithm, value in entry.items("hashes"):
            yield from hashed(place, f"{algorithm}:{value.text}", entry.string("size"))
