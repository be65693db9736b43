"""Base64 in its one canonical spelling: two spellings of the same bytes would be two entries."""

import base64
import binascii

from lading.core.errors import ProofError


def exact_base64(text: str, what: str) -> bytes:
    """The bytes of standard base64, padded and without stray bits; ProofError names what is spelled otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as e:
        raise ProofError(f"{what} is not base64: {text[:60]!r}") from e
    if base64.b64encode(data).decode() != text:
        raise ProofError(f"{what} is not canonical base64: {text[:60]!r}")
    return data
