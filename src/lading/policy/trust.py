"""Who must have signed what: the `[[trust]]` rules of lading.toml and the decision they lead to. No clock, no files."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from lading.core.verdict import Answer, Verdict
from lading.policy.settings import TrustRule
from lading.trust.evidence import Signer


class Claim(Struct, frozen=True):
    """What became of one signature: who made it and how the artifact compares, or why it does not count."""

    source: str
    signer: Signer | None = None
    """None: the signature itself does not hold, `refusal` or `unknown` says why."""
    refusal: str = ""
    unknown: str = ""
    differences: tuple[str, ...] = ()
    """Sentences about what is not as it was signed."""

    @property
    def holds(self) -> bool:
        """Whether the signature is trusted and the artifact is what it says."""
        return self.signer is not None and not (self.refusal or self.unknown or self.differences)


def rule_for(rules: Sequence[TrustRule], name: str) -> TrustRule | None:
    """The first rule whose pattern matches a name."""
    return next((r for r in rules if fnmatchcase(name, r.match)), None)


def permitted(rule: TrustRule, signer: Signer) -> bool:
    """Whether a rule lets this signer count."""
    return signer.kind == "key" or not rule.identities or any(fnmatchcase(n, i) for n in signer.name.split(", ") for i in rule.identities)


def decide(rule: TrustRule, claims: Sequence[Claim]) -> Verdict:
    """Allow when enough different signers vouch for the artifact as it is; refuse when signatures say otherwise; else unknown."""
    counted: list[Signer] = []
    reasons: list[str] = []
    for claim in claims:
        if claim.holds and claim.signer and not permitted(rule, claim.signer):
            reasons.append(f"{claim.source}: {claim.signer} is not one of {', '.join(rule.identities)}")
        elif claim.holds and claim.signer and not any(claim.signer.is_same(c) for c in counted):
            counted.append(claim.signer)
        elif claim.signer and claim.differences:
            reasons += [f"{claim.source}: {difference}" for difference in claim.differences]
        elif claim.refusal or claim.unknown:
            reasons.append(f"{claim.source}: {claim.refusal or claim.unknown}")
    wanted = max(1, rule.threshold)
    if len(counted) >= wanted:
        return Verdict(Answer.ALLOW, tuple(f"signed by {s}" for s in counted))
    if not claims:
        return Verdict(Answer.UNKNOWN, ("there is no signature",))
    if counted:
        reasons.append(f"{len(counted)} of {wanted} signers needed vouch for it: {', '.join(map(str, counted))}")
    only_unknown = not counted and all(c.unknown for c in claims)
    return Verdict(Answer.UNKNOWN if only_unknown else Answer.REFUSE, tuple(reasons))
