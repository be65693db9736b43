"""safetensors: the header tells dtypes, shapes and metadata; the tensors are not read but hashed."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from lading.catalog.on_disk import held
from lading.core.component import Component, ModelFacts
from lading.core.errors import ExtractError, LimitError
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_LENGTH = 8


@extractor("*.safetensors")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the model a safetensors file is, or is a shard of."""
    header = _header(file)
    tensors = {k: v for k, v in header.items() if k != "__metadata__" and isinstance(v, dict)}
    parameters = sum(_elements(t) for t in tensors.values())
    dtypes = sorted({str(t.get("dtype", "")) for t in tensors.values()})
    metadata = header.get("__metadata__", {})
    rows = (
        tuple(("lading:safetensors:metadata", f"{k}={v}"[:300]) for k, v in sorted(metadata.items())[:20])
        if isinstance(metadata, dict)
        else ()
    )
    facts = ModelFacts(format="safetensors", parameters=parameters, quantization=",".join(dtypes))
    yield held(file, what="safetensors header", facts=facts, properties=rows)


def _header(file: SourceFile) -> dict[str, Any]:
    with file.open() as stream:
        length = int.from_bytes(stream.read(_LENGTH), "little")
        if length > file.size - _LENGTH:
            raise ExtractError(f"{file.path} is no safetensors file: its header says {length} bytes, the file has {file.size}")
        if length > file.limits.header_bytes:
            raise LimitError(f"{file.path} has a header of {length} bytes, more than the {file.limits.header_bytes} that are read")
        data = stream.read(length)
    try:
        header: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise ExtractError(f"{file.path} is no safetensors file: its header is not a JSON object") from e
    return header


def _elements(tensor: dict[str, Any]) -> int:
    shape = tensor.get("shape", [])
    return math.prod(n for n in shape if isinstance(n, int) and 0 <= n < 1 << 40) if isinstance(shape, list) else 0
