"""JSON as a scanner wants it: bounded in depth, and what stands twice is remembered."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 100


class Duplicates(dict[str, Any]):
    """A table in which names stand twice; a reader takes the last, another the first."""

    twice: tuple[str, ...] = ()


def loads(data: bytes) -> Any:  # noqa: ANN401 - anything stands in JSON
    """The value; ValueError where it is none, or nested without end."""
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) == len(items):
            return found
        seen: set[str] = set()
        twice.extend(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        marked = Duplicates(found)
        marked.twice = tuple(twice)
        return marked

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


def _whole(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float("inf")  # noqa: PLR2004 - longer ones cost quadratic time


def walk(value: Any, path: str = "", depth: int = 0) -> list[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Every value with its path, outermost first."""
    found, waiting = [], [(path, value, depth)]
    while waiting:
        place, item, deep = waiting.pop()
        found.append((place, item))
        if deep > _DEEPEST:
            continue
        if isinstance(item, dict):
            waiting.extend((f"{place}.{k}" if place else str(k), v, deep + 1) for k, v in reversed(item.items()))
        elif isinstance(item, list):
            waiting.extend((f"{place}[{n}]", v, deep + 1) for n, v in enumerate(item))
    return found
