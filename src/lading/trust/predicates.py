"""The predicate types of the field by the short names under which people ask for them."""

from lading.core.errors import UsageError
from lading.trust.model_signing import PREDICATE as MODEL_SIGNATURE

NAMES = {
    "signature": MODEL_SIGNATURE,
    "provenance": "https://slsa.dev/provenance/v1",
    "vsa": "https://slsa.dev/verification_summary/v1",
    "svr": "https://in-toto.io/attestation/svr/v0.2",
    "test-result": "https://in-toto.io/attestation/test-result/v0.1",
    "link": "https://in-toto.io/attestation/link/v0.3",
    "scai": "https://in-toto.io/attestation/scai/v0.3",
    "release": "https://in-toto.io/attestation/release/v0.1",
    "reference": "https://in-toto.io/attestation/reference/v0.1",
    "vex": "https://openvex.dev/ns/v0.2.0",
    "cyclonedx": "https://cyclonedx.org/bom",
    "spdx": "https://spdx.dev/Document",
}


def type_of(name: str) -> str:
    """The URI of a predicate type by its short name, or as it is; UsageError when it is neither."""
    if name in NAMES:
        return NAMES[name]
    if ":" not in name:
        raise UsageError(f"there is no predicate type {name!r}", hint=f"a URI, or one of: {', '.join(NAMES)}")
    return name


def short(uri: str) -> str:
    """The short name of a predicate type; its URI when it has none."""
    return next((name for name, known in NAMES.items() if known == uri), uri)
