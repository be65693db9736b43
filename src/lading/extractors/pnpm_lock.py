"""pnpm-lock.yaml (versions 5 to 9): every package with its integrity, and what depends on what."""

import posixpath
import re
from collections.abc import Iterator

from lading.catalog.lockfile import Locked, integrity, locked, newer, observations, project
from lading.catalog.origin import archive_at, built_from, node_origin, repository_at
from lading.core.component import Component, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

NEWEST = 9
_NAMED = pattern(r"(?P<name>(?:@[^/@]+/)?[^/@]+)@(?P<version>.+)\Z")
_OLDER = pattern(r"/(?P<name>(?:@[^/@]+/)?[^/@]+)/(?P<version>\d[^/]*)\Z")
_PEERS = pattern(r"(?P<plain>/(?:@[^/@]+/)?[^/@]+/\d[^/_]*)_.*", re.DOTALL)
_ASKED = ("dependencies", "optionalDependencies")


@extractor("pnpm-lock.yaml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency, whatever its peers are."""
    for document in yaml_documents(file):
        if document.value is not None and not isinstance(document.value, dict):
            yield Skipped(file.path, "it holds no table, so it is no lock", ExtractError.code, document.line)
        yield from newer(file, document.string("lockfileVersion") or "5", NEWEST)
        rows = {_plain(key): row for key, row in reversed(document.items("packages"))}
        needs: dict[str, set[str]] = {}
        for key, row in [*document.items("packages"), *document.items("snapshots")]:
            asked = ((name, value.text) for table in _ASKED for name, value in row.items(table))
            needs.setdefault(_plain(key), set()).update(_meant(name, text, ".", rows) for name, text in asked)
        packages = [_package(file, plain, row, needs.get(plain, set())) for plain, row in reversed(rows.items())]
        yield from observations([*_projects(file, document, rows), *packages])


def _projects(file: SourceFile, document: Node, rows: dict[str, Node]) -> Iterator[Locked]:
    """The project, or every one of a workspace, with what each asks for itself."""
    for folder, row in document.items("importers") or [(".", document)]:
        asked = ((n, v.string("version") or v.text) for table in (*_ASKED, "devDependencies") for n, v in row.items(table))
        needs = [_meant(name, text, folder, rows) for name, text in asked]
        yield project(file.path, row.key_line, "" if folder == "." else folder, "", needs, _folder(folder))


def _meant(name: str, text: str, folder: str, rows: dict[str, Node]) -> str:
    """The key that a dependency means: a version of it, another name with one, or a folder (`link:` from where it is asked)."""
    if text.startswith("link:"):
        return _folder(posixpath.normpath(posixpath.join(folder, text.removeprefix("link:"))))
    options = (_plain(text), _plain(f"{name}@{text}"), _plain(f"/{name}@{text}"), _plain(f"/{name}/{text}"))
    return next((key for key in options if key in rows), "")


def _folder(path: str) -> str:
    return f"folder {path}"


def _package(file: SourceFile, plain: str, row: Node, needs: set[str]) -> Locked:
    match = _NAMED.match(plain) or _OLDER.match(f"/{plain}")
    name = row.string("name") or (match["name"] if match else plain)
    version = (row.string("version") or (match["version"] if match else "")).removeprefix("runtime:")
    if row.string("resolution", "type") == "directory" or row.get("resolution", "directory"):
        return project(file.path, row.key_line, name, version, needs, plain)
    files = integrity(f"{name.rpartition('/')[2]}-{version}.tgz", row.string("resolution", "integrity"))
    groups = "dev" if row.string("dev").lower() == "true" else ""
    component = locked(file, row.key_line, name, version, "npm", files, groups=groups)
    origin = _origin(row, Occurrence(file.path, row.key_line, "package", f"{name} {version}"))
    return Locked(plain, built_from(component, origin) if origin else component, tuple(sorted(needs)), origin)


def _origin(row: Node, at: Occurrence) -> Component | None:
    """The repository or archive it is resolved to; None for a release of a registry."""
    if repository := row.string("resolution", "repo"):
        return repository_at(repository, row.string("resolution", "commit"), at)
    url = row.string("resolution", "tarball")
    if found := node_origin(url, at):
        return found
    return archive_at(url, at) if "://" in url and not row.string("resolution", "integrity") else None


def _plain(key: str) -> str:
    """A key without the peers it is resolved with: `(react@18)`, or `_react@18` in version 5."""
    key = key.partition("(")[0]
    match = _PEERS.match(key)
    return (match["plain"] if match else key).lstrip("/")
