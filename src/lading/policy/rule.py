"""Whose signature counts, for what and for how long: the rules of lading.toml."""

import re
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from lading.trust.lifetime import Lifetime

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class TrustRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[trust]]`: for artifacts whose name matches, whose signatures count and how many are needed; the first that matches holds.

    Files are relative to the settings file. `identities` are patterns for the names of certificates; without any, every certificate
    of the authorities counts. `sigstore` is `public` or the trusted root of an instance: its identities count only where both `identities` and
    `issuers` (patterns too) name them.
    """

    match: str = "*"
    keys: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    revocations: tuple[str, ...] = ()
    timestamping: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    sigstore: str = ""
    issuers: tuple[str, ...] = ()
    threshold: int = 1
    predicates: tuple[str, ...] = ()
    """Statements there must be about the artifact: `provenance`, `test-result`, `cyclonedx`, … or URIs of predicate types."""
    max_age: str = ""
    """How old a statement that counts may be: `12h`, `90d`, `8w`; by a proven time, else by the time that is signed in it."""
    formats: tuple[str, ...] = ()
    """Formats that files may have, by name and by content: `safetensors`, `gguf`, `text`, … (catalog/file_formats.py); without any, every one."""
    sources: tuple[str, ...] = ()
    """Patterns for where it may have been built from: every Git source of its provenance must match one, as `git+https://host/owner/*`."""

    def __post_init__(self) -> None:
        self.age()

    def age(self) -> timedelta | None:
        """`max_age` as a span; ValueError when it is none."""
        return span(self.max_age)


class KeyTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[key]]`: from which day until which day (the last on which it counts) a key counts, and from which day on it is revoked, in UTC."""

    file: str
    """The public key, relative to the settings file."""
    valid_from: date | None = None
    valid_until: date | None = None
    revoked: date | None = None
    reason: str = ""

    def lifetime(self) -> Lifetime:
        """The term in moments."""
        last = self.valid_until and self.valid_until + timedelta(days=1)
        return Lifetime(start=_midnight(self.valid_from), end=_midnight(last), revoked=_midnight(self.revoked), reason=self.reason)


def span(text: str) -> timedelta | None:
    """`12h`, `90d`, `8w` as a span; None for no text, ValueError when it is none."""
    if not text:
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text)
    if not found:
        raise ValueError(f"max_age is {text!r} and should be a number of m, h, d or w: 90d")
    return int(found[1]) * _UNITS[found[2]]


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
