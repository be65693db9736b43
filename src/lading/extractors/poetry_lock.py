"""poetry.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, crowded, hashed, line_of, locked, newer, normal, observations, own, rows_of
from lading.catalog.origin import archive_at, built_from, repository_at
from lading.catalog.wishes import Wish, extras_of, fitting, holding, wish
from lading.core.component import Component, FileRecord, Occurrence
from lading.core.errors import ExtractError
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

NEWEST = 2

_Asked = tuple[Locked, list[Wish]]


@extractor("poetry.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency (formats 1 and 2)."""
    document = toml_document(file)
    yield from newer(file, document.string("metadata", "lock-version") or "1", NEWEST)
    older = document.get("metadata", "files")
    project = _project(file)
    rows, told = rows_of(file, document, "package")
    yield from told
    packages = [_package(file, row, older, every=project is None) for row in rows]
    versions: dict[str, list[str]] = {}
    for package, _ in packages:
        versions.setdefault(normal(package.component.name), []).append(package.component.version)
    yield from crowded(file, versions)
    yield from observations(_resolved([*packages, *([project] if project else [])], versions))


def _resolved(packages: list[_Asked], versions: dict[str, list[str]]) -> Iterator[Locked]:
    """Every package with what it needs: of several versions of one name, those in the range that is asked for."""
    named = [(normal(package.component.name), wishes) for package, wishes in packages]
    for (package, _), held in zip(packages, holding(named), strict=True):
        needs = (f"{w.name} {version}" for w in held for version in fitting(w.allowed, versions.get(w.name, ())))
        yield Locked(package.key, package.component, tuple(dict.fromkeys(needs)), package.origin)


def _project(file: SourceFile) -> _Asked | None:
    """The project and what it asks for, from the manifest beside the lock; None when there is none that can be read."""
    manifest = file.sibling("pyproject.toml")
    try:
        document = toml_document(manifest) if manifest else None
    except ExtractError:  # its own extractor reports it
        return None
    if document is None or manifest is None:
        return None
    name = document.string("project", "name") or document.string("tool", "poetry", "name")
    version = document.string("project", "version") or document.string("tool", "poetry", "version")
    return Locked(f"project {manifest.path}", own(manifest.path, 0, name, version)), list(_asked(document))


def _asked(document: Node) -> Iterator[Wish]:
    tables = [document.items("tool", "poetry", key) for key in ("dependencies", "dev-dependencies")]
    tables += [group.items("dependencies") for _, group in document.items("tool", "poetry", "group")]
    for name, told in (row for table in tables for row in table if row[0] != "python"):
        for one in told.elements() or [told]:
            yield Wish(normal(name), extras=tuple(normal(e.text) for e in one.elements("extras")))
    lists = [document.elements("project", "dependencies")]
    lists += [v.elements() for path in (("project", "optional-dependencies"), ("dependency-groups",)) for _, v in document.items(*path)]
    for entry in (entry for entries in lists for entry in entries):
        if found := wish(entry.text):
            yield Wish(found.name, extras=found.extras)


def _package(file: SourceFile, row: Node, older: Node | None, *, every: bool) -> _Asked:
    """A package with what it asks for; without a manifest nobody can tell which extras are asked for: `every` one counts."""
    wishes = list(_wishes(row))
    conditions = sorted({f"{w.name} ; {w.marker}" for w in wishes if w.marker})
    package = _locked(file, row, older, conditions)
    return package, [Wish(w.name, w.allowed, (), w.extras) for w in wishes] if every else wishes


def _wishes(row: Node) -> Iterator[Wish]:
    optional = {found.name: normal(extra) for extra, texts in row.items("extras") for e in texts.elements() if (found := wish(e.text))}
    for name, told in row.items("dependencies"):
        for one in told.elements() or [told]:
            marker = one.string("markers")
            when = extras_of(marker)
            if not when and one.string("optional").lower() == "true":
                when = (optional.get(normal(name), ""),)
            allowed = one.string("version") or (one.text if isinstance(one.value, str) else "")
            yield Wish(normal(name), allowed, when, tuple(normal(e.text) for e in one.elements("extras")), marker)


def _locked(file: SourceFile, row: Node, older: Node | None, conditions: list[str]) -> Locked:
    name, version, line = row.string("name"), row.string("version"), line_of(row, "name")
    key = f"{normal(name)} {version}"
    kind, url = row.string("source", "type"), row.string("source", "url")
    if kind == "directory":
        return Locked(key, own(file.path, line, normal(name), version))
    groups = ",".join(g.text for g in row.elements("groups")) or row.string("category")
    files = list(_files(row, name, older))
    package = locked(file, line, name, version, "pypi", files, conditions, groups=groups, marker=row.string("markers"))
    origin = _origin(kind, url, row, Occurrence(file.path, line, "package", f"{name} {version}"), files)
    return Locked(key, built_from(package, origin) if origin else package, origin=origin)


def _origin(kind: str, url: str, row: Node, at: Occurrence, files: list[FileRecord]) -> Component | None:
    if kind == "git":
        return repository_at(url, row.string("source", "resolved_reference") or row.string("source", "reference"), at)
    return archive_at(url, at, str(files[0].digest) if files else "") if kind == "url" else None


def _files(row: Node, name: str, older: Node | None) -> Iterator[FileRecord]:
    for entry in row.elements("files") or (older.elements(name) if older else []):
        yield from hashed(entry.string("file"), entry.string("hash"))
