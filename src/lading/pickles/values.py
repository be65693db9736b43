"""What stands on the stack of the followed unpickler: places of literals, names, results of calls, containers."""

from __future__ import annotations

import re
import struct
from typing import Any

from lading.core.pattern import pattern

MOST_KEPT = 64
"""How many items of one container are remembered; enough for the arguments and states that are judged."""


class Name:
    """A global that the unpickler would import and look up."""

    __slots__ = ("module", "name", "offset", "uses")

    def __init__(self, module: str, name: str, offset: int) -> None:
        self.module = module
        self.name = name
        self.offset = offset
        self.uses = 1
        """How often it was put on the stack and not called: more than never means that it is handed on."""

    @property
    def full(self) -> str:
        """Module and name joined by a dot."""
        return f"{self.module}.{self.name}"


class Made:
    """What a call gave: nobody knows its value, but who made it of what."""

    __slots__ = ("arguments", "maker", "offset", "state")

    def __init__(self, maker: Any, arguments: Any, offset: int) -> None:  # noqa: ANN401 - any value of the stack
        self.maker = maker
        self.arguments = arguments
        self.offset = offset
        self.state: Any = None


class Mapping(list[Any]):
    """A dictionary: keys and values in turn."""

    __slots__ = ()

    def get(self, key: str, data: memoryview) -> Any:  # noqa: ANN401 - any value of the stack
        """The last value of a key that is a text, or None."""
        found = None
        for place in range(0, len(self) - 1, 2):
            if literal(self[place], data) == key:
                found = self[place + 1]
        return found


class Group(list[Any]):
    """A set or frozen set."""

    __slots__ = ()


class Unknown:
    """A value that cannot be told: out-of-band buffers, extension codes, persistent objects."""

    __slots__ = ("what",)

    def __init__(self, what: str = "") -> None:
        self.what = what


def literal(value: Any, data: memoryview) -> Any:  # noqa: ANN401 - one answer per opcode
    """The text, bytes, number or constant that a literal's opcode pushes; the value itself when it is no literal."""
    if type(value) is not int:
        return value
    code = data[value]
    if code == 0x4E:  # noqa: PLR2004 - N, None
        return None
    if code in {0x88, 0x89}:
        return code == 0x88  # noqa: PLR2004 - NEWTRUE
    if code in _NUMBERS:
        layout = _NUMBERS[code]
        return struct.unpack(layout, data[value + 1 : value + 1 + struct.calcsize(layout)])[0]
    if code in SIZED:
        layout, _ = SIZED[code]
        width = struct.calcsize(layout)
        length = struct.unpack(layout, data[value + 1 : value + 1 + width])[0]
        raw = bytes(data[value + 1 + width : value + 1 + width + min(length, MOST_TEXT)])
        return _meant(code, raw)
    line = bytes(data[value + 1 : value + 1 + MOST_TEXT]).partition(b"\n")[0]
    return _line(code, line)


MOST_TEXT = 1 << 16
_NUMBERS = {0x4A: "<i", 0x4B: "<B", 0x4D: "<H", 0x47: ">d"}
SIZED = {
    0x58: ("<I", "text"), 0x8C: ("<B", "text"), 0x8D: ("<Q", "text"),
    0x42: ("<I", "bytes"), 0x43: ("<B", "bytes"), 0x8E: ("<Q", "bytes"), 0x96: ("<Q", "bytes"),
    0x54: ("<i", "string"), 0x55: ("<B", "string"),
    0x8A: ("<B", "long"), 0x8B: ("<i", "long"),
}  # fmt: skip
"""Literals that tell their own length: its layout, and what they are."""


def _meant(code: int, raw: bytes) -> Any:  # noqa: ANN401 - any literal
    kind = SIZED[code][1]
    if kind == "text":
        return raw.decode("utf-8", "replace")
    if kind == "string":
        return raw.decode("latin-1")
    return int.from_bytes(raw, "little", signed=True) if kind == "long" else raw


def _line(code: int, line: bytes) -> Any:  # noqa: ANN401 - any literal
    if code == 0x56:  # noqa: PLR2004 - V, raw unicode escape
        return line.decode("raw-unicode-escape", "replace")
    if code == 0x53:  # noqa: PLR2004 - S, a quoted string
        return unquoted(line)
    text = line.decode("latin-1").strip()
    if code == 0x46:  # noqa: PLR2004 - F
        return _number(float, text)
    if text in {"00", "01"} and code == 0x49:  # noqa: PLR2004 - I
        return text == "01"
    return _number(lambda t: int(t.rstrip("Ll"), 0), text[:4000])


def _number(read: Any, text: str) -> Any:  # noqa: ANN401 - float or int
    try:
        return read(text)
    except ValueError:
        return text


def unquoted(line: bytes) -> str:
    """A quoted string of protocol 0 with its escapes undone as the unpickler does."""
    line = line.strip()
    if len(line) > 1 and line[:1] == line[-1:] and line[:1] in b"'\"":
        line = line[1:-1]
    return _ESCAPE.sub(_unescaped, line).decode("latin-1") if b"\\" in line else line.decode("latin-1")


_ESCAPE = pattern(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"\n": b"",
}


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, octal, letter = match.groups()
    if digits:
        return bytes([int(digits, 16)])
    return bytes([int(octal, 8) & 0xFF]) if octal else _LETTERS.get(letter, match.group(0))


def bounds(value: Any, data: memoryview) -> tuple[int, int] | None:  # noqa: ANN401 - any value of the stack
    """Where the content of a literal that tells its length lies, and how long it is."""
    if type(value) is not int or data[value] not in SIZED:
        return None
    layout, _ = SIZED[data[value]]
    width = struct.calcsize(layout)
    return value + 1 + width, struct.unpack(layout, data[value + 1 : value + 1 + width])[0]
