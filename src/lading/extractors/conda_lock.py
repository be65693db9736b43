"""conda-lock.yml: every package of every platform with its hashes, and what depends on what."""

from collections.abc import Iterator
from urllib.parse import unquote

from lading.catalog.lockfile import Locked, hashed, line_of, locked, newer, normal, observations, rows_of
from lading.catalog.upstreams import split_url
from lading.core.component import FileRecord
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

NEWEST = 1


@extractor("conda-lock.yml", "*.conda-lock.yml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency on the same platform."""
    for document in yaml_documents(file):
        yield from newer(file, document.string("version") or "1", NEWEST)
        rows, told = rows_of(file, document, "package")
        yield from told
        yield from observations(_package(file, row) for row in rows)


def _package(file: SourceFile, row: Node) -> Locked:
    ecosystem = "pypi" if row.string("manager") == "pip" else "conda"
    platform = row.string("platform")
    name, version = row.string("name"), row.string("version")
    component = locked(file, line_of(row, "name"), name, version, ecosystem, _files(row), platform=platform, groups=row.string("category"))
    needs = tuple(f"{normal(needed)} {platform}" for needed, _ in row.items("dependencies"))
    return Locked(f"{normal(name)} {platform}", component, needs)


def _files(row: Node) -> Iterator[FileRecord]:
    place = unquote(split_url(row.string("url")).path.rpartition("/")[2])
    for algorithm, value in row.items("hash"):
        yield from hashed(place, f"{algorithm}:{value.text}")
