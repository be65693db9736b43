"""Parquet, Feather and Arrow: columns of numbers, and types that old readers made by unpickling."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import buried, decoded
from lading.scanners._registry import Part, Seen, Span, scanner

_PICKLED = b"arrow.py_extension_type"
_HELD = b"ray.data.arrow_pickled_object"
"""A type whose rows are pickles."""
_SCHEMA = pattern(rb"ARROW:schema[^A-Za-z0-9+/]{1,8}([A-Za-z0-9+/=]{16,})")
_MOST_FOOTER = 16 << 20
LOADER = "pyarrow before 14.0.1, pandas, datasets"


def kind(part: Part) -> str:
    """Which of these formats it is; empty where it is none."""
    if part.head[:4] == b"PAR1":
        return "parquet"
    if part.head[:6] == b"ARROW1" or part.head[:4] == b"FEA1":
        return "arrow"
    return "arrow" if part.suffix in {".arrow", ".arrows", ".feather", ".ipc"} and part.head[:4] == b"\xff\xff\xff\xff" else ""


@scanner("Parquet or Arrow", lambda part: bool(kind(part)))
def scan(part: Part) -> Iterator[Seen]:
    """Look for types that a reader unpickles, in the schema as it is and as text, and for pickles in what is said of the columns."""
    start = 0
    if kind(part) == "parquet":
        if part.window.read(part.window.size - 4, 4) != b"PAR1":
            yield part.sees("broken-file", "it does not end as a Parquet file does", Grade.UNSCANNABLE)
            return
        start = max(part.window.size - 8 - min(part.window.number("<I", part.window.size - 8) or 0, _MOST_FOOTER), 0)
    schemas = [Window(text) for text in _schemas(part.window.read(start, _MOST_FOOTER))] if start else []
    place = max(part.window.find(_PICKLED, 0), *(start for s in schemas if s.find(_PICKLED, 0) >= 0), -1, -1)
    if place >= 0:
        yield part.sees(
            "data-code", "a column is of a type that is a pickle", Grade.MALICIOUS, offset=place, effect="execute", loader=LOADER
        )
    elif any(s.find(_HELD, 0) >= 0 for s in [part.window, *schemas]):
        yield part.sees("data-code", "the rows of a column are pickles", offset=start, effect="execute", loader="Ray Data")
    yield from buried(part, start)
    for schema in schemas:
        yield from buried(replace(part, window=schema))
    yield Span(0, part.window.size, inert=True)


def _schemas(footer: bytes) -> Iterator[bytes]:
    """What is said of the columns in the spelling of Arrow."""
    for match in _SCHEMA.finditer(footer):
        yield decoded(match.group(1))
