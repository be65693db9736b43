"""VEX: what somebody has decided about problems, in OpenVEX, CycloneDX and CSAF, and in lading.toml."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from lading.audit.vex import csaf, cyclonedx, openvex
from lading.audit.vex.statement import Statement
from lading.core.errors import FormatError, UsageError

LARGEST = 256 << 20
_READERS: tuple[tuple[str, Callable[[object, str], list[Statement]]], ...] = (
    ("@context", openvex.read),
    ("bomFormat", cyclonedx.read),
    ("document", csaf.read),
)


def load(path: Path) -> list[Statement]:
    """The statements of a VEX document, or of every one in a folder; FormatError when one cannot be read: a decision is not lost in silence."""
    if path.is_dir():
        return [s for file in sorted(path.rglob("*.json")) for s in load(file)]
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror}", hint="--vex takes a VEX document, or a folder of them") from e
    if len(data) > LARGEST:
        raise FormatError(f"{path} is larger than {LARGEST >> 20} MiB")
    return read(data, str(path))


def read(data: bytes, name: str) -> list[Statement]:
    """The statements in some bytes, by what they begin with."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"{name} is no JSON: {e}") from e
    if isinstance(value, dict) and value.get("predicateType") == openvex.PREDICATE:
        value = value.get("predicate")
    for key, reader in _READERS:
        if isinstance(value, dict) and key in value:
            return reader(value, name)
    raise FormatError(f"{name} is no VEX document that is read", hint="read are OpenVEX, CycloneDX and CSAF")
