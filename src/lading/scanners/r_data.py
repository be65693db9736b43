"""R's serialized objects: a promise in one is code that runs when the object is looked at."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_VECTORS = {10: 4, 13: 4, 14: 8, 15: 16, 24: 1, 9: 1}
_PAIRS = frozenset({2, 3, 5, 6, 17, 239, 240})
_EMPTY = frozenset({251, 252, 253, 254, 242, 241, 250, 247, 246, 245, 244, 243})
_PROMISE, _REFERENCE, _LISTS, _SYMBOL, _ENVIRONMENT, _NAMES = 5, 255, {16, 19, 20}, 1, 4, frozenset({7, 8})
_COMPACT = 238
_COMPACTED = (
    b"compact_intseq",
    b"compact_realseq",
    b"deferred_string",
    b"wrap_integer",
    b"wrap_real",
    b"wrap_logical",
    b"wrap_string",
    b"wrap_list",
    b"wrap_raw",
    b"wrap_complex",
)
"""Ways of R itself to write vectors in short."""
_MAPPED = b"mmap_"
"""A vector that is a file, mapped when it is loaded."""
_MOST = 1_000_000
_AS_TEXT = pattern(rb"(?:RDA[23]\n)?A\n[23]\n\d+\n\d+\n")


class _BrokenError(ValueError):
    pass


@scanner("R data", lambda part: part.head[:2] == b"X\n" or part.head[:7] in {b"RDX2\nX\n", b"RDX3\nX\n"})
def scan(part: Part) -> Iterator[Seen]:
    """Follow every object in the order in which R reads it."""
    start = 7 if part.head[:3] == b"RDX" else 2
    try:
        end, promise = _follow(part, start)
    except _BrokenError as e:
        yield part.sees("broken-file", f"it cannot be followed: {e}", Grade.UNSCANNABLE)
        return
    if promise >= 0:
        yield part.sees(
            "data-code",
            "it holds a promise, which is code that runs when it is looked at",
            Grade.MALICIOUS,
            offset=promise,
            effect="execute",
            loader="readRDS, load",
        )
    yield Span(0, end)


@scanner("R data as text", lambda part: bool(_AS_TEXT.match(part.head)))
def as_text(part: Part) -> Iterator[Seen]:
    """The older spelling, in which numbers stand as text, is not followed."""
    yield part.sees("broken-file", "R data that are written as text are not followed here", Grade.UNSCANNABLE, loader="readRDS, load")


def _follow(part: Part, position: int) -> tuple[int, int]:
    window = part.window
    version = window.number(">i", position)
    position += 12
    if version == 3:  # noqa: PLR2004 - says how its texts are encoded
        position += 4 + (window.number(">i", position) or 0)
    promise, left, count = -1, 1, 0
    while left:
        left -= 1
        count += 1
        part.budget.spend(1)
        flags = window.number(">i", position)
        if flags is None or count > _MOST or left > _MOST:
            raise _BrokenError("it ends too early, or holds more than is followed")
        kind, start = flags & 0xFF, position
        position += 4
        if kind == _PROMISE and promise < 0:
            promise = start
        position, more = _item(window, position, kind, flags)
        left += more
        if promise >= 0:
            return window.size, promise
    return position, promise


def _compact(window: Window, position: int) -> int:
    """How many objects follow a vector written in short; only in the ways that R brings and that reach nothing."""
    head = window.read(position, 36)
    named = head[7] if len(head) == 36 and head[3] == 2 else 0  # noqa: PLR2004 - a pair, with its name
    if named not in {_SYMBOL, _REFERENCE} or (named == _SYMBOL and not head[16:].startswith(_COMPACTED)):
        raise _BrokenError("a vector is written in a way that is not known")
    if window.find(_MAPPED, 0) >= 0:
        raise _BrokenError("a vector is mapped from a file")
    return 3


def _item(window: Window, position: int, kind: int, flags: int) -> tuple[int, int]:  # noqa: PLR0911 - one answer per family
    """Where the fixed part of an object ends, and how many objects follow as its parts."""
    attributes = 1 if flags & 0x200 else 0
    if kind in _PAIRS:
        return position, attributes + (1 if flags & 0x400 else 0) + 2
    if kind in _EMPTY or (kind == _REFERENCE and flags >> 8):
        return position, 0
    if kind == _REFERENCE:
        return position + 4, 0
    if kind in {_COMPACT, _SYMBOL}:
        return position, _compact(window, position) if kind == _COMPACT else 1
    if kind == _ENVIRONMENT:
        return position + 4, 4
    length = window.number(">i", position)
    if length is None or length < -1:
        raise _BrokenError("a length that is none")
    if kind in _VECTORS:
        return position + 4 + max(length, 0) * _VECTORS[kind], attributes if kind != 9 else 0  # noqa: PLR2004 - a text has none
    if kind in _LISTS:
        return position + 4, max(length, 0) + attributes
    if kind in _NAMES:
        return position + 4 + max(length, 0), 0
    raise _BrokenError(f"an object of the kind {kind} is not followed")
