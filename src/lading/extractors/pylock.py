"""pylock.toml (PEP 751): every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator
from urllib.parse import unquote

from lading.catalog.lockfile import Locked, crowded, hashed, line_of, locked, newer, normal, observations, own, rows_of
from lading.catalog.origin import archive_at, built_from, repository_at
from lading.catalog.upstreams import split_url
from lading.catalog.wishes import fitting
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

NEWEST = 1


@extractor("pylock.toml", "pylock.*.toml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency."""
    document = toml_document(file)
    yield from newer(file, document.string("lock-version") or "1", NEWEST)
    rows, told = rows_of(file, document, "packages")
    yield from told
    versions: dict[str, list[str]] = {}
    for row in rows:
        versions.setdefault(normal(row.string("name")), []).append(row.string("version"))
    yield from crowded(file, versions)
    yield from observations(_package(file, row, versions) for row in rows)


def _package(file: SourceFile, row: Node, versions: dict[str, list[str]]) -> Locked:
    name, version, line = normal(row.string("name")), row.string("version"), line_of(row, "name")
    asked = ((normal(need.string("name")), need.string("version")) for need in row.elements("dependencies"))
    needs = tuple(f"{other} {found}" for other, wanted in asked for found in fitting("", versions.get(other, ())) if wanted in {"", found})
    if row.get("directory"):
        return Locked(f"{name} {version}", own(file.path, line, name, version), needs)
    files = list(_files(row))
    component = locked(file, line, name, version, "pypi", files, marker=row.string("marker"), index=row.string("index"))
    origin = _origin(row, Occurrence(file.path, line, "packages", f"{name} {version}".strip()), files)
    return Locked(f"{name} {version}", built_from(component, origin) if origin else component, needs, origin)


def _origin(row: Node, at: Occurrence, files: list[FileRecord]) -> Component | None:
    if vcs := row.get("vcs"):
        return repository_at(vcs.string("url"), vcs.string("commit-id") or vcs.string("requested-revision"), at)
    url = row.string("archive", "url")
    return archive_at(url, at, str(files[0].digest) if files else "") if url else None


def _files(row: Node) -> Iterator[FileRecord]:
    for entry in [*row.elements("wheels"), *(n for k in ("sdist", "archive") if (n := row.get(k)))]:
        place = entry.string("name") or unquote(split_url(entry.string("url") or entry.string("path")).path.rpartition("/")[2])
        for algorithm, value in entry.items("hashes"):
            yield from hashed(place, f"{algorithm}:{value.text}", entry.string("size"))
