"""Protocol buffers field by field, without a schema; bounded, and nothing is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lading.binary.window import Window

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST = 10
_WIDEST, _AHEAD = 2 * _LONGEST, 4096
"""Bytes that a field takes before its content, and how many are read at once."""
MOST_FIELDS = 600_000
"""Most fields that are visited within one window, those of inner messages included."""


class BrokenMessageError(ValueError):
    """The bytes are no message, or break off."""


class Field(NamedTuple):
    """One field: its number, its kind, its value if it is a number, and where its content is if it is bytes."""

    number: int
    kind: int
    value: int
    begin: int
    end: int


def fields(window: Window, begin: int = 0, end: int | None = None) -> Iterator[Field]:
    """Every field of a message; BrokenMessageError where it is none."""
    end = window.size if end is None else end
    view, position, there = window.sparse, begin, begin
    while position < end:
        if position + _WIDEST > there:
            there = window.fill(position, position + _AHEAD)
        tag, position = _varint(view, position, end)
        number, kind = tag >> 3, tag & 7
        window.visits += 1
        if not number:
            raise BrokenMessageError("a field without a number")
        if window.visits > MOST_FIELDS:
            raise BrokenMessageError(f"it has more than {MOST_FIELDS} fields")
        if kind == VARINT:
            value, after = _varint(view, position, end)
            yield Field(number, kind, value, position, after)
        elif kind == BYTES:
            length, start = _varint(view, position, end)
            after = start + length
            if after > end:
                raise BrokenMessageError("a field is longer than its message")
            yield Field(number, kind, length, start, after)
        elif kind in {FIXED64, FIXED32}:
            after = position + (8 if kind == FIXED64 else 4)
            if after > end:
                raise BrokenMessageError("a field is longer than its message")
            yield Field(number, kind, 0, position, after)
        else:
            raise BrokenMessageError(f"a field of the unknown kind {kind}")
        position = after


def _varint(view: memoryview, position: int, end: int) -> tuple[int, int]:
    if position < end and view[position] < 0x80:  # noqa: PLR2004 - most numbers are short
        return view[position], position + 1
    value = shift = 0
    for place in range(position, min(position + _LONGEST, end)):
        byte = view[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, place + 1
        shift += 7
    raise BrokenMessageError("a number without an end")


def looks_like(window: Window, numbers: dict[int, int], needed: frozenset[int]) -> bool:
    """Whether the first fields are of these numbers and kinds, and all needed ones are there."""
    found: set[int] = set()
    try:
        for count, field in enumerate(fields(window)):
            if numbers.get(field.number) != field.kind:
                return False
            found.add(field.number)
            if needed <= found:
                return True
            if count > 50_000:  # noqa: PLR2004 - a graph of many nodes
                return False
    except BrokenMessageError:
        return needed <= found
    return False


def text(window: Window, field: Field, most: int = 4096) -> str:
    """The content of a field as text."""
    return window.read(field.begin, min(field.end - field.begin, most)).decode("utf-8", "replace")
