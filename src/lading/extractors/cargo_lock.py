"""Cargo.lock: every crate with its checksum, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, line_of, locked, newer, observations, own, rows_of
from lading.catalog.origin import built_from, repository_at
from lading.core.component import Component, Occurrence
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

NEWEST = 4


@extractor("Cargo.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every crate and an edge for every dependency; crates of the workspace are systems."""
    document = toml_document(file)
    yield from newer(file, document.string("version") or "1", NEWEST)
    rows, told = rows_of(file, document, "package")
    yield from told
    keys = {key: _keys(row)[0] for row in rows for key in _keys(row)}
    older = {n.rpartition(" (")[0].removeprefix("checksum "): v.text for n, v in document.items("metadata")}
    yield from observations(_crate(file, row, keys, older) for row in rows)


def _keys(row: Node) -> tuple[str, str, str]:
    """How others name a crate: as exactly as it takes to mean one of the lock."""
    name, version, source = row.string("name"), row.string("version"), row.string("source")
    return f"{name} {version} ({source})" if source else f"{name} {version} ", f"{name} {version}", name


def _crate(file: SourceFile, row: Node, keys: dict[str, str], older: dict[str, str]) -> Locked:
    name, version, line, source = row.string("name"), row.string("version"), line_of(row, "name"), row.string("source")
    key, needs = _keys(row)[0], tuple(keys.get(need.text, "") for need in row.elements("dependencies"))
    if not source:
        return Locked(key, own(file.path, line, name, version), needs)
    checksum = row.string("checksum") or older.get(f"{name} {version}", "")
    component = locked(file, line, name, version, "cargo", hashed(f"{name}-{version}.crate", f"sha256:{checksum}"))
    origin = _repository(source, Occurrence(file.path, line, "package", f"{name} {version}"))
    return Locked(key, built_from(component, origin) if origin else component, needs, origin)


def _repository(source: str, at: Occurrence) -> Component | None:
    """`git+URL?branch=name#commit`; None for a registry."""
    address, _, commit = source.removeprefix("git+").partition("#")
    return repository_at(address.partition("?")[0], commit, at) if source.startswith("git+") else None
