"""Models that nobody signed and `lading.lock` pins: the bytes that were there when it was locked, by the digest of every file."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import ConfigError, EvidenceError
from lading.core.verdict import Answer, Verdict
from lading.load.admission import Admission
from lading.load.hub_cache import is_snapshot
from lading.trust.model_signing import Item, Manifest

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = 1
_ALGORITHMS = frozenset({"sha256", "git"})
_PATH = re.compile(r"(?!/)(?:(?!\.{1,2}(?:/|\Z))[^/\0]+/)*(?!\.{1,2}\Z)[^/\0]+")


class _File(Struct):
    path: str
    digest: str


class _Artifact(Struct):
    name: str
    revision: str = ""
    partial: bool = False
    files: list[_File] = []


class _Lock(Struct):
    version: int
    artifact: list[_Artifact] = []


def pinned(lock: Path, model: Path, name: str) -> list[Admission]:
    """What the lock says of the model with a name; EvidenceError when that is nothing, or not every file."""
    hint = "lading lock pins it; lading sign signs it"
    found = [a for a in _read(lock).artifact if a.files and _means(a, model, name)]
    if not found:
        raise EvidenceError(f"{model} has no signature, and {lock.name} pins nothing of the name {name}", hint=hint)
    if all(a.partial for a in found):
        raise EvidenceError(f"{lock.name} was made from a cache that may lack files of {name}", hint="lading lock, with the hub at hand")
    return [_admission(a, lock) for a in found if not a.partial]


def _means(artifact: _Artifact, model: Path, name: str) -> bool:
    """Whether an entry is about a model; a snapshot in a cache has its revision as name."""
    if is_snapshot(model):
        return artifact.name == name and artifact.revision == model.name
    return f"/{name}".endswith(f"/{artifact.name}")


def _admission(artifact: _Artifact, lock: Path) -> Admission:
    manifest = Manifest(artifact.name, tuple(sorted((_item(f, lock) for f in artifact.files), key=lambda i: i.path)))
    reason = f"pinned by {lock.name} to the revision {artifact.revision[:64]}, signed by nobody"
    return Admission(manifest, Verdict(Answer.ALLOW, (reason,)), (), "pinned")


def _item(file: _File, lock: Path) -> Item:
    try:
        digest = Digest.parse(file.digest)
    except ValueError as e:
        raise ConfigError(f"{lock}: {e}") from e
    if digest.algorithm not in _ALGORITHMS or not _PATH.fullmatch(file.path):
        raise ConfigError(f"{lock}: {file.path[:100]!r} is pinned in a way that cannot be compared", hint="lading lock writes it anew")
    return Item(file.path, digest)


def _read(lock: Path) -> _Lock:
    try:
        read = msgspec.convert(tomllib.loads(lock.read_text("utf-8")), _Lock)
    except OSError as e:
        raise EvidenceError(f"{lock} cannot be read: {e.strerror}", hint="lading lock writes one") from e
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as e:
        raise ConfigError(f"{lock} is no lock: {e}", hint="lading lock writes it anew") from e
    if read.version != _VERSION:
        raise ConfigError(f"{lock} is of version {read.version}, this release reads {_VERSION}", hint="update lading, or lock anew")
    return read
