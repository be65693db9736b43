"""Jupyter notebooks as code cells, each line with its physical line in the file; outputs and markdown are not read."""

import json
import re

from msgspec import Struct

from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile

_SOURCE = pattern(r'"(?:source|input)"\s*:\s*(?P<open>\[|")')
_STRING = pattern(r'"(?:[^"\\\n]|\\.)*"')


class Cell(Struct, frozen=True):
    """A code cell: its number among all cells from 1, its lines, and the physical line of each."""

    number: int
    lines: tuple[str, ...]
    physical: tuple[int, ...]


def code_cells(file: SourceFile) -> list[Cell]:
    """The code cells of a notebook (formats 3 and 4); ExtractError when the file is no notebook."""
    return file.once(_cells)


def _cells(file: SourceFile) -> list[Cell]:
    try:
        data = json.loads(file.text)
    except (ValueError, RecursionError) as e:
        raise ExtractError(f"{file.path} is not a notebook: {e}") from e
    cells = _all_cells(data)
    if cells is None:
        raise ExtractError(f"{file.path} is not a notebook: it has no list of cells")
    finder = _Lines(file.text)
    found = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", cell.get("input", ""))
        text = "".join(str(s) for s in source) if isinstance(source, list) else str(source)
        physical = finder.of(source)
        if cell.get("cell_type") == "code":
            lines = tuple(text.splitlines())
            padding = [physical[-1] if physical else 1] * (len(lines) - len(physical))
            found.append(Cell(number, lines, (*physical[: len(lines)], *padding)))
    return found


def _all_cells(data: object) -> list[object] | None:
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("cells"), list):
        return list(data["cells"])
    sheets = data.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", [])]


class _Lines:
    """Finds the physical lines of the sources, which stand in the file in the order of the cells."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1

    def of(self, source: object) -> list[int]:
        strings = [str(s) for s in source] if isinstance(source, list) else [str(source)]
        if not strings or strings == [""]:
            return []
        encoded = [_comparable(s) for s in strings]
        position = self.position
        while match := _SOURCE.search(self.text, position):
            lines = self._match(match, encoded)
            if lines:
                return self._spread(strings, lines)
            position = match.end()
        return []

    def _match(self, match: re.Match[str], wanted: list[str]) -> list[int]:
        """The lines of the string literals after a `"source":` when they are the ones wanted."""
        start = match.end() - (match["open"] == '"')
        cursor, lines = start, []
        line = self.line + self.text.count("\n", self.position, start)
        for text in wanted:
            string = _STRING.search(self.text, cursor)
            if string is None or self.text[cursor : string.start()].strip(" \t\r\n,") or _comparable(_decoded(string[0])) != text:
                return []
            line += self.text.count("\n", cursor, string.start())
            lines.append(line)
            cursor = string.end()
        self.line, self.position = line, cursor
        return lines

    def _spread(self, strings: list[str], lines: list[int]) -> list[int]:
        """One physical line for every line of source: a string may hold several."""
        return [line for text, line in zip(strings, lines, strict=True) for _ in range(max(1, len(text.splitlines())))]


def _decoded(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal


def _comparable(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
