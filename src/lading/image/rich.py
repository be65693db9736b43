"""Needs of RPM that are joined by words: `(a or b)`, `(c >= 2 if d else e)`, read as rpm reads them."""

import re

from lading.image.needs import Compound, Need, Want

_DEEPEST, _LONGEST = 50, 1 << 16
_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"[<>=]+")
_CHAINED = frozenset({"and", "or", "with"})
_ONCE = frozenset({"without", "if", "unless"})


def want(text: str) -> Want:
    """A need in parentheses; ValueError when it is none."""
    if len(text) > _LONGEST:
        raise ValueError("a need is too long")
    found, end = _compound(text, 0, 0)
    if text[end:].strip():
        raise ValueError("a need goes on behind its end")
    return found


def _compound(text: str, at: int, depth: int) -> tuple[Want, int]:
    """What stands between a parenthesis and its partner."""
    if depth > _DEEPEST:
        raise ValueError("a need is nested too deeply")
    part, at = _part(text, at + 1, depth)
    parts, word = [part], ""
    while text[at : at + 1] != ")":
        said, at = _word(text, at)
        if word == "" and said in _CHAINED | _ONCE:
            word = said
        elif not (said == word and word in _CHAINED) and not (said == "else" and word in {"if", "unless"} and len(parts) == 2):  # noqa: PLR2004 - what, and when
            raise ValueError("a need is joined by words that do not go together")
        part, at = _part(text, at, depth)
        parts.append(part)
    return (Compound(word, tuple(parts)) if word else parts[0]), _after_space(text, at + 1)


def _part(text: str, at: int, depth: int) -> tuple[Want, int]:
    at = _after_space(text, at)
    if text[at : at + 1] == "(":
        return _compound(text, at, depth + 1)
    name, at = _word(text, at)
    operator = _OPERATOR.match(text, at)
    if not operator:
        return Need(name), at
    version, at = _word(text, _after_space(text, operator.end()))
    return Need(name, operator[0], version), at


def _word(text: str, at: int) -> tuple[str, int]:
    """What stands before the next space, or the parenthesis that has no partner in it."""
    end, nested = at, 0
    while end < len(text) and not text[end].isspace():
        nested += {"(": 1, ")": -1}.get(text[end], 0)
        if nested < 0:
            break
        end += 1
    if end == at:
        raise ValueError("a need ends too early")
    return text[at:end], _after_space(text, end)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
