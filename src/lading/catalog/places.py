"""Where the lines of a piece of shell text stand: in a script, a Dockerfile, a workflow, a notebook cell."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Confidence, Kind
from lading.core.source import SourceFile
from lading.syntax.shell import Word

Observation = Component | Unresolved
MOST_LINES_BACK = 500
"""How far above a command the literal is looked for that a variable brought into it."""


class Position(Protocol):
    """A place in a file: what a caller knows about each line of the shell text."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """The physical line."""

    @property
    def cell(self) -> int:
        """The notebook cell, 0 elsewhere."""

    @property
    def cell_line(self) -> int:
        """The line in the cell, 0 elsewhere."""


class Line:
    """A physical line of an ordinary file."""

    cell = 0
    cell_line = 0

    def __init__(self, path: str, line: int) -> None:
        self.path = path
        self.line = line


class Script:
    """A piece of shell text of a file, the place of each of its lines, and what its commands say of each other."""

    def __init__(self, file: SourceFile, places: Sequence[Position], text: str) -> None:
        self.file = file
        self.places = places
        self.lines = text.split("\n")
        self.built: set[str] = set()
        self.chart_repositories: dict[str, str] = {}
        self.checked_out: dict[int, str] = {}

    def at(self, word: Word, symbol: str, confidence: Confidence = Confidence.DECLARED) -> Occurrence:
        """The occurrence of a word: where its literal stands, also when a variable brought it into the command."""
        line = self._literal(word)
        brought = line != word.line or (line < len(self.lines) and word.text not in self.lines[line])
        if brought and confidence is Confidence.DECLARED:
            confidence = Confidence.INFERRED
        place = self.places[min(line, len(self.places) - 1)]
        return Occurrence(place.path, place.line, symbol, word.text, confidence, cell=place.cell, cell_line=place.cell_line)

    def _literal(self, word: Word) -> int:
        if word.literal >= 0:
            return word.literal
        if word.line >= len(self.lines) or word.text in self.lines[word.line]:
            return word.line
        above = range(word.line - 1, max(-1, word.line - MOST_LINES_BACK), -1)
        return next((n for n in above if word.text in self.lines[n]), word.line)

    def unresolved(self, kind: Kind, word: Word, symbol: str) -> Iterator[Unresolved]:
        """The place of a word that is known only when the command runs."""
        yield Unresolved(kind, word.text, self.at(word, symbol, Confidence.UNRESOLVED), "a variable or placeholder")
