"""JSON and base64 as signed documents must be: one meaning each, or refused."""

import base64
import binascii
import json
from typing import Any, NoReturn, TypeVar

import msgspec

from lading.core.errors import TrustError

T = TypeVar("T")

LARGEST = 256 << 20
"""Bytes of a signed document; a model of a million files needs less."""
_LONGEST_NUMBER = 20


def load(data: bytes, what: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse JSON; TrustError for a key given twice, numbers that are none, text that is no Unicode, and whatever is no JSON."""
    if len(data) > LARGEST:
        raise TrustError(f"{what} has {len(data)} bytes, more than the {LARGEST} a signed document may have")
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_integer)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except TrustError as e:
        raise TrustError(f"{what}: {e.sentence}") from e
    except UnicodeError as e:
        raise TrustError(f"{what} is not Unicode text: {e}") from e
    except (ValueError, RecursionError) as e:
        raise TrustError(f"{what} is not JSON: {str(e) or 'it nests too deep'}") from e
    return value


def convert(value: object, to: type[T], what: str) -> T:
    """The value as a typed structure; TrustError names the field that is not as it must be."""
    try:
        return msgspec.convert(value, to)
    except msgspec.ValidationError as e:
        raise TrustError(f"{what} is not as it must be: {e}") from e


def unbase64(text: str, what: str) -> bytes:
    """The bytes of canonical base64 (RFC 4648 section 4); TrustError for any other spelling, so that an envelope has one form only."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as e:
        raise TrustError(f"{what} is not base64: {e}") from e
    if base64.b64encode(data).decode() != text:
        raise TrustError(f"{what} is base64 that another spelling would decode to as well")
    return data


def base64_text(data: bytes) -> str:
    """Canonical base64."""
    return base64.b64encode(data).decode()


def canonical(value: object) -> bytes:
    """JSON in one form: keys sorted by code point, no spaces, UTF-8; for values without fractions."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(n for n in names if names.count(n) > 1)
        raise TrustError(f"the key {twice!r} is there twice")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise TrustError(f"a number of {len(text)} digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise TrustError(f"{text} is no number of JSON")
