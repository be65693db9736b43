"""Sigstore bundles v0.3: an envelope with what is needed to verify it."""

import json
from typing import Any

import msgspec
from msgspec import Struct

from lading.core.errors import TrustError
from lading.trust import dsse
from lading.trust.dsse import Envelope
from lading.trust.strict import base64_text, convert, load, unbase64

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_READ = (MEDIA_TYPE, *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3)))


class Bundle(Struct, frozen=True):
    """An envelope and the material to verify it: the hint of a key, or certificates (DER, leaf first), log entries, timestamps.

    Nothing in it is trusted for being there: trust comes from the roots that a verifier brings.
    """

    envelope: Envelope
    key_hint: str = ""
    certificates: tuple[bytes, ...] = ()
    keyless: bool = False
    """One short-lived certificate of an identity, to be verified with a transparency log."""
    log_entries: tuple[dict[str, Any], ...] = ()
    timestamps: tuple[bytes, ...] = ()
    """RFC 3161 time-stamp responses, DER."""
    raw: bytes = b""
    """The document as it was read."""


class _Bytes(Struct, rename="camel"):
    raw_bytes: str


class _Key(Struct, rename="camel"):
    hint: str = ""
    raw_bytes: str = ""


class _Chain(Struct):
    certificates: list[_Bytes]


class _Timestamp(Struct, rename="camel"):
    signed_timestamp: str


class _Timestamps(Struct, rename="camel"):
    rfc3161_timestamps: list[_Timestamp] = []


class _Material(Struct, rename="camel", forbid_unknown_fields=True):
    public_key: _Key | None = None
    x509_certificate_chain: _Chain | None = None
    certificate: _Bytes | None = None
    tlog_entries: list[dict[str, Any]] | None = None
    timestamp_verification_data: _Timestamps | None = None


class _Bundle(Struct, rename="camel", forbid_unknown_fields=True):
    media_type: str
    verification_material: _Material
    dsse_envelope: dict[str, Any]


def decode(data: bytes, what: str = "the bundle") -> Bundle:
    """Read a bundle; TrustError says in which way it is none."""
    return of_value(load(data, what), what, data)


def of_value(value: object, what: str, raw: bytes = b"") -> Bundle:
    """Read a bundle from parsed JSON."""
    parsed = convert(value, _Bundle, what)
    if parsed.media_type not in _READ:
        raise TrustError(f"{what} is of media type {parsed.media_type!r}, which is not read; {MEDIA_TYPE} is")
    material = parsed.verification_material
    kinds = [material.public_key, material.x509_certificate_chain, material.certificate]
    if sum(k is not None for k in kinds) != 1:
        raise TrustError(f"{what} must hold one of a public key, a certificate chain and a certificate, and nothing of the others")
    envelope = dsse.decode(parsed.dsse_envelope, f"the envelope of {what}")
    if len(envelope.signatures) != 1:
        raise TrustError(f"{what} has {len(envelope.signatures)} signatures, and must have one")
    chain = material.x509_certificate_chain.certificates if material.x509_certificate_chain else []
    chain = [material.certificate] if material.certificate else chain
    if not chain and material.public_key is None:
        raise TrustError(f"{what} has an empty certificate chain")
    if material.certificate and not material.tlog_entries:
        raise TrustError(f"{what} has a certificate of an identity without the entry of a transparency log that must go with it")
    stamps = material.timestamp_verification_data.rfc3161_timestamps if material.timestamp_verification_data else []
    return Bundle(
        envelope,
        material.public_key.hint if material.public_key else "",
        tuple(unbase64(c.raw_bytes, f"a certificate of {what}") for c in chain),
        keyless=material.certificate is not None,
        log_entries=tuple(material.tlog_entries or ()),
        timestamps=tuple(unbase64(t.signed_timestamp, f"a timestamp of {what}") for t in stamps),
        raw=raw,
    )


def encode(bundle: Bundle) -> bytes:
    """The bundle as one line of JSON."""
    material: dict[str, Any] = {"tlogEntries": list(bundle.log_entries)}
    certificates = [{"rawBytes": base64_text(c)} for c in bundle.certificates]
    if bundle.keyless:
        material["certificate"] = certificates[0]
    elif certificates:
        material["x509CertificateChain"] = {"certificates": certificates}
    else:
        material["publicKey"] = {"hint": bundle.key_hint}
    if bundle.timestamps:
        stamps = [{"signedTimestamp": base64_text(t)} for t in bundle.timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    value = {"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": dsse.encode(bundle.envelope)}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def with_timestamp(bundle: Bundle, token: bytes) -> Bundle:
    """The bundle with one more proof of the time at which its signature was there."""
    return msgspec.structs.replace(bundle, timestamps=(*bundle.timestamps, token), raw=b"")
