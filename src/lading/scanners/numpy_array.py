"""NumPy's npy: a header, then numbers, or a pickle where the array is one of objects."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen, Span, scanner
from lading.scanners._streams import itemsize

_MOST_HEADER = 1 << 20


@scanner("NumPy array", lambda part: part.head[:6] == b"\x93NUMPY")
def scan(part: Part) -> Iterator[Seen]:
    """Pass over as many bytes as type and shape say; follow the pickle of an array of objects."""
    major = part.head[6] if len(part.head) > 6 else 0  # noqa: PLR2004 - behind the magic
    width, begin = (2, 10) if major == 1 else (4, 12)
    length = part.window.number("<H" if width == 2 else "<I", 8)  # noqa: PLR2004 - two bytes or four
    if major not in {1, 2, 3} or length is None or length > _MOST_HEADER:
        yield part.sees("broken-file", "its header is of no known version, or too long", Grade.UNSCANNABLE)
        return
    part.budget.spend(length // _LETTERS)
    header = _header(part.window.read(begin, length))
    if header is None:
        yield part.sees("broken-file", "its header is no table with type, order and shape", Grade.SUSPICIOUS, offset=begin)
        return
    kind, shape = header
    data = begin + length
    yield Span(0, data)
    if has_objects(kind):
        yield Nested(part.window.part(data, part.window.size), "objects", "pickle")
        yield Span(data, part.window.size)
        return
    try:
        end = data + size_of(kind) * math.prod(shape)
    except TypeError:
        yield part.sees("broken-file", "its type is none of NumPy", Grade.SUSPICIOUS, offset=begin)
        return
    if end > part.window.size:
        yield part.sees("tensor-bounds", "the array is longer than the file", effect="integrity")
    yield Span(data, min(end, part.window.size), inert=True)


_LETTERS = 3
"""Bytes of a header that are read for one unit of work."""


def _header(raw: bytes) -> tuple[Any, tuple[int, ...]] | None:
    import ast  # noqa: PLC0415 - when there is an array
    import warnings  # noqa: PLC0415 - as above

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = ast.literal_eval(raw.decode("latin-1").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(table, dict) or set(table) != {"descr", "fortran_order", "shape"}:
        return None
    shape = table["shape"]
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and 0 <= n < 1 << 62 for n in shape) or len(shape) > 64:  # noqa: PLR2004 - NumPy's own limit
        return None
    return table["descr"], shape


_PLAIN = pattern(r"[<>|=]?[?bBhHiIlLqQpPefdgFDGSaUVmMcu]\d*(?:\[\w*\])?")


def has_objects(kind: Any) -> bool:  # noqa: ANN401 - a type as NumPy writes it
    """Whether an array of this type is a pickle; anything that is not understood counts as one."""
    if isinstance(kind, str):
        return "O" in kind or not _PLAIN.fullmatch(kind) or (not itemsize(kind) and kind.lstrip("<>|=") not in {"U0", "S0", "V0"})
    if isinstance(kind, list):
        return not all(isinstance(f, tuple) and len(f) in {2, 3} for f in kind) or any(has_objects(f[1]) for f in kind)
    if isinstance(kind, tuple) and kind:
        return has_objects(kind[0])
    return True


def size_of(kind: Any) -> int:  # noqa: ANN401 - as above
    """How many bytes one item takes."""
    if isinstance(kind, str):
        return itemsize(kind)
    if isinstance(kind, tuple):
        if len(kind) < 2:  # noqa: PLR2004 - a type and its shape
            raise TypeError("a type of a shape has a shape")
        return size_of(kind[0]) * _count(kind[1])
    return sum(size_of(f[1]) * (_count(f[2]) if len(f) > 2 else 1) for f in kind)  # noqa: PLR2004 - a field with a shape of its own


def _count(shape: Any) -> int:  # noqa: ANN401 - as above
    """How many items a shape has; TypeError where it is none."""
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(n, int) for n in lengths):
        raise TypeError("a shape is of whole numbers")
    return math.prod(lengths)
