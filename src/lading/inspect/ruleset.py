"""Which knowledge a verdict rests on: a digest over every table and every line of the scanners."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

import lading
from lading.core.shipped import files
from lading.pickles.known import version

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_PACKAGES = ("lading.binary", "lading.pickles", "lading.scanners", "lading.inspect")


@cache
def ruleset() -> str:
    """The version of the tables and a digest of what decides: two answers with the same one are comparable."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        _add(files(package), digest)
    return f"{lading.__version__}+{version()}.{digest.hexdigest()[:12]}"


def _add(folder: Traversable, digest: hashlib._Hash) -> None:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.name != "__pycache__":
            _add(entry, digest)
        elif entry.name.endswith((".py", ".toml")):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
