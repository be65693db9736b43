"""DSSE envelopes: a payload, its type and signatures over both (DSSE v1.0.2)."""

from typing import Any

from msgspec import Struct

from lading.core.errors import TrustError
from lading.trust.strict import base64_text, convert, unbase64

IN_TOTO = "application/vnd.in-toto+json"
MOST_SIGNATURES = 64


class Signature(Struct, frozen=True):
    """A signature; `keyid` is a hint from outside that chooses nothing."""

    sig: bytes
    keyid: str = ""


class Envelope(Struct, frozen=True):
    """A payload as it was received, byte for byte, with the signatures over it."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    @property
    def signed(self) -> bytes:
        """The bytes that are signed: the pre-authentication encoding of type and payload."""
        return pre_authentication(self.payload_type, self.payload)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """PAE of DSSE: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`, lengths in bytes."""
    encoded = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(encoded), encoded, len(payload), payload)


class _Signature(Struct, forbid_unknown_fields=True):
    sig: str
    keyid: str | None = None


class _Envelope(Struct, rename="camel", forbid_unknown_fields=True):
    payload: str
    payload_type: str
    signatures: list[_Signature]


def decode(value: object, what: str) -> Envelope:
    """Read an envelope from parsed JSON; TrustError says which part is not as it must be."""
    raw = convert(value, _Envelope, what)
    if not raw.signatures:
        raise TrustError(f"{what} has no signature")
    if len(raw.signatures) > MOST_SIGNATURES:
        raise TrustError(f"{what} has {len(raw.signatures)} signatures, more than {MOST_SIGNATURES}")
    signatures = tuple(Signature(unbase64(s.sig, f"a signature of {what}"), s.keyid or "") for s in raw.signatures)
    return Envelope(unbase64(raw.payload, f"the payload of {what}"), raw.payload_type, signatures)


def encode(envelope: Envelope) -> dict[str, Any]:
    """The envelope as JSON data."""
    return {
        "payload": base64_text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"sig": base64_text(s.sig), "keyid": s.keyid} for s in envelope.signatures],
    }
