"""Signing a model and checking one against what was signed of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lading.core.errors import KeyFileError, TrustError
from lading.sign.files import PARALLEL_CHUNKS, Files, ambiguous, chunks_hold, digest_and_chunks, digest_of, side_by_side
from lading.trust import model_signing, statement
from lading.trust.bundle import Bundle
from lading.trust.model_signing import GIT, Item, Manifest
from lading.trust.signer import Signatory, SigningKey
from lading.trust.statement import Statement, dated

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

_CODE = (
    ".py",
    ".so",
    ".pyd",
    ".dll",
    ".dylib",
    ".pkl",
    ".pickle",
    ".bin",
    ".pt",
    ".pth",
    ".safetensors",
    ".gguf",
    ".onnx",
    ".keras",
    ".h5",
)
"""What must not lie unsigned beside a model without being mentioned: code and weights."""


class Difference(Struct, frozen=True, order=True):
    """A file that is not as it was signed: `changed`, `missing`, or `unsigned` (there, and not signed)."""

    path: str
    how: str


class Checked(Struct, frozen=True):
    """What was compared, how, what differs, and what was left out of the comparison."""

    files: int
    by: str
    """`chunks` (BLAKE3 index) or the algorithm of whole files."""
    differences: tuple[Difference, ...] = ()
    left_out: tuple[str, ...] = ()
    """Paths that are there, were not signed and are not looked at, as the signature says or the verifier."""
    notes: tuple[str, ...] = ()


def manifest_of(
    files: Files, ignored: Iterable[str] = (), *, links: bool = False, index: bool = True, known: Mapping[str, Item] | None = None
) -> Manifest:
    """The manifest of a model as it stands; TrustError when it holds what cannot be signed unambiguously. `known` files are not read."""
    left_out = tuple(sorted({*ignored, *(() if files.alone else GIT)}))
    paths = files.paths(left_out, links=links)
    for one, other in ambiguous(paths):
        raise TrustError(f"{one} and {other} are one file on some disks", hint="rename one of them before signing")

    def item(path: str) -> Item:
        if known and path in known:
            return known[path]
        with files.open(path, links=links) as descriptor:
            if not index:
                return Item(path, digest_of(descriptor, "sha256"))
            return Item(path, *digest_and_chunks(descriptor, "sha256"))

    items = tuple(side_by_side(item, [(p,) for p in paths]))
    return Manifest(files.name, items, allow_symlinks=links, ignored=left_out)


def renewed(files: Files, before: Manifest, ignored: Iterable[str] = (), *, links: bool = False) -> Manifest:
    """The manifest of a model as it stands, where an earlier one is believed: a file whose chunks are as they were keeps its SHA-256.

    Every byte is read; only what has changed, or has no index of chunks, is hashed by SHA-256.
    """
    if before.algorithm != "sha256" or before.shard_size:
        return manifest_of(files, ignored, links=links)
    differ = {d.path for d in check(files, before, extra=True, ignored=ignored).differences}
    kept = {item.path: item for item in before.items if item.chunks and item.path not in differ}
    return manifest_of(files, ignored, links=links, known=kept)


def sign(made: Statement, by: Signatory, chain: Sequence[x509.Certificate] = ()) -> Bundle:
    """A bundle of a statement, signed; with certificates (leaf first) the leaf must be that of the key: KeyFileError otherwise."""
    if not chain:
        return by.seal(statement.encode(made))
    from lading.trust import certificates  # noqa: PLC0415 - signing by a bare key does without

    if not isinstance(by, SigningKey) or certificates.public_key_of(chain[0]) != by.public:
        raise KeyFileError(
            "the first certificate is not that of the key", hint="--certificate CERT.pem must certify the key given by --key"
        )
    return Bundle(by.seal(statement.encode(made)).envelope, certificates=tuple(certificates.der(c) for c in chain))


def sign_model(
    files: Files,
    by: Signatory,
    chain: Sequence[x509.Certificate] = (),
    ignored: Iterable[str] = (),
    *,
    links: bool = False,
    at: datetime | None = None,
    before: Manifest | None = None,
) -> Bundle:
    """Hash a model and sign its manifest, with the time when one is given; an earlier manifest that is believed saves hashing."""
    made = renewed(files, before, ignored, links=links) if before else manifest_of(files, ignored, links=links)
    return sign(dated(model_signing.encode(made), at), by, chain)


def check(files: Files, manifest: Manifest, *, extra: bool = False, whole: bool = False, ignored: Iterable[str] = ()) -> Checked:
    """Compare a model with its manifest: by the chunk index where there is one, unless `whole` digests are asked for.

    `extra` files that nobody signed differ, unless they are permitted; then they are named as left out.
    """
    left_out = {*manifest.ignored, *ignored}
    there = set(files.paths(left_out, links=manifest.allow_symlinks))
    ends = {item.path: item.end for item in sorted(manifest.items, key=lambda item: item.end)}
    missing = [Difference(path, "missing") for path in sorted(ends.keys() - there)]
    beyond = sorted(there - ends.keys())
    unsigned = [] if extra else [Difference(path, "unsigned") for path in beyond]
    present = [item for item in manifest.items if item.path in there]
    indexed = not whole and all(item.chunks for item in present)
    tasks = [t for item in present for t in (_chunk_tasks(item) if indexed else [(item, 0)])]

    def holds(item: Item, first: int) -> bool:
        with files.open(item.path, links=manifest.allow_symlinks) as descriptor:
            if indexed and item.chunks:
                return chunks_hold(descriptor, item.chunks, first, PARALLEL_CHUNKS)
            if digest_of(descriptor, item.digest.algorithm, item.start, item.end) != item.digest:
                return False
            return item.end < 0 or item.end < ends[item.path] or not os.pread(descriptor, 1, item.end)

    results = side_by_side(holds, tasks)
    changed = {task[0].path for task, held in zip(tasks, results, strict=True) if not held}
    outside = sorted(p for p in (() if files.alone else left_out) if (files.root / p).exists())
    return Checked(
        files=len(ends),
        by="chunks (blake3)" if indexed and present else manifest.algorithm,
        differences=tuple(sorted([*missing, *unsigned, *(Difference(p, "changed") for p in changed)])),
        left_out=(*outside, *(beyond if extra else ())),
        notes=tuple(_notes(files, manifest, outside)),
    )


def _chunk_tasks(item: Item) -> list[tuple[Item, int]]:
    count = -(-item.chunks.length // item.chunks.size) if item.chunks else 0
    return [(item, first) for first in range(0, max(count, 1), PARALLEL_CHUNKS)]


def _notes(files: Files, manifest: Manifest, outside: Sequence[str]) -> Iterable[str]:
    """What the signature does not say, in sentences."""
    yield "permissions and times of files are not signed"
    if manifest.shard_size:
        yield "signed in shards: empty files are not signed, and an added one is reported as unsigned"
    for path in outside:
        below = [p for p in (files.root / path).rglob("*") if p.suffix in _CODE] if (files.root / path).is_dir() else []
        if below or Path(path).suffix in _CODE:
            yield f"{path} is not signed and holds code or weights ({len(below) or 1} files)"
