"""What is signed of a model and by whom, decided before any of its files is opened: the manifest that its bytes must be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from lading.core.errors import EvidenceError, LoadError, TrustError
from lading.core.verdict import Answer, Verdict
from lading.policy.trust import Claim, decide
from lading.sign.attest import subject_of_manifest
from lading.sign.verify import claim_of, documents, is_same
from lading.trust import bundle, evidence, model_signing
from lading.trust.predicates import says_no
from lading.trust.statement import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from lading.load.revocation import Revocations
    from lading.policy.rule import TrustRule
    from lading.trust.evidence import Evidence, Roots
    from lading.trust.model_signing import Manifest
    from lading.trust.statement import Statement

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Admission(Struct, frozen=True):
    """A manifest that may be loaded, and why."""

    manifest: Manifest
    verdict: Verdict
    claims: tuple[Claim, ...]
    word: str = "signed"
    """What was done to the files so that they are known."""


class _Read(Struct, frozen=True):
    """One signature that was read: the claim it makes, with what it says of files or about a subject."""

    claim: Claim
    manifest: Manifest | None = None
    statement: Statement | None = None


def admissions(sources: Iterable[Path], roots: Roots, rule: TrustRule, now: datetime, revoked: Revocations) -> list[Admission]:
    """The manifests that trusted signers vouch for, the one signed last first.

    LoadError says why there is none, EvidenceError when nothing is there to decide by.
    """
    read = [_read(name, data, roots, now, revoked) for name, data in documents(sources)]
    newest_first = sorted((r for r in read if r.manifest), key=lambda r: r.claim.made or _LONG_AGO, reverse=True)
    distinct = {str(r.manifest.digest): r.manifest for r in reversed(newest_first) if r.manifest}
    judged = [_judged(manifest, read, rule, now, revoked) for manifest in reversed(distinct.values())]
    found = [a for a in judged if a.verdict.opens]
    if not found:
        raise _closed(judged, read, rule, now)
    return found


def _read(source: str, data: bytes, roots: Roots, now: datetime, revoked: Revocations) -> _Read:
    try:
        found = evidence.verify(bundle.decode(data, source), roots, now)
        claim = revoked.applied(claim_of(source, found), found)
        return _of(claim, found)
    except EvidenceError as e:
        return _Read(Claim(source, unknown=e.sentence))
    except TrustError as e:
        return _Read(Claim(source, refusal=e.sentence))


def _of(claim: Claim, found: Evidence) -> _Read:
    if found.statement.predicate_type == model_signing.PREDICATE:
        return _Read(claim, manifest=model_signing.decode(found.statement))
    return _Read(claim, statement=found.statement)


def _judged(manifest: Manifest, read: Sequence[_Read], rule: TrustRule, now: datetime, revoked: Revocations) -> Admission:
    """The verdict over one manifest; formats are looked at when a file is opened."""
    claims = tuple(_about(manifest, r) for r in read)
    verdict = decide(msgspec.structs.replace(rule, formats=()), claims, now)
    if verdict.opens and (reason := revoked.of_manifest(manifest)):
        verdict = Verdict(Answer.REFUSE, (reason,))
    return Admission(_agreed(manifest, read, rule), verdict, claims)


def _about(manifest: Manifest, read: _Read) -> Claim:
    """The claim of a signature, held against a manifest instead of the files."""
    claim = read.claim
    if not claim.holds:
        return claim
    if read.manifest:
        if read.manifest.digest == manifest.digest:
            return claim
        return msgspec.structs.replace(claim, differences=("it is about other files",))
    assert read.statement
    if any(is_same(subject, _subject(manifest)) for subject in read.statement.subject):
        return msgspec.structs.replace(claim, refusal=says_no(claim.predicate, read.statement.predicate))
    return msgspec.structs.replace(claim, refusal="it is about something with other content")


def _subject(manifest: Manifest) -> Resource:
    """What statements are about that were made of the same artifact: a file alone is named by its own digest."""
    alone = [i.digest for i in manifest.items if i.path == "." and i.digest.algorithm == "sha256"]
    return Resource(name=manifest.name, digest={"sha256": alone[0].hex}) if alone else subject_of_manifest(manifest)


def _agreed(manifest: Manifest, read: Sequence[_Read], rule: TrustRule) -> Manifest:
    """The manifest with the chunks on which everybody agrees who signed these files.

    A digest of a manifest is over whole digests. Where several signers are needed, an index that only one of them
    has signed would let that one alone say what the bytes are.
    """
    signed = [r.manifest for r in read if r.manifest and r.claim.holds and r.manifest.digest == manifest.digest]
    others = any(r.statement and r.claim.holds and r.claim.vouches for r in read)
    if rule.threshold > 1 and others:
        signed.append(msgspec.structs.replace(manifest, items=tuple(msgspec.structs.replace(i, chunks=None) for i in manifest.items)))
    indexes = [{(i.path, i.start): i.chunks for i in m.items} for m in signed]
    items = tuple(
        i if all(index[i.path, i.start] == i.chunks for index in indexes) else msgspec.structs.replace(i, chunks=None)
        for i in manifest.items
    )
    return msgspec.structs.replace(manifest, items=items)


def _closed(judged: Sequence[Admission], read: Sequence[_Read], rule: TrustRule, now: datetime) -> TrustError | EvidenceError:
    """Why no manifest may be loaded."""
    verdicts = [a.verdict for a in judged] or [decide(rule, [r.claim for r in read], now)]
    verdict = next((v for v in verdicts if v.answer is Answer.REFUSE), verdicts[0])
    if verdict.opens:
        verdict = Verdict(Answer.UNKNOWN, ("no signature names the files of the model",))
    sentence = "; ".join(verdict.reasons[:5])
    if verdict.answer is Answer.REFUSE:
        return LoadError(sentence, hint="lading verify MODEL tells more; load a version that the policy allows")
    return EvidenceError(sentence, hint="lading sign MODEL --key KEY signs it; [[trust]] of the policy says whose signature counts")
