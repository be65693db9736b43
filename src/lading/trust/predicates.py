"""The predicate types of the field by the short names under which people ask for them."""

from datetime import datetime
from typing import Any

from lading.core.errors import UsageError
from lading.trust.model_signing import LEGACY_PREDICATE
from lading.trust.model_signing import PREDICATE as MODEL_SIGNATURE
from lading.trust.statement import time_of

COSIGN = "https://sigstore.dev/cosign/sign/v1"

NAMES = {
    "bare-signature": COSIGN,
    "signature": MODEL_SIGNATURE,
    "legacy-signature": LEGACY_PREDICATE,
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


_TIMES = {
    "provenance": ("runDetails", "metadata", "finishedOn"),
    "vsa": ("timeVerified",),
    "svr": ("timeCreated",),
    "vex": ("timestamp",),
    "cyclonedx": ("metadata", "timestamp"),
    "spdx": ("creationInfo", "created"),
}
"""Where statements say when they were made."""


def type_of(name: str) -> str:
    """The URI of a predicate type by its short name, or as it is; UsageError when it is neither."""
    if name in NAMES:
        return NAMES[name]
    if ":" not in name:
        raise UsageError(f"there is no predicate type {name!r}", hint=f"a URI, or one of: {', '.join(NAMES)}")
    return name


def says_no(predicate_type: str, predicate: dict[str, Any]) -> str:
    """Why a statement speaks against its subject: failed tests, a failed verification; empty when it does not."""
    match short(predicate_type):
        case "test-result" if predicate.get("result") not in {"PASSED", "WARNED"}:
            return f"its tests have the result {predicate.get('result')}"
        case "vsa" if predicate.get("verificationResult") != "PASSED":
            return f"its verification has the result {predicate.get('verificationResult')}"
        case _:
            return ""


def time_in(predicate_type: str, predicate: dict[str, Any]) -> datetime | None:
    """When a predicate says that it was made, or its build ended; None when it does not say, or not as RFC 3339."""
    found: Any = predicate
    for name in _TIMES.get(short(predicate_type), ("",)):
        found = found.get(name) if isinstance(found, dict) else None
    return time_of(found)


def sources(predicate_type: str, predicate: dict[str, Any]) -> tuple[str, ...]:
    """From where a provenance says that it was built: the URIs of its Git materials; `unnamed source` for a commit without one."""
    if short(predicate_type) != "provenance":
        return ()
    definition = predicate.get("buildDefinition")
    materials = definition.get("resolvedDependencies") if isinstance(definition, dict) else None
    commits = [m for m in materials or () if isinstance(m, dict) and isinstance(m.get("digest"), dict) and "gitCommit" in m["digest"]]
    return tuple(sorted({str(m.get("uri") or "unnamed source") for m in commits}))


def short(uri: str) -> str:
    """The short name of a predicate type; its URI when it has none."""
    return next((name for name, known in NAMES.items() if known == uri), uri)
