"""What the gate decided of a model, as a statement: what, by which policy, whose signature, where and when."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

import lading
from lading.core.digest import Digest
from lading.core.errors import EvidenceError, LadingError, TrustError
from lading.core.verdict import Answer
from lading.load.model import Model
from lading.load.opening import opened
from lading.load.policy import Policy
from lading.sign.attest import subject_of_manifest
from lading.trust import statement
from lading.trust.statement import Resource, Statement, moment
from lading.trust.strict import canonical

PREDICATE = "urn:lading:load:v1"
_NOTHING = {"sha256": Digest.of_bytes(b"").hex}
"""The digest of a model of which nothing is known: no file of it was let through."""


class Decision(Struct, frozen=True):
    """The answer of the gate about a model and all of its files."""

    answer: Answer
    reasons: tuple[str, ...]
    subject: Resource
    signers: tuple[str, ...]
    policy: str
    """The digest of the rule that was asked."""
    host: str
    at: datetime

    def statement(self) -> Statement:
        """The decision as an in-toto statement."""
        predicate = {
            "decision": str(self.answer),
            "reasons": list(self.reasons),
            "signers": list(self.signers),
            "policy": {"uri": "urn:lading:trust-rule", "digest": {"sha256": self.policy}},
            "host": self.host,
            "timeDecided": moment(self.at),
            "verifier": {"id": PREDICATE, "version": {"lading": lading.__version__}},
        }
        return Statement((self.subject,), PREDICATE, predicate)

    def line(self) -> bytes:
        """The same, unsigned, on a line of its own."""
        return statement.encode(self.statement()) + b"\n"


def consider(
    path: Path, policy: Policy, use: Callable[[Model], object], now: datetime | None = None
) -> tuple[Decision, Model | TrustError | EvidenceError]:
    """What the gate says of a model once every file was used, and the model; or, for a refusal and an unknown, why there is none."""
    now = now or datetime.now(UTC)
    model: Model | None = None
    try:
        model = opened(path, policy, now)
        use(model)
    except (TrustError, EvidenceError) as e:
        if model:
            model.close()
        answer = Answer.UNKNOWN if isinstance(e, EvidenceError) else Answer.REFUSE
        subject = Resource(name=path.name, digest=_NOTHING, annotations={"lading:unknown": True})
        return _decision(answer, (e.sentence,), subject, (), policy, path, now), e
    signers = tuple(str(c.signer) for c in model.claims if c.holds)
    return _decision(model.verdict.answer, model.verdict.reasons, subject_of_manifest(model.manifest), signers, policy, path, now), model


def _decision(
    answer: Answer, reasons: tuple[str, ...], subject: Resource, signers: tuple[str, ...], policy: Policy, path: Path, now: datetime
) -> Decision:
    return Decision(answer, reasons, subject, signers, _rule_digest(policy, path), os.uname().nodename, now)


def _rule_digest(policy: Policy, model: Path) -> str:
    """The digest of the rule; that of all rules when none is about the model."""
    try:
        rules: object = policy.rule(model)
    except LadingError:
        rules = policy.settings.trust
    return Digest.of_bytes(canonical(msgspec.to_builtins(rules))).hex
