"""Ranges of versions as VERS writes them: `vers:pypi/>=1.0|<2.0|!=1.5`."""

import operator
import re
from collections.abc import Callable
from typing import Any

from lading.core.errors import FormatError
from lading.versions import Order

LONGEST = 4000
_CONSTRAINT = re.compile(r"(>=|<=|!=|=|>|<)?\s*(\S+)\Z")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}


def within(text: str, version: str, order: Order) -> bool:
    """Whether a version lies in a range: it is listed, or between a lower and the next upper bound; FormatError when it is no range."""
    body = text.partition("/")[2] if text.startswith("vers:") else text
    if not body or len(text) > LONGEST:
        raise FormatError(f"{text[:80]!r} is no range of versions", hint="write it as vers:pypi/>=1.0|<2.0")
    if body == "*":
        return True
    try:
        wanted = order(version)
        constraints = sorted((_read(part, order) for part in body.split("|")), key=lambda c: c[1])
    except ValueError as e:
        raise FormatError(f"{text[:80]!r} is no range of versions: {e}") from e
    on_it = {sign for sign, bound in constraints if bound == wanted}
    if on_it:
        return on_it <= {"=", ">=", "<="}
    return _between([c for c in constraints if c[0] not in {"=", "!="}], wanted)


def _read(part: str, order: Order) -> tuple[str, Any]:
    found = _CONSTRAINT.match(part.strip())
    if not found:
        raise ValueError(f"{part[:40]!r} has no version")
    return found[1] or "=", order(found[2])


def _between(constraints: list[tuple[str, Any]], wanted: Any) -> bool:  # noqa: ANN401 - whatever the order makes
    """The bounds in order: the nearest below must open upwards, or the nearest above must close; both where both are there."""
    below = [sign for sign, bound in constraints if bound < wanted]
    above = [sign for sign, bound in constraints if bound > wanted]
    opened = not below or below[-1].startswith(">")
    closed = not above or above[0].startswith("<")
    return bool(below or above) and opened and closed
