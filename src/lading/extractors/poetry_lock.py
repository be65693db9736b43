"""poetry.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, line_of, locked, normal, observations, project
from lading.catalog.requirement import from_git
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@extractor("poetry.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency (formats 1 and 2)."""
    document = toml_document(file)
    older = document.get("metadata", "files")
    packages = [_package(file, row, older) for row in document.elements("package") if row.string("name")]
    yield from observations([*packages, *_project(file)])


def _project(file: SourceFile) -> Iterator[Locked]:
    """The project and what it asks for, from the manifest beside the lock."""
    manifest = file.sibling("pyproject.toml")
    try:
        document = toml_document(manifest) if manifest else None
    except ExtractError:  # its own extractor reports it
        return
    if document is None or manifest is None:
        return
    tables = [document.items("tool", "poetry", key) for key in ("dependencies", "dev-dependencies")]
    tables += [group.items("dependencies") for _, group in document.items("tool", "poetry", "group")]
    lists = [document.elements("project", "dependencies")]
    lists += [v.elements() for path in (("project", "optional-dependencies"), ("dependency-groups",)) for _, v in document.items(*path)]
    asked = [name for table in tables for name, _ in table if name != "python"]
    asked += [match[0] for entries in lists for entry in entries if (match := _NAME.match(entry.text))]
    name = document.string("project", "name") or document.string("tool", "poetry", "name")
    version = document.string("project", "version") or document.string("tool", "poetry", "version")
    yield project(manifest.path, 0, name, version, map(normal, asked))


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
