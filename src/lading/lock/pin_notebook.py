"""Pins in notebooks: the code of the cell is edited, and the strings of the file that hold the changed lines."""

import json
import re

from lading.core.component import Occurrence
from lading.core.source import SourceFile
from lading.lock import pin_call
from lading.lock.edit import Edit, Left, Text
from lading.syntax.notebook import Cell, code_cells

_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
_MAGIC = re.compile(r"\s*[%!?]")


def revision(text: Text, file: SourceFile, at: Occurrence, commit: str) -> tuple[Edit, ...]:
    """The edits that pin the call in a cell; Left says why there are none."""
    cell = next((c for c in code_cells(file) if c.number == at.cell), None)
    if cell is None:
        raise Left("its cell is not found")
    code = Text(text.path, "\n".join("" if _MAGIC.match(line) else line for line in cell.lines).encode())
    place = Occurrence(at.path, at.cell_line, at.symbol, at.written, at.confidence)
    made = pin_call.revision(code, place, commit)
    return tuple(_in_file(text, cell, code, edit) for edit in made)


def _in_file(text: Text, cell: Cell, code: Text, edit: Edit) -> Edit:
    """The edit of the code as one of the string that holds its line."""
    number = next(n for n in range(1, code.lines + 1) if edit.start <= code.span(n)[1])
    start, end = code.span(number)
    if edit.end > end:
        raise Left("it stands in several lines")
    line = code.data[start:end].decode()
    strings = [m for m in _STRING.finditer(text.data, *text.span(cell.physical[number - 1])) if _decoded(m[0]).rstrip("\r\n") == line]
    if len(strings) != 1:
        raise Left("its line does not stand in a string of its own")
    was = _decoded(strings[0][0])
    escaped = strings[0][0].isascii()
    if json.dumps(was, ensure_ascii=escaped).encode() != strings[0][0]:
        raise Left("its line is written with other escapes than usual")
    now = (code.data[start : edit.start] + edit.text + code.data[edit.end : end]).decode() + was[len(line) :]
    return Edit(*strings[0].span(), json.dumps(now, ensure_ascii=escaped).encode())


def _decoded(literal: bytes) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return ""
