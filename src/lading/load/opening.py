"""A model opened by a policy: signatures found, revocations asked, a manifest admitted, the folder held against it."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lading.core.errors import ConfigError, EvidenceError, LoadError, TrustError, UsageError
from lading.core.verdict import Answer
from lading.load.admission import Admission, admissions
from lading.load.counting import count
from lading.load.hub_cache import files_of
from lading.load.model import Model
from lading.load.pinned import pinned
from lading.load.policy import Policy, policy_at
from lading.load.revocation import Revocations, revocations
from lading.policy.roots import roots_of
from lading.policy.rule import TrustRule
from lading.policy.trust import rule_for
from lading.sign.files import Files
from lading.sign.verify import signatures_of, within
from lading.trust.evidence import Roots


def opened(path: Path, policy: str | os.PathLike[str] | Policy | None, now: datetime | None = None) -> Model:
    """The model at a path, if its signatures and the policy allow it and the folder holds nothing else."""
    try:
        model = _opened(path, policy, now or datetime.now(UTC))
    except EvidenceError:
        count(Answer.UNKNOWN)
        raise
    except TrustError:
        count(Answer.REFUSE)
        raise
    count(Answer.ALLOW)
    return model


def _opened(path: Path, policy: str | os.PathLike[str] | Policy | None, now: datetime) -> Model:
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links are looked at where files are opened
    rules = policy if isinstance(policy, Policy) else policy_at(policy, path)
    rules.outside_of(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give the folder or file of a model")
    name = rules.name(path)
    if rules.load.lock and not rule_for(rules.settings.trust, name):
        return _locked(path, rules, name, now)
    rule = rules.rule(path)
    return admitted(path, rule, rules.roots(rule), _revoked(rules, rule, now), now)


def _locked(path: Path, policy: Policy, name: str, now: datetime) -> Model:
    """The model at a path as the lock pins it, where no rule asks for signatures; the lock must lie where the policy does."""
    lock = policy.folder / policy.load.lock
    if path.resolve() in lock.resolve().parents:
        raise ConfigError(f"{lock} lies in the model that it pins", hint="keep the lock where the model's author cannot write")
    found = pinned(lock, path.resolve(), name)
    revoked = _revoked(policy, TrustRule(), now)
    reasons = [reason for a in found if (reason := revoked.of_manifest(a.manifest))]
    if reasons:
        raise LoadError(reasons[0], hint="load another version")
    return _fitting(files_of(path), found, (), TrustRule())


def admitted(path: Path, rule: TrustRule, roots: Roots, revoked: Revocations, now: datetime) -> Model:
    """The model at a path, if its signatures satisfy a rule and the folder holds nothing else."""
    sources = signatures_of(path)
    if not sources:
        raise EvidenceError(f"{path} has no signature", hint=f"lading sign {path} --key KEY signs it")
    found = admissions(sources, roots, rule, now, revoked)
    inside = {*within(path, sources), *(s.relative_to(path).as_posix() for s in sources if path in s.parents)}
    return _fitting(files_of(path), found, sorted(inside), rule)


def _fitting(files: Files, found: Sequence[Admission], signatures: Sequence[str], rule: TrustRule) -> Model:
    """The model by the newest manifest whose names are those of the folder; the refusal of the newest when none fits."""
    refusal: LoadError | None = None
    for admission in found:
        model = Model(files, admission, rule.formats)
        try:
            model.listed(signatures)
        except LoadError as e:
            refusal = refusal or e
        else:
            return model
    assert refusal
    raise refusal


def _revoked(policy: Policy, rule: TrustRule, now: datetime) -> Revocations:
    """What the lists of the policy take back."""
    settings = policy.load
    if not settings.revocations:
        return Revocations()
    issuers = msgspec.structs.replace(rule, keys=settings.revocation_keys) if settings.revocation_keys else rule
    roots = roots_of(issuers, policy.folder, policy.settings.key, policy.folder)
    return revocations([policy.folder / f for f in settings.revocations], roots, settings.revocation_max_age, now)


def belonging(file: Path) -> tuple[Path, str]:
    """The model a file belongs to and its path there; EvidenceError when no folder upwards has a signature."""
    here = Path(os.path.abspath(file))  # noqa: PTH100 - as above
    if signatures_of(here):
        return here, "."
    for folder in here.parents:
        if folder.name and signatures_of(folder):
            return folder, here.relative_to(folder).as_posix()
    raise EvidenceError(f"{file} has no signature, nor has a folder above it", hint="lading sign MODEL --key KEY signs a model")
