"""Semantic versions, read as leniently as registries write them: a leading v, fewer or more numbers, zeros in front."""

import re
from functools import lru_cache
from typing import Any

from lading.versions import LONGEST

_FORM = re.compile(r"[vV=]?\s*(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.+-]*)?\Z")
_RELEASE: tuple[Any, ...] = (1,)


@lru_cache(1 << 17)
def key(text: str) -> tuple[Any, ...]:
    """The numbers, then what stands behind the hyphen, which is below nothing standing there; build metadata does not count."""
    found = _FORM.match(text) if len(text) <= LONGEST else None
    if not found:
        raise ValueError(f"{text[:40]!r} is no semantic version")
    numbers = [int(n) for n in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), (0, *map(_identifier, found[2].split("."))) if found[2] else _RELEASE


def _identifier(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)
