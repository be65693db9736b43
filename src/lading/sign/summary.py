"""A decision as statements: a SLSA verification summary (VSA v1) and a simple verification result (SVR v0.2)."""

from datetime import UTC, datetime
from typing import Any

import msgspec

import lading
from lading.core.digest import Digest
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.verify import Result
from lading.trust.predicates import NAMES, short
from lading.trust.strict import canonical


def summaries(result: Result, rule: TrustRule, resource: str, verifier: str, now: datetime) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Predicate types and predicates that tell a verdict: which rule was asked, which signatures were looked at, what came out.

    An unknown is no pass: the summary says FAILED for both, and its `properties` say which.
    """
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = {"uri": "urn:lading:trust-rule", "digest": {"sha256": Digest.of_bytes(canonical(msgspec.to_builtins(rule))).hex}}
    passed = result.verdict.answer is Answer.ALLOW
    vsa = {
        "verifier": {"id": verifier, "version": {"lading": lading.__version__}},
        "timeVerified": moment,
        "resourceUri": resource,
        "policy": policy,
        "inputAttestations": [{"uri": c.source, "digest": {"sha256": c.envelope.hex}} for c in result.claims if c.envelope],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if passed else "FAILED"],
        "slsaVersion": "1.0",
    }
    held = sorted({short(c.predicate) for c in result.claims if c.holds})
    svr = {
        "verifier": {"id": verifier, "policies": [policy]},
        "timeCreated": moment,
        "properties": [f"LADING_{result.verdict.answer.upper()}", *(f"LADING_{name.upper().replace('-', '_')}_HOLDS" for name in held)],
    }
    return (NAMES["vsa"], vsa), (NAMES["svr"], svr)
