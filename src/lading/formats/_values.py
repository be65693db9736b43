"""Values that several formats write alike, and what is wrong with them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from lading.core.purl import parse

_DATE = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z"
)
_HEX = re.compile(r"[0-9a-fA-F]*\Z")


def bad_date(at: str, text: str) -> Iterator[str]:
    """A time that is none of RFC 3339; an absent one is no problem."""
    if text and not _DATE.match(text):
        yield f"{at}: {text!r} is no RFC 3339 time"


def bad_purl(at: str, text: str) -> Iterator[str]:
    """A package URL that is none; an absent one is no problem."""
    if text:
        try:
            parse(text)
        except ValueError as e:
            yield f"{at}: {e}"


def bad_word(at: str, text: str, known: Iterable[str]) -> Iterator[str]:
    """A word that is none of a closed vocabulary; an absent one is no problem."""
    if text and text not in known:
        yield f"{at}: {text!r} is none of {', '.join(sorted(known))}"


def bad_hash(at: str, algorithm: str, value: str, digits: int | None) -> Iterator[str]:
    """A hash whose value cannot be one of its algorithm."""
    if not _HEX.match(value) or not value or (digits is not None and len(value) != digits):
        yield f"{at}: {value[:80]!r} is no {algorithm} value"


def repeated(what: str, identifiers: Iterable[str]) -> Iterator[str]:
    """Identifiers that are given more than once."""
    yield from (f"{what} {one!r} is given {count} times" for one, count in Counter(identifiers).items() if count > 1)
