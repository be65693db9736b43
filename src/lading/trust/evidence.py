"""From an envelope to evidence: a statement counts only once its signature leads to somebody the verifier trusts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import EvidenceError, TrustError
from lading.trust import statement
from lading.trust.bundle import Bundle
from lading.trust.dsse import IN_TOTO, Envelope
from lading.trust.keys import PublicKey
from lading.trust.lifetime import Lifetime
from lading.trust.statement import Statement

if TYPE_CHECKING:
    from cryptography import x509


Check = Callable[[PublicKey], None]
"""Raises TrustError when a signature is not that of a key."""


class Roots(Struct, frozen=True):
    """Whom a verifier trusts."""

    keys: tuple[PublicKey, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    revocations: tuple[x509.CertificateRevocationList, ...] = ()
    timestamping: tuple[x509.Certificate, ...] = ()
    """Authorities that prove times (RFC 3161)."""
    lifetimes: dict[str, Lifetime] = {}
    """From when until when keys count, by fingerprint; a key without one counts always."""
    sigstore: str = ""
    """`public`, or the path of the trusted root of a Sigstore instance; empty: no identities are trusted."""


class Signer(Struct, frozen=True, order=True):
    """Who has signed: a key by its fingerprint, or an identity that a certificate speaks for."""

    kind: str
    name: str
    algorithm: str
    fingerprint: str
    """Of the public key, also where a certificate speaks for it."""
    issuer: str = ""
    """Of an identity: by whose login it was seen."""
    names: tuple[str, ...] = ()
    """Each name that a certificate speaks for, by itself: rules are held against these, `name` is for people."""

    def is_same(self, other: Signer) -> bool:
        """Whether two signers are one: the same key, or the same identity with another key."""
        named = (self.kind, self.name, self.issuer) == (other.kind, other.name, other.issuer)
        return self.fingerprint == other.fingerprint or (named and self.kind != "key")

    def __str__(self) -> str:
        if self.issuer:
            return f"{self.kind} {self.name} by {self.issuer} ({self.algorithm})"
        return f"{self.kind} {self.name[:16] + '…' if self.kind == 'key' else self.name} ({self.algorithm})"


class Evidence(Struct, frozen=True):
    """A statement whose signature was verified, who made it, and the digest of the envelope that proves it."""

    statement: Statement
    signer: Signer
    envelope: Digest
    proven: datetime | None = None
    """When the signature was there for certain: by a trusted timestamp, or within the minutes that a certificate of an identity lives."""


def verify(bundle: Bundle, roots: Roots, now: datetime) -> Evidence:
    """The evidence in a bundle; TrustError when it is wrong, EvidenceError when nothing is there to check it with."""
    envelope = bundle.envelope
    if envelope.payload_type != IN_TOTO:
        raise TrustError(f"the payload is of type {envelope.payload_type!r}, not {IN_TOTO}")
    signature = envelope.signatures[0].sig if envelope.signatures else b""
    proven: datetime | None
    if bundle.keyless:
        signer, proven = _by_identity(bundle, roots)
    else:
        proven = _proven_time(bundle.timestamps, signature, roots, now)
        if bundle.certificates:
            signer = _by_certificate(bundle.certificates, roots, proven or now, lambda key: key.verify(signature, envelope.signed))
        else:
            signer = _by_key(roots.keys, bundle.key_hint, lambda key: _any(key, envelope))
    _alive(signer, roots, proven or now)
    return Evidence(statement.decode(envelope.payload), signer, Digest.of_bytes(envelope.payload), proven)


def signer_of_bytes(message: bytes, signature: bytes, chain: Sequence[bytes], roots: Roots, now: datetime) -> Signer:
    """Who has signed bare bytes with SHA-256: a trusted key, or the leaf of a chain (DER) that leads to a trusted authority."""

    def check(key: PublicKey) -> None:
        key.verify_sha256(signature, message)

    signer = _by_certificate(chain, roots, now, check) if chain else _by_key(roots.keys, "", check)
    _alive(signer, roots, now)
    return signer


def _any(key: PublicKey, envelope: Envelope) -> None:
    """Return when one of the signatures of an envelope is that of a key."""
    *others, last = envelope.signatures
    for signature in others:
        try:
            key.verify(signature.sig, envelope.signed)
        except TrustError:
            continue
        return
    key.verify(last.sig, envelope.signed)


def _by_key(keys: Sequence[PublicKey], hint: str, check: Check) -> Signer:
    """The trusted key that signed; the hint orders the attempts and words the refusal, it decides nothing."""
    if not keys:
        raise EvidenceError("there is no key to check the signature with", hint="lading verify … --key SIGNER.pub")
    refusals: list[TrustError] = []
    for key in sorted(keys, key=lambda k: k.fingerprint != hint):
        try:
            check(key)
        except TrustError as e:
            refusals.append(e)
        else:
            return Signer("key", key.fingerprint, key.algorithm, key.fingerprint)
    if hint and all(k.fingerprint != hint for k in keys):
        raise TrustError(f"signed with the key {hint[:16]}…, which is none of the {len(keys)} trusted ones")
    raise refusals[0]


def _by_certificate(chain: Sequence[bytes], roots: Roots, at: datetime, check: Check) -> Signer:
    """The leaf of a chain that leads to a trusted authority and was valid at a time."""
    from lading.trust import certificates  # noqa: PLC0415 - X.509 is half of what there is to import, and keys do without

    if not roots.certificates:
        raise EvidenceError("there is no certificate authority to check the signature with", hint="lading verify … --roots CA.pem")
    leaf = certificates.verified_leaf(chain, roots.certificates, roots.revocations, at)
    key = certificates.public_key_of(leaf)
    check(key)
    names = certificates.names_of(leaf)
    return Signer("certificate", ", ".join(names), key.algorithm, key.fingerprint, names=names)


def _by_identity(bundle: Bundle, roots: Roots) -> tuple[Signer, datetime]:
    from lading.trust import sigstore  # noqa: PLC0415 - an extra

    found = sigstore.verified(bundle, roots.sigstore)
    return Signer("identity", ", ".join(found.names), found.algorithm, found.fingerprint, found.issuer, found.names), found.since


def _alive(signer: Signer, roots: Roots, at: datetime) -> None:
    """Return when the key of a signer counted at a time; also that of a certificate, where somebody set it a term."""
    lifetime = roots.lifetimes.get(signer.fingerprint)
    if lifetime and (reason := lifetime.ended(at)):
        raise TrustError(f"{signer}: the key {reason}", hint="a signature outlives its key only with a timestamp from the time it was made")


def _proven_time(timestamps: Sequence[bytes], signature: bytes, roots: Roots, now: datetime) -> datetime | None:
    """The earliest time at which a trusted authority has seen the signature."""
    if not (timestamps and roots.timestamping):
        return None
    from lading.trust.timestamps import signing_time  # noqa: PLC0415 - an extra

    return signing_time(timestamps, signature, roots.timestamping, now)
