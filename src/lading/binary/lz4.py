"""LZ4 frames as joblib writes them, unpacked in memory: blocks of literals and of copies of what came out before."""

from __future__ import annotations

import struct
from collections.abc import Callable

from lading.binary.window import Window

MAGIC = b"\x04\x22\x4d\x18"
_STORED = 1 << 31
_SHORTEST = 4
_ROOM = 1 << 24
_RUN, _COSTS = 4096, 6000
"""Pieces that are put together before their work is counted, and that work."""


class Lz4Error(ValueError):
    """The bytes are no frame, or break off."""


def _nothing(_: int) -> None:
    """Count no work."""


def unpack(window: Window, most: int, spend: Callable[[int], None] = _nothing) -> tuple[bytearray, int]:
    """What comes out of one frame, and how many bytes of the input it takes; more than `most` is cut off behind that.

    Every piece that is put together is work, however little comes out of it.
    """
    try:
        return _frame(window, most, spend)
    except (IndexError, struct.error) as e:
        raise Lz4Error("it breaks off") from e


def _frame(window: Window, most: int, spend: Callable[[int], None]) -> tuple[bytearray, int]:
    data = window.sparse
    window.fill(0, 1 << 10)
    flags, position = data[4], 6
    if flags >> 6 != 1:
        raise Lz4Error("its version is not known")
    position += 8 if flags & 0x08 else 0
    if flags & 0x01:
        raise Lz4Error("it needs a dictionary")
    position += 1
    out = bytearray()
    while True:
        window.fill(position, position + 4)
        (length,) = struct.unpack_from("<I", data, position)
        position += 4
        spend(1)
        if not length:
            break
        stored, length = length & _STORED, length & ~_STORED
        block = data[position : position + length]
        if len(block) < length:
            raise Lz4Error("a block is longer than the file")
        if length > most + _ROOM:
            raise Lz4Error("it unpacks to more than there is room for")
        window.fill(position, position + length)
        if stored:
            out += block
        else:
            _block(block, out, most, 0 if not flags & 0x20 else len(out), spend)
        position += length + (4 if flags & 0x10 else 0)
        if len(out) > most:
            return out, position
    return out, position + (4 if flags & 0x04 else 0)


def _block(block: memoryview, out: bytearray, most: int, floor: int, spend: Callable[[int], None]) -> None:
    """One block appended; copies reach back no further than `floor`."""
    position, end, pieces = 0, len(block), 0
    while position < end:
        pieces += 1
        if not pieces % _RUN:
            spend(_COSTS)
        token = block[position]
        literals, position = _length(block, position + 1, token >> 4)
        if position + literals > end:
            raise Lz4Error("a block breaks off")
        out += block[position : position + literals]
        position += literals
        if position >= end:
            return
        back = block[position] | block[position + 1] << 8
        count, position = _length(block, position + 2, token & 15)
        start = len(out) - back
        if not back or start < floor:
            raise Lz4Error("it copies from before its beginning")
        if len(out) + count > most + _ROOM:
            raise Lz4Error("it unpacks to more than there is room for")
        _copy(out, start, back, count + _SHORTEST)


def _copy(out: bytearray, start: int, back: int, count: int) -> None:
    if count <= back:
        out += out[start : start + count]
    else:
        out += (out[start:] * (count // back + 1))[:count]


def _length(block: memoryview, position: int, first: int) -> tuple[int, int]:
    """A length that goes on while its bytes are full."""
    while first >= 15:  # noqa: PLR2004 - four bits are full
        more = block[position]
        first += more
        position += 1
        if more < 0xFF:  # noqa: PLR2004 - the last byte
            break
    return first, position
