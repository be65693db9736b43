"""What a format has no field for, carried along as JSON: the fields of a struct that would not be read back as they are.

A writer lets its own reader read the fields it wrote and carries the difference; so nothing is lost, nothing is said
twice, and what another tool changes in the format's own fields counts.
"""

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from lading.core.errors import FormatError

S = TypeVar("S", bound=Struct)
MARK = "lading: "
"""How a carried text begins where a format keeps texts of anybody in one place."""


def difference(true: Struct, read_back: Struct) -> str:
    """The fields of the true struct that were not read back, as text; empty when all were."""
    lost = _lost(true, read_back)
    return MARK + msgspec.json.encode(lost).decode() if lost else ""


def _lost(true: Struct, read_back: Struct) -> dict[str, object]:
    pairs = [(f, getattr(true, f), getattr(read_back, f)) for f in true.__struct_fields__]
    return {f: _lost(one, back) if isinstance(one, Struct) and isinstance(back, Struct) else one for f, one, back in pairs if one != back}


def completed(read_back: S, text: str) -> S:
    """The struct with the carried fields put back; FormatError when the text does not hold what it should."""
    if not text.startswith(MARK):
        return read_back
    try:
        return _completed(read_back, Raw(text[len(MARK) :].encode()))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as e:
        raise FormatError(f"a note of lading does not hold what it should: {e}") from e


def _completed(read_back: S, text: Raw) -> S:
    carried = msgspec.json.decode(text, type=dict[str, Raw])
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(read_back):
        if (raw := carried.get(field.name)) is not None:
            back = getattr(read_back, field.name)
            nested = isinstance(back, Struct) and bytes(raw) != b"null"
            values[field.name] = _completed(back, raw) if nested else msgspec.json.decode(raw, type=field.type)
    return msgspec.structs.replace(read_back, **values)
