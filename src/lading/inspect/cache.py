"""Verdicts that were reached before, by the digest of the bytes, the name of the file and the rules: a folder in the user's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from lading.core.inspection import Inspection
from lading.inspect.ruleset import ruleset

SMALLEST = 1 << 18
"""Smaller files are inspected faster than they are looked up."""


def folder() -> Path:
    """Where the verdicts of the rules of today lie."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "lading" / "inspections" / ruleset()


def found(place: Path, digest: str, name: str) -> Inspection | None:
    """The verdict over these bytes under this name; None where there is none that can be read."""
    try:
        kept = msgspec.json.decode((place / _key(digest, name)).read_bytes(), type=Inspection)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return kept if kept.digest == digest else None


def keep(place: Path, inspection: Inspection, name: str) -> None:
    """Remember a verdict, if the folder can be written."""
    try:
        place.mkdir(parents=True, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place)
        with os.fdopen(handle, "wb") as stream:
            stream.write(msgspec.json.encode(inspection))
        Path(temporary).replace(place / _key(inspection.digest, name))
    except OSError:
        return


def _key(digest: str, name: str) -> str:
    return hashlib.sha256(f"{digest}\0{name}".encode("utf-8", "surrogateescape")).hexdigest() + ".json"
