"""The header of a safetensors file, read strictly and only after its chunk was verified."""

import math
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from lading.core.errors import LoadError, TrustError
from lading.core.limits import DEFAULT_LIMITS
from lading.load.engine import Source
from lading.trust.strict import convert, load

_PREFIX = 8
BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E5M2FNUZ": 8, "F8_E4M3FNUZ": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""The types of elements that the format has, by their size."""


class Tensor(Struct, frozen=True):
    """A tensor by its place in the file, from its first byte to after its last."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class Header(Struct, frozen=True):
    """What a file holds: tensors in the order of their bytes, and free text about it."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]


class _Entry(Struct, forbid_unknown_fields=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def header_of(source: Source) -> Header:
    """The header of an open file, of which only the first chunks are read and verified."""
    return _header(source.bytes, source.length, source.name)


def header_in(memory: memoryview, name: str) -> Header:
    """The header of a file that was verified whole."""
    return _header(lambda start, end: bytes(memory[start:end]), len(memory), name)


def _header(read: Callable[[int, int], bytes], size: int, name: str) -> Header:
    """LoadError when it is none, or does not describe every byte exactly once."""
    length = int.from_bytes(read(0, _PREFIX), "little") if size >= _PREFIX else size
    if length > min(size - _PREFIX, DEFAULT_LIMITS.header_bytes):
        raise LoadError(f"{name} is no safetensors file: its header says it has {length} bytes, the file has {size}")
    return parsed(read(_PREFIX, _PREFIX + length), _PREFIX + length, size, name)


def parsed(data: bytes, begin: int, end: int, name: str) -> Header:
    """The header in these bytes, of a file whose tensors lie from `begin` to before `end`."""
    try:
        value = _object(data)
        metadata = convert(value.pop("__metadata__", {}), dict[str, str], "its metadata")
        tensors = sorted((_tensor(key, entry, begin) for key, entry in value.items()), key=lambda t: (t.start, t.end))
        _side_by_side(tensors, begin, end)
    except TrustError as e:
        raise LoadError(f"{name} is no safetensors file: {e.sentence}") from e
    return Header({t.name: t for t in tensors}, metadata)


def _object(data: bytes) -> dict[str, Any]:
    value = load(data, "its header")
    if not (data.startswith(b"{") and isinstance(value, dict)):
        raise TrustError("its header is no JSON object")
    return value


def _tensor(name: str, value: Any, begin: int) -> Tensor:  # noqa: ANN401 - JSON is anything
    entry = convert(value, _Entry, f"the tensor {name[:100]!r}")
    if entry.dtype not in BITS:
        raise TrustError(f"the tensor {name[:100]!r} has elements of type {entry.dtype[:20]!r}, which is not known")
    first, last = entry.data_offsets
    if any(n < 0 for n in entry.shape) or math.prod(entry.shape) * BITS[entry.dtype] != (last - first) * 8 or first < 0:
        raise TrustError(f"the tensor {name[:100]!r} of shape {entry.shape[:8]} does not fit the bytes {first} to {last}")
    return Tensor(name, entry.dtype, tuple(entry.shape), begin + first, begin + last)


def _side_by_side(tensors: list[Tensor], begin: int, end: int) -> None:
    """Return when the tensors lie without gap and overlap from the header to the end of the file."""
    at = begin
    for tensor in tensors:
        if tensor.start != at:
            raise TrustError(f"the tensor {tensor.name[:100]!r} begins at byte {tensor.start}, the one before it ends at {at}")
        at = tensor.end
    if at != end:
        raise TrustError(f"its tensors end at byte {at}, the file at {end}")
