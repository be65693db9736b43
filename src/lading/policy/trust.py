"""Who must have signed what: the `[[trust]]` rules of lading.toml and the decision they lead to. No clock, no files."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.verdict import Answer, Verdict
from lading.policy.rule import TrustRule
from lading.trust.evidence import Signer
from lading.trust.predicates import short, type_of


class Claim(Struct, frozen=True):
    """What became of one signature: who made it and how the artifact compares, or why it does not count."""

    source: str
    signer: Signer | None = None
    """None: the signature itself does not hold, `refusal` or `unknown` says why."""
    refusal: str = ""
    unknown: str = ""
    predicate: str = ""
    """The type of the statement that is signed."""
    envelope: Digest | None = None
    """The digest of the signed payload, where there is one to be read."""
    differences: tuple[str, ...] = ()
    """Sentences about what is not as it was signed."""

    @property
    def holds(self) -> bool:
        """Whether the signature is trusted and the artifact is what it says."""
        return self.signer is not None and not (self.refusal or self.unknown or self.differences)

    @property
    def vouches(self) -> bool:
        """Whether the statement says that the artifact is good to use: a signature or the provenance of a build does, a scan does not."""
        return self.predicate in _VOUCHING


_VOUCHING = frozenset(map(type_of, ("signature", "legacy-signature", "image-signature", "provenance")))


def rule_for(rules: Sequence[TrustRule], name: str) -> TrustRule | None:
    """The first rule whose pattern matches a name."""
    return next((r for r in rules if fnmatchcase(name, r.match)), None)


def permitted(rule: TrustRule, signer: Signer) -> bool:
    """Whether a rule lets this signer count. Anybody can have an identity certified: one must be named, with who vouches for it."""
    named = any(fnmatchcase(n, i) for n in signer.names for i in rule.identities)
    match signer.kind:
        case "key":
            return True
        case "certificate":
            return named or not rule.identities
        case _:
            return named and any(fnmatchcase(signer.issuer, i) for i in rule.issuers)


def decide(rule: TrustRule, claims: Sequence[Claim]) -> Verdict:
    """Allow when enough different signers vouch for the artifact as it is; refuse when signatures say otherwise; else unknown."""
    if not claims:
        return Verdict(Answer.UNKNOWN, ("there is no signature",))
    counted: list[Signer] = []
    for claim in claims:
        if claim.holds and claim.signer and claim.vouches and permitted(rule, claim.signer) and not any(map(claim.signer.is_same, counted)):
            counted.append(claim.signer)
    wanted = max(1, rule.threshold)
    if len(counted) >= wanted:
        return _with_predicates(rule, claims, tuple(f"signed by {s}" for s in counted))
    reasons = [reason for claim in claims for reason in _against(rule, claim)]
    if counted:
        reasons.append(f"{len(counted)} of {wanted} signers needed vouch for it: {', '.join(map(str, counted))}")
    only_unknown = not counted and all(c.unknown for c in claims)
    return Verdict(Answer.UNKNOWN if only_unknown else Answer.REFUSE, tuple(reasons))


def _against(rule: TrustRule, claim: Claim) -> list[str]:
    """Why a claim is not one of those that are wanted."""
    if claim.differences or claim.refusal or claim.unknown:
        return [f"{claim.source}: {reason}" for reason in claim.differences or (claim.refusal or claim.unknown,)]
    if claim.signer and not permitted(rule, claim.signer):
        return [
            f"{claim.source}: {claim.signer} is not one of {', '.join(rule.identities) or 'those named: identities and issuers must be given'}"
        ]
    if not claim.vouches:
        return [f"{claim.source}: a {short(claim.predicate)} statement is neither a signature nor a provenance"]
    return []


def _with_predicates(rule: TrustRule, claims: Sequence[Claim], reasons: tuple[str, ...]) -> Verdict:
    """Allow when every statement that is asked for is there, by somebody whose signature counts; evidence that is missing is unknown."""
    there = {c.predicate for c in claims if c.holds and c.signer and permitted(rule, c.signer)}
    missing = [name for name in rule.predicates if type_of(name) not in there]
    if missing:
        return Verdict(Answer.UNKNOWN, tuple(f"there is no {name} statement about it by a trusted signer" for name in missing))
    return Verdict(Answer.ALLOW, (*reasons, *(f"{name} is there" for name in rule.predicates)))
