"""GGUF: keys, templates and tensors, with every sum checked in numbers that do not overflow."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_ARRAY_COSTS = 10
"""How many texts cost as much as an array of arrays; no model has many."""
_MOST = 1 << 26
_BLOCK = 1 << 16
"""Bytes of the header that are read at once."""
_MOST_TEXTS = 3_000_000
_LONGEST_KEY, _LONGEST_NAME, _MOST_TEMPLATES = 65535, 512, 64
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144),
    13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110),
    22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66),
    39: (32, 17), 40: (64, 36),
}  # fmt: skip
"""How many values a block of each type holds, and how many bytes."""


class _End(Exception):  # noqa: N818 - a state of the file
    """The file ends, or claims more than it can hold."""


class _Reader:
    def __init__(self, window: Window) -> None:
        self.window = window
        self.position = self.texts = 0
        self.order = "<"
        self._block, self._begin = b"", 0

    def number(self, letter: str) -> Any:  # noqa: ANN401 - the type is the letter's
        layout = self.order + letter
        width = struct.calcsize(layout)
        place = self.position - self._begin
        if not 0 <= place <= len(self._block) - width:
            self._block, self._begin, place = self.window.read(self.position, _BLOCK), self.position, 0
        if len(self._block) < width:
            raise _End("it ends within its header")
        self.position += width
        return struct.unpack_from(layout, self._block, place)[0]

    def text(self) -> tuple[int, int]:
        self.texts += 1
        if self.texts > _MOST_TEXTS:
            raise _End("it holds more texts than are read")
        length = self.number("Q")
        if length > self.window.size - self.position:
            raise _End("a text is longer than the file")
        start = self.position
        self.position += length
        return start, length

    def skip(self, count: int) -> None:
        if count > self.window.size - self.position:
            raise _End("an array is longer than the file")
        self.position += count


@scanner("GGUF", lambda part: part.head[:4] == b"GGUF")
def scan(part: Part) -> Iterator[Seen]:
    """Read keys and places of tensors; hand on the templates."""
    reader = _Reader(part.window)
    try:
        reader.position = 4
        version = reader.number("I")
        if version > 0xFFFF:  # noqa: PLR2004 - written by a machine of the other byte order
            reader.order, reader.position = ">", 4
            version = reader.number("I")
        if version not in {2, 3}:
            yield part.sees("broken-file", f"version {version} of GGUF is not known", Grade.UNSCANNABLE)
            return
        tensors, keys = reader.number("Q"), reader.number("Q")
        if tensors > _MOST or keys > _MOST or (tensors * 24 + keys * 12) > part.window.size:
            yield part.sees(
                "tensor-bounds", f"it claims {tensors} tensors and {keys} keys, which do not fit into it", offset=8, effect="integrity"
            )
            return
        alignment, seen = 32, set()
        part.budget.spend(keys * 3 + tensors * 5)
        for _ in range(keys):
            name = part.window.read(*reader.text())
            if name in seen:
                yield part.sees("header-keys", f"the key {name[:80]!r} stands twice", effect="integrity")
            seen.add(name)
            if not 0 < len(name) <= _LONGEST_KEY:
                yield part.sees(
                    "broken-file", f"a key of {len(name)} bytes is none that readers accept", Grade.SUSPICIOUS, effect="integrity"
                )
            value = _value(reader, 0)
            part.budget.spend(reader.texts)
            reader.texts = 0
            if name == b"general.alignment":
                alignment = value if isinstance(value, int) else 0
            if b"chat_template" in name:
                places = [value] if isinstance(value, tuple) else value if isinstance(value, list) else []
                yield from (Nested(part.window.part(*place), name.decode("utf-8", "replace"), "template") for place in places)
        yield from _tensors(part, reader, tensors, alignment)
    except _End as e:
        part.budget.owe(reader.texts)
        yield part.sees("tensor-bounds", f"{e}", offset=reader.position, effect="integrity")


def _value(reader: _Reader, depth: int) -> Any:  # noqa: ANN401 - any value of GGUF
    kind = reader.number("I")
    if kind == _STRING:
        return reader.text()
    if kind in _NUMBERS:
        return reader.number(_NUMBERS[kind])
    if kind != _ARRAY:
        raise _End(f"a value is of the unknown type {kind}")
    return _array(reader, depth)


def _array(reader: _Reader, depth: int) -> list[tuple[int, int]]:
    """Pass over an array; the places of its first texts."""
    reader.texts += _ARRAY_COSTS
    if reader.texts > _MOST_TEXTS:
        raise _End("it holds more arrays than are read")
    inner, count = reader.number("I"), reader.number("Q")
    if inner in _NUMBERS:
        reader.skip(count * struct.calcsize(reader.order + _NUMBERS[inner]))
    elif inner == _STRING:
        if count * 8 > reader.window.size - reader.position:
            raise _End("an array is longer than the file")
        first = [reader.text() for _ in range(min(count, _MOST_TEMPLATES))]
        for _ in range(count - len(first)):
            reader.text()
        return first
    elif inner == _ARRAY and depth < 4:  # noqa: PLR2004 - no model nests arrays
        for _ in range(min(count, _MOST)):
            _array(reader, depth + 1)
    else:
        raise _End(f"an array is of the unknown type {inner}")
    return []


def _tensors(part: Part, reader: _Reader, count: int, alignment: int) -> Iterator[Seen]:
    if alignment < 1 or alignment & (alignment - 1) or alignment > 1 << 20:
        yield part.sees("tensor-bounds", f"its tensors are aligned to {alignment}, which is no power of two", effect="integrity")
        return
    places = []
    names = set()
    for _ in range(count):
        name = part.window.read(*reader.text())
        dimensions = reader.number("I")
        if dimensions > 8:  # noqa: PLR2004 - llama.cpp allows 4
            raise _End(f"a tensor has {dimensions} dimensions")
        shape = [reader.number("Q") for _ in range(dimensions)]
        kind, offset = reader.number("I"), reader.number("Q")
        if name in names:
            yield part.sees("header-keys", f"the tensor {name[:80]!r} stands twice", effect="integrity")
        names.add(name)
        if len(name) > _LONGEST_NAME:
            raise _End(f"a tensor has a name of {len(name)} bytes")
        places.append((offset, _bytes(kind, shape), name))
    begin = reader.position + -reader.position % alignment
    yield Span(0, min(begin, part.window.size))
    yield from _places(part, sorted(places), begin, alignment)


def _bytes(kind: int, shape: list[int]) -> int:
    """How many bytes a tensor takes."""
    block, size = _BLOCKS.get(kind, (0, 0))
    if not block:
        raise _End(f"a tensor is of the unknown type {kind}")
    count = 1
    for length in shape:
        count *= length
        if count > 1 << 62 or not length:
            raise _End("a tensor has more values than 63 bits count, or none")
    if shape and shape[0] % block:
        raise _End("a tensor has rows that are no whole number of blocks")
    return count // block * size


def _places(part: Part, places: list[tuple[int, int, bytes]], begin: int, alignment: int) -> Iterator[Seen]:
    position = 0
    for offset, size, name in places:
        if offset % alignment or offset < position or offset - position >= alignment:
            message = f"the tensor {name[:80]!r} begins at {offset}; the one before it ends at {position}"
            yield part.sees("tensor-bounds", message, offset=begin + offset, effect="integrity")
            return
        position = offset + size
    end = begin + position
    if places and end > part.window.size:
        yield part.sees("tensor-bounds", "the last tensor ends behind the end of the file", effect="integrity")
    padded = end + -end % alignment
    yield Span(begin, min(padded if part.window.is_zero(end, min(padded, part.window.size)) else end, part.window.size), inert=True)
