"""RFC 3161 timestamps: that a signature was there at a time, by an authority that the verifier trusts.

Tokens are read and verified by rfc3161-client, the extra `lading[timestamp]`, imported when a token is met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lading.core.errors import EvidenceError, TrustError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

_EXTRA = "pip install 'lading[timestamp]'"


def request(signature: bytes) -> bytes:
    """What a time-stamping authority is asked to stamp a signature (DER, with its certificates wanted in the answer)."""
    try:
        from rfc3161_client import TimestampRequestBuilder  # noqa: PLC0415 - the extra
    except ImportError as e:
        raise EvidenceError("timestamps need a package", hint=_EXTRA) from e
    made: bytes = TimestampRequestBuilder().data(signature).cert_request(cert_request=True).build().as_bytes()
    return made


def proven_time(response: bytes, signature: bytes, authorities: Sequence[x509.Certificate], now: datetime) -> datetime:
    """The time at which a signature was there, as a time-stamp response proves it; TrustError says why it proves nothing."""
    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response  # noqa: PLC0415 - the extra
    except ImportError as e:
        raise EvidenceError("a timestamp is there and cannot be read without a package", hint=_EXTRA) from e
    builder = VerifierBuilder()
    for authority in authorities:
        builder = builder.add_root_certificate(authority)
    try:
        token = decode_timestamp_response(response)
        builder.build().verify_message(token, signature)
        moment: datetime = token.tst_info.gen_time
    except (VerificationError, ValueError) as e:
        raise TrustError(f"the timestamp does not hold: {e}") from e
    if moment > now:
        raise TrustError(f"the timestamp is of {moment:%Y-%m-%d %H:%M} UTC, which is still to come")
    return moment


def signing_time(responses: Sequence[bytes], signature: bytes, authorities: Sequence[x509.Certificate], now: datetime) -> datetime | None:
    """The earliest time that a trusted authority proves; None when none does."""
    proven = []
    for response in responses:
        try:
            proven.append(proven_time(response, signature, authorities, now))
        except TrustError:
            continue  # a timestamp proves something or nothing: anybody can add one that proves nothing
    return min(proven, default=None)
