"""Statements about artifacts: which one is meant, what is said, and the waybill it is kept in."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from lading.core.errors import LadingError
from lading.sign.files import Files, digest_of
from lading.sign.model import manifest_of, sign
from lading.trust import bundle
from lading.trust.bundle import Bundle
from lading.trust.model_signing import MANIFEST, Manifest
from lading.trust.signer import Signatory
from lading.trust.statement import Resource, Statement, dated

WAYBILL = ".waybill.jsonl"


def subject_of(path: Path) -> Resource:
    """An artifact as the subject of a statement: a file by its SHA-256, a folder by the root digest of the model and that of its manifest."""
    files = Files(path)
    if files.alone:
        with files.open(".") as descriptor:
            return Resource(name=files.name, digest={"sha256": digest_of(descriptor, "sha256").hex})
    return subject_of_manifest(manifest_of(files, ("model.sig",), index=False))


def subject_of_manifest(manifest: Manifest) -> Resource:
    """A model as the subject of a statement; the annotation binds the names, which the root digest of the format does not."""
    return Resource(name=manifest.name, digest={"sha256": manifest.root}, annotations={MANIFEST: str(manifest.digest)})


def attest(
    predicate_type: str, subjects: tuple[Resource, ...], predicate: dict[str, Any], by: Signatory, at: datetime | None = None
) -> Bundle:
    """A signed statement about subjects, with the time when one is given."""
    return sign(dated(Statement(subjects, predicate_type, predicate), at), by)


def waybill_of(path: Path) -> Path:
    """Where the waybill of an artifact lies: beside it."""
    return path.with_name(f"{path.resolve().name}{WAYBILL}")


def keep(waybill: Path, *bundles: Bundle) -> None:
    """Add bundles to a waybill, one line each; LadingError when it cannot be written."""
    add(waybill, b"".join(bundle.encode(b) for b in bundles))


def add(waybill: Path, data: bytes) -> None:
    """Add lines to a file, durably; LadingError when it cannot be written."""
    try:
        with waybill.open("ab") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as e:
        raise LadingError(f"{waybill} cannot be written: {e.strerror}", hint="choose another place with --output") from e
