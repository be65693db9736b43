"""Versions of Alpine packages, compared as apk does: `1.2.3b_rc1-r0`."""

import re
from functools import lru_cache
from typing import Any

from lading.versions import LONGEST

_FORM = re.compile(r"(\d+(?:\.\d+)*)([a-z])?((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?\Z")
_SUFFIX = re.compile(r"_([a-z]+)(\d*)")
_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")
_END = (1,)


@lru_cache(1 << 17)
def key(text: str) -> tuple[Any, ...]:
    """The parts, where a further number is above a letter, that above `_p1`, that above `-r1`, that above the end, that above `_rc1`."""
    found = _FORM.match(text) if len(text) <= LONGEST else None
    if not found:
        raise ValueError(f"{text[:40]!r} is no version of an Alpine package")
    first, *more = found[1].split(".")
    parts: list[tuple[Any, ...]] = [(5, 1, int(first)), *map(_number, more)]
    parts += [(4, found[2])] if found[2] else []
    parts += [_suffix(name, digits) for name, digits in _SUFFIX.findall(found[3])]
    parts += [(2, int(found[4]))] if found[4] is not None else []
    return (*parts, _END)


def _number(text: str) -> tuple[Any, ...]:
    """A number behind a dot; with a zero in front it compares as text, below all others."""
    return (5, 0, text) if text.startswith("0") else (5, 1, int(text))


def _suffix(name: str, digits: str) -> tuple[int, int, int]:
    number = int(digits) if digits else -1
    if name in _BEFORE:
        return 0, _BEFORE.index(name), number
    if name in _AFTER:
        return 3, _AFTER.index(name), number
    raise ValueError(f"_{name} is no suffix of an Alpine version")
