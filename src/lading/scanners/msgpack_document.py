"""MessagePack as Flax writes it: tables of arrays; extension types that are not of Flax are told."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import buried
from lading.scanners._registry import Part, Seen, Span, scanner

_FLAX = frozenset({1, 2, 3})
_SIZES = {
    0xC4: ("B", 0),
    0xC5: ("H", 0),
    0xC6: ("I", 0),
    0xD9: ("B", 0),
    0xDA: ("H", 0),
    0xDB: ("I", 0),
    0xC7: ("B", 1),
    0xC8: ("H", 1),
    0xC9: ("I", 1),
}
_PLAIN = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_GROUPS = {0xDC: ("H", 1), 0xDD: ("I", 1), 0xDE: ("H", 2), 0xDF: ("I", 2)}
_FIXED = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_MOST = 2_000_000


class _BrokenError(ValueError):
    pass


_TABLE = pattern(rb"[\x80-\x8f\xde\xdf]")
_OBJECTS = pattern(rb"(?:kind|type)(?:\xa1|\xc4\x01)O")
_DEEP = pattern(rb"(?:[\x81-\x8f\x91-\x9f]|[\xdc\xde]..|[\xdd\xdf]....){1024}", re.DOTALL)
_PROGRAM = pattern(
    rb"__reduce(?:_ex)?__|\b(?:os\.system|os\.popen|subprocess\.\w{3,12}|__import__|builtins\.eval)\s?\(|\b(?:eval|exec)\((?:compile|base64|__import__|b?['\"])"
)
_SEARCHED = 16 << 20
_TRIED = 64 << 20
_LETTERS = 16
"""How many bytes are searched for one unit of work, of a large file those at its beginning, where most of it is numbers."""
_AHEAD = 1 << 12
"""Bytes that are read at once."""


def _is_table(part: Part) -> bool:
    """Whether the whole is one table: what spaCy writes under names without a suffix."""
    if not _TABLE.match(part.head) or part.window.size > _TRIED:
        return False
    try:
        return follow(part)[0] == part.window.size
    except (_BrokenError, struct.error):
        return False


@scanner("MessagePack table", _is_table, weak=1)
def table(part: Part) -> Iterator[Seen]:
    """As every other one."""
    yield from scan(part)


@scanner("MessagePack", lambda part: part.suffix == ".msgpack")
def scan(part: Part) -> Iterator[Seen]:
    """Follow every value to its end."""
    part.budget.spend(min(part.window.size, _SEARCHED) // _LETTERS)
    if part.window.search(_DEEP) >= 0:
        yield part.sees("limit", "nested deeper than is followed", Grade.UNSCANNABLE, effect="exhaustion")
    program = part.window.part(0, _SEARCHED).search(_PROGRAM)
    if program >= 0:
        message = "it holds the text of a program among its numbers"
        yield part.sees("data-code", message, offset=program, effect="execute", loader="whoever runs what stands there")
    objects = part.window.search(_OBJECTS)
    if objects >= 0:
        yield part.sees(
            "data-code",
            "it holds an array of objects, which its reader unpickles",
            offset=objects,
            effect="execute",
            loader="msgpack-numpy, srsly",
        )
    try:
        position, extensions = follow(part)
    except (_BrokenError, struct.error) as e:
        yield part.sees("broken-file", f"it is no MessagePack: {e}", Grade.UNSCANNABLE)
        return
    for kind, offset in sorted(extensions.items()):
        if kind not in _FLAX:
            yield part.sees(
                "data-code",
                f"it holds values of the extension type {kind}, which a program of its own makes objects of",
                Grade.SUSPICIOUS,
                offset=offset,
                loader="msgpack",
            )
    yield from buried(part)
    yield Span(0, position, inert=True)


def follow(part: Part) -> tuple[int, dict[int, int]]:
    """Where the value ends, and the extension types in it with their first places."""
    window = part.window
    view, there = window.sparse, 0
    position, left, count = 0, 1, 0
    extensions: dict[int, int] = {}
    while left:
        left -= 1
        count += 1
        part.budget.spend(count & 1)
        if count > _MOST or position >= window.size:
            raise _BrokenError("it ends too early, or holds more than is followed")
        if position >= there:
            there = window.fill(position, position + _AHEAD)
        position, more, extension = _value(window, position, view[position])
        if extension is not None:
            extensions.setdefault(extension, position)
        left += more
        if position > window.size or left > _MOST:
            raise _BrokenError("a value is longer than the file")
    return position, extensions


def _value(window: Window, position: int, code: int) -> tuple[int, int, int | None]:  # noqa: PLR0911 - one answer per family
    """Where a value ends, how many follow as its parts, and its extension type."""
    after = position + 1
    if code < 0x80 or code >= 0xE0:  # noqa: PLR2004 - small numbers
        return after, 0, None
    if code < 0xA0:  # noqa: PLR2004 - small tables and lists
        return after, (code & 15) * (2 if code < 0x90 else 1), None  # noqa: PLR2004 - tables
    if code < 0xC0:  # noqa: PLR2004 - short texts
        return after + (code & 31), 0, None
    if code in _PLAIN:
        return after + _PLAIN[code], 0, None
    if code in _FIXED:
        return after + 1 + _FIXED[code], 0, window.number("b", after)
    if code in _GROUPS:
        letter, parts = _GROUPS[code]
        return after + struct.calcsize(letter), (window.number(f">{letter}", after) or 0) * parts, None
    if code not in _SIZES:
        raise _BrokenError(f"the byte {code:#x} begins no value")
    letter, extension = _SIZES[code]
    width = struct.calcsize(letter)
    length = window.number(f">{letter}", after)
    if length is None:
        raise _BrokenError("it ends within a length")
    kind = window.number("b", after + width) if extension else None
    return after + width + extension + length, 0, kind
