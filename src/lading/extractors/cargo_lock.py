"""Cargo.lock: every crate with its checksum, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.lockfile import Locked, hashed, line_of, locked, observations
from lading.catalog.requirement import from_git
from lading.catalog.upstreams import split_url
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document


@extractor("Cargo.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every crate and an edge for every dependency; crates of the workspace are systems."""
    document = toml_document(file)
    rows = [row for row in document.elements("package") if row.string("name")]
    versions: dict[str, list[str]] = {}
    for row in rows:
        versions.setdefault(row.string("name"), []).append(row.string("version"))

    def need(text: str) -> str:
        name, _, rest = text.partition(" ")
        return f"{name} {rest.partition(' ')[0] or next(iter(versions.get(name, [''])))}"

    older = {n.rpartition(" (")[0].removeprefix("checksum "): v.text for n, v in document.items("metadata")}
    yield from observations(
        Locked(
            f"{row.string('name')} {row.string('version')}",
            _crate(file, row, older),
            tuple(need(n.text) for n in row.elements("dependencies")),
        )
        for row in rows
    )


def _crate(file: SourceFile, row: Node, older: dict[str, str]) -> Component:
    name, version, line, source = row.string("name"), row.string("version"), line_of(row, "name"), row.string("source")
    at = Occurrence(file.path, line, "package", f"{name} {version}")
    if source.startswith("git+"):
        parts = split_url(source.removeprefix("git+"))
        return from_git(parts.hostname or "", parts.path, parts.fragment, at)
    if not source:
        return Component(kind=Kind.SYSTEM, name=name, version=version, occurrences=(at,))
    checksum = row.string("checksum") or older.get(f"{name} {version}", "")
    return locked(file, line, name, version, "cargo", hashed(f"{name}-{version}.crate", f"sha256:{checksum}"))
