"""SQLite: tables of records; views and triggers that call what a program brings, and pickles in the rows."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import buried
from lading.scanners._registry import Part, Seen, Span, scanner

_MAGIC = b"SQLite format 3\x00"
_CALLS = pattern(rb"(?i)\b(?:load_extension|writefile|readfile|edit|fts3_tokenizer|eval|zipfile|lsdir|fsdir)[\s\"'`\]]*\(")
_SCHEMA = pattern(rb"(?i)CREATE\s+(?:TEMP\w*\s+)?(?:TRIGGER|VIEW|TABLE|INDEX|UNIQUE)\b[^\x00]{0,20000}")
_STEP, _OVER = 4 << 20, 1 << 16
_MOST = 256 << 20
LOADER = "sqlite3, whatever opens the table"


@scanner("SQLite", lambda part: part.head.startswith(_MAGIC))
def scan(part: Part) -> Iterator[Seen]:
    """Search every page: what is deleted may still be read, and costs nothing to look at."""
    page = part.window.number(">H", 16) or 0
    page = 65536 if page == 1 else page
    if page < 512 or page & (page - 1) or part.window.size % page:  # noqa: PLR2004 - the smallest page
        yield part.sees("broken-file", "it is no whole number of pages", Grade.UNSCANNABLE)
        return
    if part.window.size > _MOST:
        yield part.sees("limit", "a table longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
    told = False
    for start in range(0, min(part.window.size, _MOST), _STEP):
        block = part.window.read(start, _STEP + _OVER)
        part.budget.spend(len(block) // 500)
        place = -1 if told else _called(block)
        if place >= 0:
            told = True
            message = "a view, a trigger or a column of it calls a function that reaches files or loads libraries"
            yield part.sees("data-code", message, offset=start + place, effect="native-load", loader=LOADER)
        yield from buried(part, start, min(start + _STEP, part.window.size))
    yield Span(0, part.window.size, inert=True)


def _called(block: bytes) -> int:
    """Where a statement of the schema calls such a function, or -1."""
    if not _CALLS.search(block):
        return -1
    return next((m.start() for m in _SCHEMA.finditer(block) if _CALLS.search(m.group(0))), -1)
