"""FlatBuffers: tables, vectors and texts reached by offsets, each checked against the end."""

from __future__ import annotations

from lading.binary.window import Window

_SHORTEST = 4
"""A list of fields begins with its own length and that of the table."""


class BrokenTableError(ValueError):
    """An offset leads out of the bytes."""


class Table:
    """One table and its fields by position."""

    def __init__(self, window: Window, position: int) -> None:
        self.window = window
        self.position = position
        back = self._number("<i", position)
        self.fields = position - back
        self.length = self._number("<H", self.fields)
        if self.length < _SHORTEST:
            raise BrokenTableError(f"the list of fields at {self.fields} has {self.length} bytes")

    def _number(self, layout: str, position: int) -> int:
        value = self.window.number(layout, position) if position >= 0 else None
        if value is None:
            raise BrokenTableError(f"an offset leads to {position}, behind the end")
        return value

    def place(self, index: int) -> int:
        """Where a field is, or 0 where it is left out."""
        slot = 4 + index * 2
        offset = self._number("<H", self.fields + slot) if slot < self.length else 0
        return self.position + offset if offset else 0

    def tables(self, index: int, most: int = 200_000) -> list[Table]:
        """The tables of a vector."""
        place = self.place(index)
        if not place:
            return []
        start = place + self._number("<I", place)
        count = self._number("<I", start)
        if count > most or start + 4 + count * 4 > self.window.size:
            raise BrokenTableError(f"a vector of {count} tables is longer than the file")
        slots = range(start + 4, start + 4 + count * 4, 4)
        return [Table(self.window, slot + self._number("<I", slot)) for slot in slots]

    def text(self, index: int) -> str:
        """A text, or an empty one."""
        place = self.place(index)
        if not place:
            return ""
        start = place + self._number("<I", place)
        length = self._number("<I", start)
        if start + 4 + length > self.window.size:
            raise BrokenTableError("a text is longer than the file")
        return self.window.read(start + 4, min(length, 4096)).decode("utf-8", "replace")


def root(window: Window) -> Table:
    """The outermost table."""
    place = window.number("<I", 0)
    if place is None or place + 4 > window.size:
        raise BrokenTableError("there is no table")
    return Table(window, place)
