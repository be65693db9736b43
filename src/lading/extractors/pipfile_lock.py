"""Pipfile.lock: every package with the hashes of its files; it tells no dependencies."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, locked, newer, observations
from lading.catalog.origin import archive_at, built_from, repository_at
from lading.core.component import Component, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node

NEWEST = 6


@extractor("Pipfile.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package of every category."""
    document = json_document(file)
    if not isinstance(document.value, dict):
        yield Skipped(file.path, "it holds no table, so it is no lock", ExtractError.code, document.line)
    yield from newer(file, document.string("_meta", "pipfile-spec") or "6", NEWEST)
    rows = [(category, *row) for category, packages in document.items() if category != "_meta" for row in packages.items()]
    yield from observations(_package(file, *row) for row in rows if isinstance(row[2].value, dict) and not row[2].get("path"))


def _package(file: SourceFile, category: str, name: str, row: Node) -> Locked:
    version = row.string("version").removeprefix("==")
    files = (f for number, entry in enumerate(row.elements("hashes")) for f in hashed(f"{name}-{version}#{number}", entry.text))
    component = locked(file, row.key_line, name, version, "pypi", files, groups=category, marker=row.string("markers"))
    origin = _origin(row, Occurrence(file.path, row.key_line, category, name))
    return Locked(name, built_from(component, origin) if origin else component, origin=origin)


def _origin(row: Node, at: Occurrence) -> Component | None:
    if git := row.string("git"):
        return repository_at(git, row.string("ref"), at)
    return archive_at(row.string("file"), at) if "://" in row.string("file") else None
