"""pnpm-lock.yaml (versions 5 to 9): every package with its integrity, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, integrity, locked, observations, project
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

_KEY = pattern(r"/?(?P<name>(?:@[^/@]+/)?[^/@]+)[@/](?P<version>[^(_]+)")


@extractor("pnpm-lock.yaml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency, whatever its peers are."""
    for document in yaml_documents(file):
        needs: dict[str, set[str]] = {}
        for key, row in [*document.items("packages"), *document.items("snapshots")]:
            for table in ("dependencies", "optionalDependencies"):
                needs.setdefault(_plain(key), set()).update(_plain(_key(name, value.text)) for name, value in row.items(table))
        rows = {_plain(key): (key, row) for key, row in document.items("packages") if _KEY.match(key)}
        packages = [_package(file, plain, row, needs.get(plain, set())) for plain, (_, row) in rows.items()]
        yield from observations([*_projects(file, document), *packages])


def _projects(file: SourceFile, document: Node) -> Iterator[Locked]:
    """The project, or every one of a workspace, with what each asks for itself."""
    tables = ("dependencies", "optionalDependencies", "devDependencies")
    for folder, row in document.items("importers") or [(".", document)]:
        needs = [_plain(_key(n, v.string("version") or v.text)) for table in tables for n, v in row.items(table)]
        if needs:
            name = file.folder.rpartition("/")[2] if folder == "." else folder
            yield project(file.path, row.key_line, name, "", needs)


def _package(file: SourceFile, plain: str, row: Node, needs: set[str]) -> Locked:
    name, _, version = plain.rpartition("@")
    files = integrity(f"{name.rpartition('/')[2]}-{version}.tgz", row.string("resolution", "integrity"))
    groups = "dev" if row.string("dev") == "true" else ""
    return Locked(plain, locked(file, row.key_line, name, version, "npm", files, groups=groups), tuple(sorted(needs)))


def _key(name: str, version: str) -> str:
    """The key that a dependency means: its version, or another name with one."""
    return version if version.startswith("/") or "@" in version.partition("(")[0] else f"{name}@{version}"


def _plain(key: str) -> str:
    match = _KEY.match(key)
    return f"{match['name']}@{match['version']}" if match else key
