"""Whose signature counts: one rule of lading.toml."""

from msgspec import Struct


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
