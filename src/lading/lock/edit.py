"""A file that is to be edited: its bytes, its lines, and edits that are put in at once."""

import re
from collections.abc import Iterable
from functools import cached_property

from msgspec import Struct


class Left(Exception):  # noqa: N818 - no error: a place that stays as it is, with the reason
    """Why a place is not pinned."""


class Edit(Struct, frozen=True, order=True):
    """Bytes of a file replaced by others."""

    start: int
    end: int
    text: bytes


class Text:
    """The bytes of a file, its lines found once."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(rb"\n|\r(?!\n)", self.data))]

    @property
    def newline(self) -> bytes:
        """How its lines end."""
        return b"\r\n" if b"\r\n" in self.data else b"\n"

    @property
    def lines(self) -> int:
        """How many there are."""
        return len(self._starts)

    def span(self, number: int) -> tuple[int, int]:
        """Where a line, counted from 1, begins and ends, without what ends it; Left when there is no such line."""
        if not 0 < number <= len(self._starts):
            raise Left("it stands in no line of its own")
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.data)
        return start, start + len(self.data[start:end].rstrip(b"\r\n"))

    def line(self, number: int) -> bytes:
        """A line, counted from 1."""
        start, end = self.span(number)
        return self.data[start:end]

    def once(self, line: int, pattern: bytes) -> re.Match[bytes]:
        """Where a pattern stands in a line, with positions in the file, if it stands there once; Left otherwise."""
        found = list(re.compile(pattern).finditer(self.data, *self.span(line)))
        if len(found) != 1:
            raise Left("it stands there more than once" if found else self._missing(line))
        return found[0]

    def _missing(self, line: int) -> str:
        put_together = re.search(rb"[$<{][{(\w]", self.line(line))
        return "it is put together from several places" if put_together else "it does not stand there as it is read"

    def with_edits(self, edits: Iterable[Edit]) -> bytes:
        """The bytes with every edit made; Left when two of them overlap."""
        pieces, at = [], 0
        for edit in sorted(set(edits)):
            if edit.start < at:
                raise Left("two pins would stand in the same place")
            pieces += [self.data[at : edit.start], edit.text]
            at = edit.end
        return b"".join((*pieces, self.data[at:]))
