"""pdm.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, line_of, locked, normal, observations
from lading.catalog.requirement import from_git
from lading.catalog.upstreams import split_url
from lading.core.component import Component, Occurrence
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

_NAME = pattern(r"[A-Za-z0-9][\w.-]*")


@extractor("pdm.lock", "*.pdm.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency."""
    yield from observations(_package(file, row) for row in toml_document(file).elements("package") if row.string("name"))


def _package(file: SourceFile, row: Node) -> Locked:
    needs = tuple(normal(m[0]) for need in row.elements("dependencies") if (m := _NAME.match(need.text)))
    return Locked(normal(row.string("name")), _component(file, row), needs)


def _component(file: SourceFile, row: Node) -> Component:
    name, version, line = row.string("name"), row.string("version"), line_of(row, "name")
    if git := row.string("git"):
        parts = split_url(git)
        return from_git(
            parts.hostname or "", parts.path, row.string("revision"), Occurrence(file.path, line, "package", f"{name} {version}")
        )
    files = (f for entry in row.elements("files") for f in hashed(_file_name(entry), entry.string("hash")))
    return locked(
        file, line, name, version, "pypi", files, groups=",".join(g.text for g in row.elements("groups")), marker=row.string("marker")
    )


def _file_name(entry: Node) -> str:
    return entry.string("file") or entry.string("url").partition("#")[0].rpartition("/")[2]
