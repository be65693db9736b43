"""Packages that a distribution carries inside of it, under `_vendor`: by their own metadata, else by the list that its maker keeps."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lading.catalog.upstreams import library
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Pin
from lading.installed.distribution import distribution
from lading.installed.texts import text_of

_METADATA = re.compile(r"(?P<folder>(?:.*/)?_vendor/(?:[^/]+/)*[^/]+\.dist-info)/METADATA\Z")
_LIST = re.compile(r"(?:.*/)?_vendor/vendor(?:ed)?\.txt\Z")
_ROW = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+_-]+)")


def vendored(site: Path, inner: str, paths: Iterable[str]) -> Iterator[Component]:
    """The packages among the files of a distribution."""
    for path in paths:
        if found := _METADATA.match(path):
            try:
                yield distribution(site / found["folder"], f"{inner}{found['folder']}").component
            except (ExtractError, OSError):
                continue
        elif _LIST.match(path):
            yield from _listed(site / path, f"{inner}{path}")


def _listed(place: Path, path: str) -> Iterator[Component]:
    for number, line in enumerate(text_of(place).splitlines(), 1):
        if row := _ROW.match(line):
            at = Occurrence(path, number, "vendored", row[0].strip())
            yield library(row["name"], at, version=row["version"], pin=Pin.MUTABLE)
