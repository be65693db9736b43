"""Pickles that stand as text within other data, in base64 or hexadecimal: nobody loads them there, somebody decodes them later."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from lading.binary.window import Window
from lading.scanners._registry import Nested

_BASE64 = re.compile(rb"(?:gA[I-X]|Y29zCn|Y3Bvc2l4C|Y19fYnVpbHRpbl9fC|Y2J1aWx0aW5zC|Y3N1YnByb2Nlc3MK)[A-Za-z0-9+/_-]{16,}={0,2}")
_HEXADECIMAL = re.compile(rb"80(?:02|03|0495|0595)[0-9a-fA-F]{24,}")
_LONGEST_SEARCHED = 32 << 20
_MOST = 16


def encoded(window: Window, begin: int = 0, end: int | None = None) -> Iterator[Nested]:
    """Yield what stands there as text and is a pickle when it is decoded; it counts only where that one is dangerous."""
    stop = min(window.size if end is None else end, begin + _LONGEST_SEARCHED)
    found = 0
    for pattern in (_BASE64, _HEXADECIMAL):
        for match in pattern.finditer(window.view[begin:stop]):
            content = _decoded(match.group(0))
            length = content.rfind(b".") + 1  # an opcode behind the text can read as one more letter of it
            if length:
                found += 1
                yield Nested(Window(content[:length]), f"text at {begin + match.start()}", "held")
            if found >= _MOST:
                return


def _decoded(text: bytes) -> bytes:
    try:
        if text.startswith(b"80"):
            return binascii.unhexlify(text[: len(text) & ~1])
        plain = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        plain = plain[:-1] if len(plain) % 4 == 1 else plain
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""
