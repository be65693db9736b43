"""safetensors: a header of JSON, then nothing but numbers; the places of tensors must be exactly those that the library writes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lading.core.inspection import Grade
from lading.scanners._encoded import encoded
from lading.scanners._json import Duplicates, marked, weight
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.syntax.programs import reads_as_script

_WIDTHS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C32": 32,
}  # fmt: skip
_MOST_HEADER = 100_000_000
_LONGEST_READ = 32 << 20
_MOST_VALUES = 1_500_000
_MOST_TEXT = 4 << 20


def _is_safetensors(part: Part) -> bool:
    if part.suffix == ".safetensors" and not part.head.startswith(
        (b"PK", b"GGUF", b"\x80", b"\x7fELF", b"\x93NUMPY", b"\x89HDF", b"\x1f\x8b", b"version https://git-lfs")
    ):
        return True
    return part.head[8:9] == b"{" and 0 < int.from_bytes(part.head[:8], "little") <= max(part.window.size, _MOST_HEADER)


@scanner("safetensors", _is_safetensors)
def scan(part: Part) -> Iterator[Seen]:
    """Read the header, and hold the places of all tensors against each other and against the file."""
    length = part.window.number("<Q", 0)
    if length is None or length > _MOST_HEADER or 8 + length > part.window.size:
        yield part.sees(
            "tensor-bounds", "the header is longer than the file, or than the 100 MB that readers accept", offset=0, effect="integrity"
        )
        return
    values = weight(part.window.part(8, length))
    if values > _MOST_VALUES or length > _LONGEST_READ:
        yield part.sees("limit", "its header names more than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    part.budget.spend(values)
    try:
        header = marked(part.window.read(8, length))
    except ValueError as e:
        yield part.sees("broken-file", f"its header is no JSON: {e}", Grade.SUSPICIOUS, offset=8, effect="integrity")
        return
    yield Span(0, 8 + length)
    if part.head[8:9] != b"{":
        yield part.sees("broken-file", "its header does not begin with a brace", Grade.SUSPICIOUS, offset=8, effect="integrity")
    if isinstance(header, Duplicates):
        yield part.sees("header-keys", f"the header names {header.twice[0]!r} twice", offset=8, effect="integrity")
    if not isinstance(header, dict):
        yield part.sees("broken-file", "its header is no table", Grade.SUSPICIOUS, offset=8)
        return
    yield from _tensors(part, header, 8 + length)


def _tensors(part: Part, header: dict[str, Any], begin: int) -> Iterator[Seen]:
    places = []
    for name, tensor in header.items():
        if name == "__metadata__":
            if not isinstance(tensor, dict) or not all(isinstance(v, str) for v in tensor.values()):
                yield part.sees("broken-file", "its metadata are no table of texts", Grade.SUSPICIOUS, effect="integrity")
            else:
                yield from _metadata(part, tensor, begin)
            continue
        wrong, place = _tensor(tensor)
        if wrong:
            yield part.sees("tensor-bounds", f"the tensor {name[:80]!r} {wrong}", effect="integrity")
            return
        places.append((*place, name))
    position = 0
    for start, end, name in sorted(places):
        if start != position:
            yield part.sees(
                "tensor-bounds",
                f"the tensor {name[:80]!r} begins at {start}, the one before it ends at {position}",
                offset=begin + start,
                effect="integrity",
            )
            return
        position = end
    yield Span(begin, min(begin + position, part.window.size), inert=True)
    if begin + position > part.window.size:
        yield part.sees("tensor-bounds", "the last tensor ends behind the end of the file", Grade.SUSPICIOUS, effect="integrity")


def _metadata(part: Part, texts: dict[str, str], end: int) -> Iterator[Seen]:
    """Texts that nothing runs: what is a program, or a pickle in another spelling, waits there for somebody who does."""
    for key, text in texts.items():
        if reads_as_script(text):
            message = f"its metadata hold a program under {key[:80]!r}: {text[:120]}"
            yield part.sees("data-code", message, offset=8, effect="execute", loader="whoever reads the metadata")
            break
    yield from encoded(part.window, 8, min(end, _MOST_TEXT))


def _tensor(tensor: Any) -> tuple[str, tuple[int, int]]:  # noqa: ANN401 - anything stands in JSON
    """What is wrong with a tensor, or where it is."""
    if not isinstance(tensor, dict) or set(tensor) != {"dtype", "shape", "data_offsets"}:
        return "is not described by type, shape and place alone", (0, 0)
    shape, place, width = tensor["shape"], tensor["data_offsets"], _WIDTHS.get(tensor["dtype"] if isinstance(tensor["dtype"], str) else "")
    if not _whole(shape) or not _whole(place) or len(place) != 2:  # noqa: PLR2004 - begin and end
        return "has a shape or place that is not made of whole numbers", (0, 0)
    if width is None:
        return f"is of the unknown type {tensor['dtype']!r}", (0, 0)
    if math.prod(shape[:32]) * width != (place[1] - place[0]) * 8 or len(shape) > 32:  # noqa: PLR2004 - more than any library has
        return "has a shape that does not fit its place", (0, 0)
    return "", (place[0], place[1])


def _whole(numbers: Any) -> bool:  # noqa: ANN401 - anything stands in JSON
    return isinstance(numbers, list) and all(type(n) is int and 0 <= n < 1 << 62 for n in numbers)
