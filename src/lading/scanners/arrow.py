"""Parquet, Feather and Arrow: columns of numbers, and types that old readers made by unpickling."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_PICKLED = b"arrow.py_extension_type"
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
    """Look for types that a reader unpickles, in the schema as it is and as text."""
    place = part.window.find(_PICKLED, 0)
    if place < 0 and kind(part) == "parquet":
        if part.window.read(part.window.size - 4, 4) != b"PAR1":
            yield part.sees("broken-file", "it does not end as a Parquet file does", Grade.UNSCANNABLE)
            return
        length = min(part.window.number("<I", part.window.size - 8) or 0, _MOST_FOOTER)
        start = part.window.size - 8 - length
        place = start if _in_schema(part.window.read(start, length)) else -1
    if place >= 0:
        yield part.sees(
            "data-code", "a column is of a type that is a pickle", Grade.MALICIOUS, offset=place, effect="execute", loader=LOADER
        )
    yield Span(0, part.window.size, inert=True)


def _in_schema(footer: bytes) -> bool:
    import base64  # noqa: PLC0415 - for this format alone

    for match in _SCHEMA.finditer(footer):
        text = match.group(1)
        try:
            if _PICKLED in base64.b64decode(text[: len(text) // 4 * 4], validate=False):
                return True
        except ValueError:
            continue
    return False
