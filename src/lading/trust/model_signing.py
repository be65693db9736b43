"""OpenSSF Model Signing v1.0: the manifest of a model as an in-toto statement, with an index of chunks that others ignore.

The root digest of the format is over the digests alone and binds no names (section 6.5.1), so a digest of the whole manifest
stands beside it in the subject's annotations, and is what lading joins other statements by.
"""

import hashlib
import re
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import TrustError
from lading.trust.statement import Resource, Statement
from lading.trust.strict import base64_text, canonical, convert, unbase64

PREDICATE = "https://model_signing/signature/v1.0"
LEGACY_PREDICATE = "https://model_signing/Digests/v0.1"
CHUNKS = "lading:chunks"
MANIFEST = "lading:manifest"
CHUNK = 4 << 20
"""Bytes of a chunk."""
_DIGEST_BYTES = {"sha256": 32, "blake2b": 64, "blake3": 32}
GIT = (".git", ".gitattributes", ".github", ".gitignore")
"""What the format leaves unsigned at the root of a model."""


class Chunks(Struct, frozen=True):
    """The BLAKE3 digests of the chunks of a file of `length` bytes, in order, 32 bytes each."""

    size: int
    length: int
    digests: bytes


class Item(Struct, frozen=True):
    """A file of a model, or a range of one (`start` to before `end`) in a manifest of shards."""

    path: str
    digest: Digest
    chunks: Chunks | None = None
    start: int = 0
    end: int = -1


class Manifest(Struct, frozen=True):
    """What is signed of a model: every file, and how they were found and hashed."""

    name: str
    items: tuple[Item, ...]
    algorithm: str = "sha256"
    shard_size: int = 0
    allow_symlinks: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The root digest of the format: SHA-256 over the digests in order, hexadecimal."""
        return hashlib.sha256(b"".join(bytes.fromhex(i.digest.hex) for i in self.items)).hexdigest()

    @property
    def digest(self) -> Digest:
        """The digest of names and contents together."""
        rows = [[i.path, i.start, i.end, str(i.digest)] for i in self.items]
        return Digest.of_bytes(canonical(rows))


class _Chunks(Struct):
    algorithm: Literal["blake3"]
    size: int
    length: int
    digests: str


class _Resource(Struct):
    name: str
    digest: str
    algorithm: str
    annotations: dict[str, Any] = {}


class _Serialization(Struct, forbid_unknown_fields=True):
    method: Literal["files", "shards"]
    hash_type: str
    allow_symlinks: bool
    shard_size: int | float = 0
    ignore_paths: list[str] = []


class _Predicate(Struct):
    serialization: _Serialization
    resources: list[_Resource]


def encode(manifest: Manifest) -> Statement:
    """The statement to sign for a manifest of whole files."""
    resources = [
        {
            "name": item.path,
            "algorithm": item.digest.algorithm,
            "digest": item.digest.hex,
            **({"annotations": {CHUNKS: _chunks(item.chunks)}} if item.chunks else {}),
        }
        for item in manifest.items
    ]
    serialization = {
        "method": "files",
        "hash_type": manifest.algorithm,
        "allow_symlinks": manifest.allow_symlinks,
        "ignore_paths": sorted(manifest.ignored),
    }
    subject = Resource(name=manifest.name, digest={"sha256": manifest.root}, annotations={MANIFEST: str(manifest.digest)})
    return Statement((subject,), PREDICATE, {"serialization": serialization, "resources": resources})


def decode(statement: Statement, *, legacy: bool = False) -> Manifest:
    """The manifest of a statement; TrustError when it contradicts itself or names what no file of a model can be named."""
    if statement.predicate_type == LEGACY_PREDICATE and legacy:
        return _legacy(statement)
    if statement.predicate_type != PREDICATE:
        raise TrustError(f"the statement is a {statement.predicate_type}, no model signature ({PREDICATE})")
    if len(statement.subject) != 1:
        raise TrustError(f"a model signature has one subject, this one has {len(statement.subject)}")
    predicate = convert(statement.predicate, _Predicate, "the model signature")
    settings = predicate.serialization
    shard_size = _shard_size(settings)
    for ignored in settings.ignore_paths:
        if _unsafe(ignored) or any(c in ignored for c in "*?["):
            raise TrustError(f"the signature ignores {ignored!r}, which is no plain path within a model")
    items = tuple(_item(r, settings.hash_type, shard_size) for r in predicate.resources)
    _distinct(items)
    subject = statement.subject[0]
    manifest = Manifest(subject.name, items, settings.hash_type, shard_size, settings.allow_symlinks, tuple(settings.ignore_paths))
    if subject.digest.get("sha256") != manifest.root:
        raise TrustError("the signature contradicts itself: its root digest is not that of the files it lists")
    if subject.annotations.get(MANIFEST, str(manifest.digest)) != str(manifest.digest):
        raise TrustError("the signature contradicts itself: its manifest digest is not that of the names and files it lists")
    return manifest


def _item(resource: _Resource, algorithm: str, shard_size: int) -> Item:
    if algorithm not in _DIGEST_BYTES:
        raise TrustError(f"files are hashed with {algorithm!r}, which is none of {', '.join(_DIGEST_BYTES)}")
    named = resource.algorithm.removesuffix(f"-sharded-{shard_size}")  # as the reference implementation writes it
    if named != algorithm and not (named == "blake2" and algorithm == "blake2b"):
        raise TrustError(f"{resource.name!r} is hashed with {resource.algorithm}, the signature says {algorithm}")
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _DIGEST_BYTES[algorithm]}}}", resource.digest):
        raise TrustError(f"the digest of {resource.name!r} is no {algorithm}")
    path, start, end = _range(resource.name) if shard_size else (resource.name, 0, -1)
    if _unsafe(path) and path != ".":
        raise TrustError(f"the signature names {path!r}, which is no path within a model")
    raw = resource.annotations.get(CHUNKS)
    return Item(path, Digest(algorithm, resource.digest), _indexed(raw, path) if raw is not None else None, start, end)


def _indexed(raw: object, path: str) -> Chunks:
    index = convert(raw, _Chunks, f"the chunk index of {path!r}")
    digests = unbase64(index.digests, f"the chunk index of {path!r}")
    if index.size < 1 << 16 or index.length < 0 or len(digests) != 32 * -(-index.length // index.size):
        raise TrustError(f"the chunk index of {path!r} does not fit a file of {index.length} bytes in chunks of {index.size}")
    return Chunks(index.size, index.length, digests)


def _chunks(chunks: Chunks) -> dict[str, Any]:
    return {"algorithm": "blake3", "size": chunks.size, "length": chunks.length, "digests": base64_text(chunks.digests)}


def _range(name: str) -> tuple[str, int, int]:
    """`path:start:end`; the path may hold colons itself."""
    found = re.fullmatch(r"(.+):(\d{1,19}):(\d{1,19})", name, re.DOTALL)
    if not found or int(found[2]) >= int(found[3]):
        raise TrustError(f"{name!r} is no shard: a path, its start and its end with colons between")
    return found[1], int(found[2]), int(found[3])


def _shard_size(settings: _Serialization) -> int:
    """The size of shards; an integral float counts, which the reference implementation writes."""
    if settings.method == "files":
        return 0
    if settings.shard_size != int(settings.shard_size) or settings.shard_size < 1:
        raise TrustError(f"shards of {settings.shard_size} bytes are no shards")
    return int(settings.shard_size)


def _distinct(items: tuple[Item, ...]) -> None:
    """Return when every byte of every file is named once: no path twice, shards side by side from the first byte."""
    ordered = sorted(items, key=lambda i: (i.path, i.start))
    for before, item in pairwise(ordered):
        if before.path == item.path and (item.end < 0 or before.end != item.start):
            raise TrustError(
                f"the signature names {item.path!r} twice" if item.end < 0 else f"the shards of {item.path!r} do not lie side by side"
            )
    starts = {i.path: i.start for i in reversed(ordered)}
    for path, start in starts.items():
        if start:
            raise TrustError(f"the first {start} bytes of {path!r} are not signed")


def _unsafe(path: str) -> bool:
    parts = path.split("/")
    return not path or "\0" in path or path.startswith("/") or any(p in {"", ".", ".."} for p in parts)


def _legacy(statement: Statement) -> Manifest:
    """The form of the 0.2 releases: every file a subject, nothing said about how they were found."""
    items = []
    for subject in statement.subject:
        if _unsafe(subject.name) or "sha256" not in subject.digest:
            raise TrustError(f"the signature names {subject.name!r}, which is no path within a model with its SHA-256")
        items.append(Item(subject.name, Digest("sha256", subject.digest["sha256"])))
    _distinct(tuple(items))
    return Manifest("", tuple(items), ignored=GIT)
