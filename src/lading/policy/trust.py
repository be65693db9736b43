"""Who must have signed what: the `[[trust]]` rules of lading.toml and the decision they lead to. No clock, no files."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import msgspec
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
    made: datetime | None = None
    """When it was signed: a proven time, else the one that is signed in the statement."""
    sources: tuple[str, ...] = ()
    """Where a provenance says it was built from: the URIs of its materials that are Git commits."""

    @property
    def holds(self) -> bool:
        """Whether the signature is trusted and the artifact is what it says."""
        return self.signer is not None and not (self.refusal or self.unknown or self.differences)

    @property
    def vouches(self) -> bool:
        """Whether the statement says that the artifact is good to use: a signature or the provenance of a build does, a scan does not."""
        return self.predicate in _VOUCHING


_VOUCHING = frozenset(map(type_of, ("signature", "legacy-signature", "bare-signature", "provenance")))
_SKEW = timedelta(minutes=5)
"""By how much clocks may differ."""


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


def decide(rule: TrustRule, claims: Sequence[Claim], now: datetime, formats: Mapping[str, str] | None = None) -> Verdict:
    """Allow when enough different signers vouch for the artifact as it is and the rule's conditions hold; refuse when something says otherwise.

    `formats` are those of the artifact's files, each with one file of it; None when nobody looked. Evidence that is missing is unknown.
    """
    claims = [_aged(rule, c, now) for c in claims]
    verdict = _signed(rule, claims)
    for condition in (_with_predicates(rule, claims), _from_sources(rule, claims), _in_formats(rule, formats)):
        if verdict.opens:
            verdict = Verdict(condition.answer, (*verdict.reasons, *condition.reasons) if condition.opens else condition.reasons)
    return verdict


def _signed(rule: TrustRule, claims: Sequence[Claim]) -> Verdict:
    """Whether enough different signers vouch for it."""
    if not claims:
        return Verdict(Answer.UNKNOWN, ("there is no signature",))
    counted: list[Signer] = []
    for claim in claims:
        if claim.holds and claim.signer and claim.vouches and permitted(rule, claim.signer) and not any(map(claim.signer.is_same, counted)):
            counted.append(claim.signer)
    wanted = max(1, rule.threshold)
    if len(counted) >= wanted:
        return Verdict(Answer.ALLOW, tuple(f"signed by {s}" for s in counted))
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


def _aged(rule: TrustRule, claim: Claim, now: datetime) -> Claim:
    """The claim, if it is not older than the rule permits; what has no time is not known to be young."""
    age = rule.age()
    if age is None or not claim.holds:
        return claim
    if claim.made is None:
        return msgspec.structs.replace(claim, unknown=f"nothing tells when it was signed, and it may be {rule.max_age} old at most")
    if claim.made > now + _SKEW:
        return msgspec.structs.replace(claim, refusal=f"it is of {claim.made:%Y-%m-%d %H:%M} UTC, which is still to come")
    if now - claim.made > age:
        return msgspec.structs.replace(claim, refusal=f"it is of {claim.made:%Y-%m-%d %H:%M} UTC, older than the {rule.max_age} it may be")
    return claim


def _trusted(rule: TrustRule, claims: Sequence[Claim]) -> list[Claim]:
    return [c for c in claims if c.holds and c.signer and permitted(rule, c.signer)]


def _with_predicates(rule: TrustRule, claims: Sequence[Claim]) -> Verdict:
    """Allow when every statement that is asked for is there, by somebody whose signature counts."""
    there = {c.predicate for c in _trusted(rule, claims)}
    missing = [name for name in rule.predicates if type_of(name) not in there]
    if missing:
        return Verdict(Answer.UNKNOWN, tuple(f"there is no {name} statement about it by a trusted signer" for name in missing))
    return Verdict(Answer.ALLOW, tuple(f"{name} is there" for name in rule.predicates))


def _from_sources(rule: TrustRule, claims: Sequence[Claim]) -> Verdict:
    """Allow when some provenance says from which source it was built and every one that is named is permitted."""
    if not rule.sources:
        return Verdict(Answer.ALLOW, ())
    named = sorted({s for c in _trusted(rule, claims) for s in c.sources})
    if not named:
        return Verdict(Answer.UNKNOWN, ("no provenance by a trusted signer tells from which source it was built",))
    others = [s for s in named if not any(fnmatchcase(s, pattern) for pattern in rule.sources)]
    if others:
        return Verdict(Answer.REFUSE, tuple(f"it was built from {s}, which is none of {', '.join(rule.sources)}" for s in others))
    return Verdict(Answer.ALLOW, tuple(f"built from {s}" for s in named))


def _in_formats(rule: TrustRule, formats: Mapping[str, str] | None) -> Verdict:
    """Allow when every file has a permitted format."""
    if not rule.formats:
        return Verdict(Answer.ALLOW, ())
    if formats is None:
        return Verdict(Answer.UNKNOWN, ("nobody looked at the formats of its files",))
    others = sorted(set(formats) - set(rule.formats))
    if others:
        return Verdict(Answer.REFUSE, tuple(f"{formats[f]} has the format {f}, which is none of {', '.join(rule.formats)}" for f in others))
    return Verdict(Answer.ALLOW, (f"files are {', '.join(sorted(formats)) or 'none'}",))
