"""Distributed checkpoints of torch: one file after the other in one, each written by `torch.save`, read by the places that `.metadata` tells."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.window import Window
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_LOCAL, _END, _END64, _LOCATOR64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_MOST = 100_000


@scanner("distributed checkpoint", lambda part: part.suffix == ".distcp" and part.head[:4] == _LOCAL)
def scan(part: Part) -> Iterator[Seen]:
    """Look at every archive on its own; what is not made of whole archives is looked at as it is."""
    position = 0
    while position < part.window.size:
        end = _end(part.window, position)
        if end < 0:
            yield Nested(part.window.part(position, part.window.size), f"rest at {position}")
            yield Span(position, part.window.size)
            return
        part.budget.spend(1)
        yield Span(position, end)
        yield Nested(part.window.part(position, end - position), f"piece at {position}")
        position = end


def _end(window: Window, start: int) -> int:
    """Where an archive ends that begins at a position and that another one, or nothing, follows; -1 where none does."""
    place = window.find(_END, start)
    for _ in range(_MOST):
        if place < 0:
            break
        end = place + 22 + (window.number("<H", place + 20) or 0)
        if (end == window.size or window.read(end, 4) == _LOCAL) and _fits(window, start, place):
            return end
        place = window.find(_END, place + 1)
    return -1


def _fits(window: Window, start: int, place: int) -> bool:
    """Whether a list of members ends at a place, by its own count from where the archive begins."""
    size, offset = window.number("<I", place + 12), window.number("<I", place + 16)
    if window.read(place - 20, 4) == _LOCATOR64:
        place = start + (window.number("<Q", place - 12) or 0)
        if window.read(place, 4) != _END64:
            return False
        size, offset = window.number("<Q", place + 40), window.number("<Q", place + 48)
    return size is not None and offset is not None and start + offset + size == place
