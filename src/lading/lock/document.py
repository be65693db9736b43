"""`lading.lock` as a document: TOML with a table for each artifact, sorted, a file on each line, so that differences are small and merge well."""

import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import ConfigError, LadingError
from lading.core.kinds import Kind
from lading.sources._registry import Found, LockedFile

NAME = "lading.lock"
VERSION = 1
_HEADER = "# Written by `lading lock`; checked by `lading lock --check`. Not to be edited by hand.\n"


class Locked(Struct, frozen=True, kw_only=True):
    """An artifact in the lock: how the sources ask for it, and what that was when it was locked; or why it could not be told."""

    kind: Kind
    name: str
    upstream: str
    asked: str = ""
    """The revision as the sources have it: a branch, tag, commit or digest; empty where they name none."""
    found: Found | None = None
    unresolved: str = ""
    purl: str = ""
    url: str = ""
    loaders: tuple[str, ...] = ()
    """The calls and keys that load it."""

    @property
    def key(self) -> tuple[str, str, str]:
        """By what an artifact is found again: upstream, name and the revision that is asked for."""
        return self.upstream, self.name, self.asked


class Lock(Struct, frozen=True):
    """The whole document."""

    artifacts: tuple[Locked, ...] = ()

    def by_key(self) -> dict[tuple[str, str, str], Locked]:
        """Every artifact by its key."""
        return {a.key: a for a in self.artifacts}


class _File(Struct, forbid_unknown_fields=True):
    path: str
    size: int
    digest: str
    url: str = ""


class _Artifact(Struct, forbid_unknown_fields=True):
    kind: Kind
    name: str
    upstream: str
    asked: str = ""
    revision: str = ""
    identity: str = ""
    owner: str = ""
    license: str = ""
    gated: str = ""
    version: str = ""
    validator: str = ""
    partial: bool = False
    purl: str = ""
    url: str = ""
    unresolved: str = ""
    loaders: list[str] = []
    files: list[_File] = []


class _Document(Struct, forbid_unknown_fields=True):
    version: int
    artifact: list[_Artifact] = []


def read(path: Path) -> Lock:
    """The lock in a file; ConfigError says what is wrong with it."""
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as e:
        raise ConfigError(f"{path} cannot be read: {e.strerror}", hint="lading lock writes one") from e


def decode(data: bytes, what: str = NAME) -> Lock:
    """The lock in a document."""
    try:
        raw = msgspec.convert(tomllib.loads(data.decode("utf-8")), _Document)
        if raw.version != VERSION:
            raise ConfigError(f"{what} is of version {raw.version}, this release reads {VERSION}", hint="update lading, or lock anew")
        return Lock(tuple(_locked(a) for a in raw.artifact))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, RecursionError) as e:
        raise ConfigError(f"{what} is no lock: {e}", hint="after a merge: lading lock writes it anew") from e


def encode(lock: Lock) -> bytes:
    """The document: the same lock gives the same bytes."""
    artifacts = sorted(lock.artifacts, key=lambda a: (a.kind, a.key))
    return "\n".join([_HEADER, f"version = {VERSION}\n", *("\n".join(_table(a)) + "\n" for a in artifacts)]).encode()


def write(path: Path, lock: Lock) -> None:
    """Put the lock in its place, whole or not at all; LadingError when it cannot be written."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_bytes(encode(lock))
        scratch.replace(path)
    except OSError as e:
        scratch.unlink(missing_ok=True)
        raise LadingError(f"{path} cannot be written: {e.strerror}") from e


def _locked(a: _Artifact) -> Locked:
    files = tuple(sorted(LockedFile(f.path, f.size, Digest.parse(f.digest), f.url) for f in a.files))
    found = Found(
        revision=a.revision,
        identity=a.identity,
        owner=a.owner,
        license=a.license,
        gated=a.gated,
        version=a.version,
        validator=a.validator,
        partial=a.partial,
        files=files,
    )
    return Locked(
        kind=a.kind,
        name=a.name,
        upstream=a.upstream,
        asked=a.asked,
        found=found if a.revision else None,
        unresolved=a.unresolved,
        purl=a.purl,
        url=a.url,
        loaders=tuple(a.loaders),
    )


def _table(locked: Locked) -> Iterator[str]:
    yield "[[artifact]]"
    found = locked.found
    rows: dict[str, Any] = {"kind": str(locked.kind), "name": locked.name, "upstream": locked.upstream, "asked": locked.asked}
    if found:
        rows |= {
            "revision": found.revision,
            "identity": found.identity,
            "owner": found.owner,
            "license": found.license,
            "gated": found.gated,
            "version": found.version,
            "validator": found.validator,
        }
    rows |= {"purl": locked.purl, "url": locked.url, "unresolved": locked.unresolved}
    yield from (f"{name} = {_text(value)}" for name, value in rows.items() if value)
    if found and found.partial:
        yield "partial = true"
    if locked.loaders:
        yield f"loaders = [{', '.join(map(_text, sorted(locked.loaders)))}]"
    if found and found.files:
        yield "files = ["
        yield from (f"  {{ {_row(f)} }}," for f in sorted(found.files))
        yield "]"


def _row(file: LockedFile) -> str:
    url = f", url = {_text(file.url)}" if file.url else ""
    return f"path = {_text(file.path)}, size = {file.size}, digest = {_text(str(file.digest))}{url}"


def _text(value: str) -> str:
    """A basic TOML string."""
    return '"' + "".join(_escaped(c) for c in value) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character < " " or character == "\x7f":
        return f"\\u{ord(character):04X}"
    return character


def loaders_of(symbols: Iterable[str]) -> tuple[str, ...]:
    """The calls and keys that load an artifact, each once."""
    return tuple(sorted(set(filter(None, symbols))))
