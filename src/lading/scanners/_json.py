"""JSON as a scanner wants it: bounded in size, values and depth; what stands twice is remembered where that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from lading.binary.window import Window
from lading.core.inspection import Grade, Observation
from lading.core.pattern import pattern
from lading.scanners._registry import Part

_DEEPEST = 100
_LONGEST = 40 << 20
_MOST_VALUES = 2_600_000
_LENIENT = 4 << 20
"""Up to this size, what is strictly no JSON is tried as Python reads it: with NaN and Infinity."""
_LONGEST_LABEL, _LONGEST_PATH = 200, 1_000
"""Letters of a name, and of a path, that are kept."""
_BLOCK = 1 << 20
_TABLE = 4
"""How many other values take as much memory as one table."""


class Duplicates(dict[str, Any]):
    """A table in which names stand twice; a reader takes the last, another the first."""

    twice: tuple[str, ...] = ()


def too_large(part: Part) -> Observation | None:
    """The objection to a document with more bytes or values than are read; the work of reading another one is counted."""
    values = weight(part.window) if part.window.size <= _LONGEST else _MOST_VALUES + 1
    if values > _MOST_VALUES:
        return part.sees("limit", "a document longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
    part.budget.spend(values + part.window.size // 100)
    return None


def weight(window: Window) -> int:
    """How many values a document has at most."""
    blocks = (window.read(start, _BLOCK) for start in range(0, window.size, _BLOCK))
    return sum(block.count(b",") + block.count(b":") + block.count(b"[") + _TABLE * block.count(b"{") for block in blocks)


def loads(data: bytes | memoryview) -> Any:  # noqa: ANN401 - anything stands in JSON
    """The value; ValueError where it is none, or nested without end. Where a name stands twice, the last one counts."""
    try:
        return msgspec.json.decode(data)
    except RecursionError as e:
        raise ValueError("it is nested without end") from e
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        if len(data) > _LENIENT:
            raise ValueError(str(e)) from e
        try:
            return marked(bytes(data))
        except ValueError:
            plain = _without_comments(bytes(data))
            if plain is None:
                raise
            return marked(plain)


_TOKEN = pattern(rb'"(?:[^"\\\n]|\\.)*+"|//[^\n]*|/\*')
_COMMA = pattern(rb'"(?:[^"\\\n]|\\.)*+"|,(?=\s*[}\]])')
_COMMENTED = 1 << 18


def _without_comments(data: bytes) -> bytes | None:
    """The document as editors read it: without comments, and without a comma behind the last value; None where it has none of both."""
    if len(data) > _COMMENTED:
        return None
    kept, position = [], 0
    while match := _TOKEN.search(data, position):
        kept.append(data[position : match.start()])
        token, position = match.group(0), match.end()
        if token[:1] == b'"':
            kept.append(token)
        elif token == b"/*":
            position = data.find(b"*/", position) + 2
            if position < 2:  # noqa: PLR2004 - it has no end
                return None
    plain = _COMMA.sub(lambda m: m.group(0) if m.group(0) != b"," else b"", b"".join([*kept, data[position:]]))
    return plain if plain != data else None


def marked(data: bytes) -> Any:  # noqa: ANN401 - as above
    """The same value, with tables in which a name stands twice marked as such."""
    import json  # noqa: PLC0415 - for headers, and for documents that the faster reader refuses

    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) == len(items):
            return found
        seen: set[str] = set()
        twice.extend(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        marks = Duplicates(found)
        marks.twice = tuple(twice)
        return marks

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs, parse_int=_whole)
    except RecursionError as e:
        raise ValueError("it is nested without end") from e
    except UnicodeDecodeError as e:
        raise ValueError("it is no UTF-8 text") from e
    if twice and isinstance(value, dict) and not isinstance(value, Duplicates):
        value = Duplicates(value)
        value.twice = tuple(twice)
    return value


def repeated(data: bytes) -> set[str]:
    """The names that stand twice in one table; one reader takes the last of them, another the first."""
    import json  # noqa: PLC0415 - when a document is small enough to be read twice

    twice: set[str] = set()

    def pairs(items: list[tuple[str, Any]]) -> None:
        if len({k for k, _ in items}) < len(items):
            seen: set[str] = set()
            twice.update(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]

    with suppress(ValueError, RecursionError):
        json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs, parse_int=_whole)
    return twice


def _whole(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float("inf")  # noqa: PLR2004 - longer ones cost quadratic time


def walk(value: Any, wanted: Callable[[str, Any], bool] = lambda _, __: True) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Every table and list with its path, outermost first, and every other value that is wanted under its key."""
    yield "", value
    stack = [("", "", _children(value))]
    while stack:
        place, key, children = stack[-1]
        for label, item in children:
            named = key if type(label) is int else shortened(str(label))
            held = isinstance(item, (dict, list))
            if not held and not wanted(named, item):
                continue
            path = f"{place}[{label}]" if type(label) is int else f"{place}.{named}" if place else named
            yield path, item
            if held:
                if len(stack) > _DEEPEST:
                    raise RecursionError
                stack.append((path[-_LONGEST_PATH:], named, _children(item)))
                break
        else:
            stack.pop()


def brief(value: Any) -> str:  # noqa: ANN401 - as above
    """A value as a message shows it; of a table or a list only that it is one, for it may hold others of its kind without end."""
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)


def shortened(label: str) -> str:
    """A name with its beginning and its end: every value below it has it in its path."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL // 2]}…{label[-_LONGEST_LABEL // 2 :]}"


def _children(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())
