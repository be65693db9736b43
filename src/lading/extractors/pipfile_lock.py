"""Pipfile.lock: every package with the hashes of its files; it tells no dependencies."""

from collections.abc import Iterator

from lading.catalog.lockfile import hashed, locked
from lading.catalog.requirement import from_git
from lading.catalog.upstreams import split_url
from lading.core.component import Component, Occurrence
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node


@extractor("Pipfile.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package of every category."""
    for category, packages in json_document(file).items():
        if category != "_meta":
            for name, row in packages.items():
                if isinstance(row.value, dict) and not row.get("path"):
                    yield _component(file, category, name, row)


def _component(file: SourceFile, category: str, name: str, row: Node) -> Component:
    if git := row.string("git"):
        parts = split_url(git)
        return from_git(parts.hostname or "", parts.path, row.string("ref"), Occurrence(file.path, row.key_line, category, name))
    version = row.string("version").removeprefix("==")
    files = (f for number, entry in enumerate(row.elements("hashes")) for f in hashed(f"{name}-{version}#{number}", entry.text))
    return locked(file, row.key_line, name, version, "pypi", files, groups=category, marker=row.string("markers"))
