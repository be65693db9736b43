"""CUDA fat binaries: for which graphics processors a section holds code, by the heads of its entries (as nvcc 13.0 writes them)."""

import struct
from collections.abc import Iterator

from lading.binary.window import Window

SECTION = ".nv_fatbin"
_MAGIC = b"\x50\xed\x55\xba"
_CONTAINER = struct.Struct("<IHHQ")
_ENTRY = struct.Struct("<HHIQIIHHIIIQ")
_PREFIX = {1: "compute", 2: "sm"}
_SPECIFIC, _FAMILY = 1 << 20, 1 << 21
MOST_ENTRIES = 200_000


def architectures(window: Window) -> Iterator[str]:
    """`sm_90a` for code of one processor, `compute_120` for portable code that is translated where it runs; some may come again."""
    left, place = MOST_ENTRIES, window.find(_MAGIC, 0)
    while place >= 0 and left:
        head = window.read(place, _CONTAINER.size)
        if len(head) < _CONTAINER.size:
            return
        _, _, length, size = _CONTAINER.unpack(head)
        entry, end = place + length, place + length + size
        while left and len(row := window.read(entry, _ENTRY.size)) == _ENTRY.size and entry < end:
            left -= 1
            kind, _, length, stored, _, _, _, _, number, _, _, flags = _ENTRY.unpack(row)
            if kind in _PREFIX and number:
                yield f"{_PREFIX[kind]}_{number}{'a' if flags & _SPECIFIC else 'f' if flags & _FAMILY else ''}"
            entry += max(length + stored, _ENTRY.size)
        place = window.find(_MAGIC, max(end, place + _CONTAINER.size))
