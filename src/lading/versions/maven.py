"""Versions of Maven artifacts, by the rules of the POM reference: numbers, known qualifiers, then the alphabet."""

import re
from functools import cmp_to_key, lru_cache
from itertools import zip_longest
from typing import Any

from lading.versions import LONGEST

_TOKEN = re.compile(r"([.\-_]?)(\d+|[^\d.\-_]+)?")
_KNOWN = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "cr": 3, "snapshot": 4, "": 5, "final": 5, "ga": 5, "release": 5, "sp": 6}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_OTHERS = 7
Token = tuple[str, int | str]
"""The sign in front (dot or hyphen) and a number or a qualifier."""


@lru_cache(1 << 17)
def key(text: str) -> Any:  # noqa: ANN401 - what functools makes
    """A key that compares as ComparableVersion does; ValueError when the text is no version."""
    if not text or len(text) > LONGEST or not re.match(r"[\w.+~-]+\Z", text) or not any(c.isdigit() for c in text):
        raise ValueError(f"{text[:40]!r} is no version of a Maven artifact")
    return cmp_to_key(_compare)(tuple(_trimmed(_tokens(text.lower()))))


def _tokens(text: str) -> list[Token]:
    """Split at dots, hyphens and between digits and letters, which counts as a hyphen; nothing between two signs is 0."""
    found: list[Token] = []
    pieces = [(m[1], m[2]) for m in _TOKEN.finditer(text) if m[0]]
    for number, (sign, word) in enumerate(pieces):
        prefix = "." if sign == "." or not found else "-"
        following = pieces[number + 1] if number + 1 < len(pieces) else ("", "")
        if not word:
            found.append((prefix, 0))
        elif word.isdecimal():
            found.append((prefix, int(word)))
        else:
            short = following[0] == "" and following[1].isdecimal() if following[1] else False
            found.append((prefix, _SHORT.get(word, word) if short else word))
    return found


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without what means nothing at the end, and before each hyphen."""
    kept: list[Token] = []
    for token in reversed(tokens):
        if _is_null(token) and (not kept or kept[-1][0] == "-"):
            continue
        kept.append(token)
    return kept[::-1]


def _is_null(token: Token) -> bool:
    return token[1] == 0 or token[1] in {"", "final", "ga", "release"}


def _compare(left: tuple[Token, ...], right: tuple[Token, ...]) -> int:
    for mine, other in zip_longest(left, right):
        a, b = _rank(mine or _padding(other)), _rank(other or _padding(mine))
        if a != b:
            return -1 if a < b else 1
    return 0


def _padding(token: Token) -> Token:
    return (token[0], 0 if isinstance(token[1], int) and token[0] == "." else "")


def _rank(token: Token) -> tuple[int, int, int | str]:
    """A qualifier is below a number behind a hyphen, that below one behind a dot."""
    sign, value = token
    if isinstance(value, int):
        return (2 if sign == "." else 1, value, "")
    known = _KNOWN.get(value, _OTHERS)
    return (0, known, value if known == _OTHERS else "")
