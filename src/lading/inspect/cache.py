"""Verdicts that were reached before, by the digest of the bytes, the name of the file and the rules: a folder in the user's cache."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from lading.core.inspection import Inspection

SMALLEST = 1 << 18
"""Smaller files are inspected faster than they are looked up."""


def folder() -> Path:
    """Where verdicts lie, in a folder for each set of rules."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "lading" / "inspections"


def found(place: Path, digest: str, name: str) -> Inspection | None:
    """The verdict over these bytes under this name; None where there is none that can be read."""
    try:
        kept = msgspec.json.decode(_path(place, digest, name).read_bytes(), type=Inspection)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return kept if kept.digest == digest else None


def keep(place: Path, inspection: Inspection, name: str) -> None:
    """Remember a verdict, if the folder can be written."""
    path = _path(place, inspection.digest, name)
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(msgspec.json.encode(inspection))
        temporary.replace(path)
    except OSError:
        return


def _path(place: Path, digest: str, name: str) -> Path:
    from lading.inspect.ruleset import ruleset  # noqa: PLC0415 - it reads every table, and small files are not looked up

    return place / ruleset() / (hashlib.sha256(f"{digest}\0{name}".encode("utf-8", "surrogateescape")).hexdigest() + ".json")
