"""pdm.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, crowded, hashed, line_of, locked, newer, normal, observations, own, rows_of
from lading.catalog.origin import archive_at, built_from, repository_at
from lading.catalog.wishes import Wish, fitting, wish
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

NEWEST = 4


@extractor("pdm.lock", "*.pdm.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency; a package with extras has a row for them."""
    document = toml_document(file)
    yield from newer(file, document.string("metadata", "lock_version") or "4", NEWEST)
    rows, told = rows_of(file, document, "package")
    yield from told
    versions: dict[str, list[str]] = {}
    for row in rows:
        versions.setdefault(normal(row.string("name")), []).append(row.string("version"))
    yield from crowded(file, versions)
    yield from observations(_package(file, row, versions) for row in rows)


def _package(file: SourceFile, row: Node, versions: dict[str, list[str]]) -> Locked:
    wishes = [found for need in row.elements("dependencies") if (found := wish(need.text))]
    needs = tuple(f"{w.name} {version}" for w in wishes for version in fitting(w.allowed, versions.get(w.name, ())))
    key = f"{normal(row.string('name'))} {row.string('version')}"
    if row.string("path"):
        return Locked(key, own(file.path, line_of(row, "name"), normal(row.string("name")), row.string("version")), needs)
    files = [f for entry in row.elements("files") for f in hashed(_file_name(entry), entry.string("hash"))]
    component, origin = _component(file, row, files, wishes), _origin(file, row, files)
    return Locked(key, built_from(component, origin) if origin else component, needs, origin)


def _component(file: SourceFile, row: Node, files: list[FileRecord], wishes: list[Wish]) -> Component:
    conditions = sorted({f"{w.name} ; {w.marker}" for w in wishes if w.marker})
    groups = ",".join(g.text for g in row.elements("groups"))
    place = (file, line_of(row, "name"), row.string("name"), row.string("version"), "pypi")
    return locked(*place, files, conditions, groups=groups, marker=row.string("marker"))


def _origin(file: SourceFile, row: Node, files: list[FileRecord]) -> Component | None:
    at = Occurrence(file.path, line_of(row, "name"), "package", f"{row.string('name')} {row.string('version')}")
    if git := row.string("git"):
        return repository_at(git, row.string("revision") or row.string("ref"), at)
    url = row.string("url")
    return archive_at(url, at, str(files[0].digest) if files else "") if url else None


def _file_name(entry: Node) -> str:
    return entry.string("file") or entry.string("url").partition("#")[0].rpartition("/")[2]
