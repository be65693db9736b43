"""Inputs made of others: bytes changed, taken out, repeated, exchanged; words of the parser put in; numbers at their edges."""

import random
import re
import struct
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, ModuleType

LONGEST = 64_000
_NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
_LAYOUTS = ("B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_DIGITS = re.compile(rb"\d+")

Change = Callable[[bytearray, random.Random, "Material"], None]


class Material:
    """What changes take from: other inputs, and the words that the parser knows."""

    def __init__(self, others: list[bytes], words: list[bytes]) -> None:
        self.others = others or [b"\0"]
        self.words = words or [b"\0"]


def changed(data: bytes, chance: random.Random, material: Material) -> bytes:
    """An input with a few changes."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 4, 8))):
        chance.choice(CHANGES)(out, chance, material)
    return bytes(out[:LONGEST])


def _place(out: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(out) + 1)


def _length(chance: random.Random) -> int:
    return chance.choice((1, 1, 2, 4, 8, 16, 64, 256))


def _one_byte(out: bytearray, chance: random.Random, _: Material) -> None:
    if out:
        out[chance.randrange(len(out))] = chance.randrange(256)


def _one_bit(out: bytearray, chance: random.Random, _: Material) -> None:
    if out:
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)


def _small_step(out: bytearray, chance: random.Random, _: Material) -> None:
    if out:
        place = chance.randrange(len(out))
        out[place] = (out[place] + chance.choice((-2, -1, 1, 2))) % 256


def _number(out: bytearray, chance: random.Random, _: Material) -> None:
    layout, number = chance.choice(_LAYOUTS), chance.choice((*_NUMBERS, len(out)))
    size = struct.calcsize(layout)
    place = _place(out, chance)
    out[place : place + size] = struct.pack(layout, number % (1 << size * 8))


def _digits(out: bytearray, chance: random.Random, _: Material) -> None:
    places = [m.span() for m in _DIGITS.finditer(out)][:500]
    if places:
        start, end = chance.choice(places)
        out[start:end] = b"%d" % chance.choice((*_NUMBERS, -1, 10**30))


def _taken_out(out: bytearray, chance: random.Random, _: Material) -> None:
    place = _place(out, chance)
    del out[place : place + _length(chance)]


def _cut(out: bytearray, chance: random.Random, _: Material) -> None:
    del out[_place(out, chance) :]


def _repeated(out: bytearray, chance: random.Random, _: Material) -> None:
    place = _place(out, chance)
    piece = out[place : place + _length(chance)]
    out[place:place] = piece * min(chance.choice((1, 1, 2, 8, 64, 1000)), LONGEST // max(len(piece), 1))


def _moved(out: bytearray, chance: random.Random, _: Material) -> None:
    place, length = _place(out, chance), _length(chance)
    piece = out[place : place + length]
    del out[place : place + length]
    at = _place(out, chance)
    out[at:at] = piece


def _filled(out: bytearray, chance: random.Random, _: Material) -> None:
    place = _place(out, chance)
    piece = out[place : place + _length(chance)]
    out[place : place + len(piece)] = bytes([chance.choice((0, 0xFF, 0x80, 0x20, 0x41))]) * len(piece)


def _of_another(out: bytearray, chance: random.Random, material: Material) -> None:
    other = chance.choice(material.others)
    start, length = chance.randrange(len(other) + 1), _length(chance)
    place = _place(out, chance)
    out[place : place + chance.choice((0, length))] = other[start : start + length]


def _crossed(out: bytearray, chance: random.Random, material: Material) -> None:
    other = chance.choice(material.others)
    out[_place(out, chance) :] = other[chance.randrange(len(other) + 1) :]


def _word(out: bytearray, chance: random.Random, material: Material) -> None:
    word, place = chance.choice(material.words), _place(out, chance)
    out[place : place + chance.choice((0, len(word)))] = word


def _line(out: bytearray, chance: random.Random, material: Material) -> None:
    lines = bytes(out).split(b"\n")
    place = chance.randrange(len(lines))
    lines[place] = chance.choice((chance.choice(lines), b" " * chance.randrange(9) + lines[place].strip(), chance.choice(material.words)))
    out[:] = b"\n".join(lines)


CHANGES: tuple[Change, ...] = (
    _one_byte, _one_bit, _small_step, _number, _number, _digits, _taken_out, _cut, _repeated, _moved, _filled, _of_another, _crossed, _word, _word, _line,
)  # fmt: skip


def words(modules: Iterable[ModuleType]) -> list[bytes]:
    """The words that the code of some modules compares with: what a reader looks for is what an input should hold."""
    found: set[bytes] = set()
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("__"):  # where it lies is no word of it
                _collect(value, found, module.__name__)
    return sorted(w for w in found if 0 < len(w) <= 64)  # noqa: PLR2004 - a word


def _collect(value: object, found: set[bytes], module: str, depth: int = 0) -> None:
    if isinstance(value, str | bytes):
        found.add(value.encode("utf-8", "replace") if isinstance(value, str) else value)
    elif isinstance(value, CodeType):
        for one in value.co_consts:
            _collect(one, found, module, depth)
    elif isinstance(value, FunctionType) and value.__module__ == module:
        _collect(value.__code__, found, module, depth)
    elif isinstance(value, type) and value.__module__ == module:
        for one in vars(value).values():
            _collect(one, found, module, depth)
    elif isinstance(value, tuple | list | set | frozenset | dict) and len(value) < 300 and depth < 3:  # noqa: PLR2004 - small tables
        for one in [*value, *value.values()] if isinstance(value, dict) else value:
            _collect(one, found, module, depth + 1)
