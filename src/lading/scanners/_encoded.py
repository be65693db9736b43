"""Pickles that lie within other data, as they are or as text in base64 or hexadecimal: nobody loads them there, somebody takes them out later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen

_LETTERS = rb"[A-Za-z0-9+/_-]{16,}={0,2}"
_SPELLINGS = (
    pattern(rb"gA[I-X]" + _LETTERS),
    pattern(rb"Y(?:29zCn|3Bvc2l4C|19fYnVpbHRpbl9fC|2J1aWx0aW5zC|3N1YnByb2Nlc3MK)" + _LETTERS),
    pattern(rb"80(?:02|03|0495|0595)[0-9a-fA-F]{24,}"),
)
"""Pickles of protocol 2 and later in base64, those of protocol 0 that begin with a module of danger, and the former in hexadecimal."""
_BARE = pattern(rb"\x80[\x02-\x05](?:\x95.{8})?[c(})\]\x8cX\x95]", re.DOTALL)
_OLD = pattern(rb"[(c](?:c|i)?(?:os|posix|nt|builtins|__builtin__|subprocess|sys|runpy|socket|pty|importlib|webbrowser|shutil)\n\w+\n")
"""Pickles as they are: those of protocol 2 and later, and those of protocol 0 that begin with a module of danger."""
_LONGEST = 1 << 20
_BLOCK, _LONGEST_BEGINNING = 1 << 20, 80
_MOST_SPENT = 200_000
"""Units of work for what may be pickles among other bytes; numbers that look like the beginning of one cost next to none."""
_SHORTEST = 19
"""Letters that the shortest of them has."""
_SEARCHED = 4 << 20
"""So much is searched at either end: nothing loads what stands there, so that it is worth little time."""
_NAMES = pattern(rb"[c\x93iR\x81o\x82-\x84]")
"""What a pickle holds that looks anything up; one without is no danger, and no decoy."""
_MOST, _MOST_BARE = 64, 1024


def encoded(window: Window, begin: int = 0, end: int | None = None) -> Iterator[Nested]:
    """Yield what stands there as text and is a pickle when it is decoded; it counts only where that one is dangerous."""
    stop = window.size if end is None else min(end, window.size)
    tail = max(begin + _SEARCHED, stop - _SEARCHED)
    found = 0
    for start, until in ((begin, min(stop, begin + _SEARCHED)), (tail, stop)):
        for spelling in _SPELLINGS if until - start >= _SHORTEST else ():
            for match in spelling.finditer(window.read(start, until - start)):
                content = decoded(match.group(0))
                length = content.rfind(b".") + 1  # an opcode behind the text can read as one more letter of it
                if length and _NAMES.search(content):
                    found += 1
                    yield Nested(Window(content[:length]), f"text at {start + match.start()}", "held")
                if found >= _MOST:
                    return


def buried(
    part: Part, begin: int = 0, end: int | None = None, known: set[int] | frozenset[int] = frozenset(), *, old: bool = True
) -> Iterator[Seen]:
    """Yield what lies there as it is and is a pickle, apart from places that are known; it counts only where it is dangerous."""
    window = part.window
    stop = window.size if end is None else min(end, window.size)
    tail = max(begin + _SEARCHED, stop - _SEARCHED)
    found, least = 0, part.budget.work - _MOST_SPENT
    for start, until in ((begin, min(stop, begin + _SEARCHED)), (tail, stop)):
        for at in range(start, until, _BLOCK):
            block = window.read(at, min(_BLOCK + _LONGEST_BEGINNING, until - at))
            places = (
                at + m.start()
                for beginning in ((_BARE, _OLD) if old else (_BARE,))
                for m in beginning.finditer(block)
                if m.start() < _BLOCK
            )
            for place in places:
                if place in known:
                    continue
                found += 1
                if found > _MOST_BARE:
                    return
                if part.budget.work < least:
                    message = "it holds so much that begins as a pickle that not all of it is followed"
                    yield part.sees("limit", message, Grade.UNSCANNABLE, offset=place, effect="exhaustion")
                    return
                yield Nested(window.part(place, min(stop - place, _LONGEST)), f"bytes at {place}", "held")


def decoded(text: bytes) -> bytes:
    """What a text in base64 or hexadecimal stands for; nothing where it is neither."""
    import base64  # noqa: PLC0415 - seldom needed
    import binascii  # noqa: PLC0415 - as above

    try:
        if text.startswith(b"80"):
            return binascii.unhexlify(text[: len(text) & ~1])
        plain = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        plain = plain[:-1] if len(plain) % 4 == 1 else plain
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""
