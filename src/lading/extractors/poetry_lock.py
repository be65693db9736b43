"""poetry.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, line_of, locked, normal, observations
from lading.catalog.requirement import from_git
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document


@extractor("poetry.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency (formats 1 and 2)."""
    document = toml_document(file)
    older = document.get("metadata", "files")
    yield from observations(_package(file, row, older) for row in document.elements("package") if row.string("name"))


def _package(file: SourceFile, row: Node, older: Node | None) -> Locked:
    name = row.string("name")
    return Locked(normal(name), _component(file, row, name, older), tuple(normal(need) for need, _ in row.items("dependencies")))


def _component(file: SourceFile, row: Node, name: str, older: Node | None) -> Component:
    version, line, source = row.string("version"), line_of(row, "name"), row.get("source")
    if source and source.string("type") == "git":
        at = Occurrence(file.path, line, "package", f"{name} {version}")
        host, _, path = source.string("url").removeprefix("git@").partition("://")[2].replace(":", "/").partition("/")
        return from_git(host, f"/{path}", source.string("resolved_reference") or source.string("reference"), at)
    groups = ",".join(g.text for g in row.elements("groups")) or row.string("category")
    return locked(file, line, name, version, "pypi", _files(row, name, older), groups=groups, marker=row.string("markers"))


def _files(row: Node, name: str, older: Node | None) -> Iterator[FileRecord]:
    for entry in row.elements("files") or (older.elements(name) if older else []):
        yield from hashed(entry.string("file"), entry.string("hash"))
