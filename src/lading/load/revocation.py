"""What does not count any more: signed lists of digests, keys and identities, which are asked at every load."""

from __future__ import annotations

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from lading.core.errors import EvidenceError, TrustError
from lading.policy.rule import span
from lading.sign.verify import documents
from lading.trust import bundle, evidence
from lading.trust.strict import convert

if TYPE_CHECKING:
    from pathlib import Path

    from lading.policy.trust import Claim
    from lading.trust.evidence import Evidence, Roots
    from lading.trust.model_signing import Manifest

PREDICATE = "urn:lading:revocations:v1"
_SKEW = timedelta(minutes=5)


class Revocations(Struct, frozen=True):
    """What every list together takes back."""

    digests: frozenset[str] = frozenset()
    """Of manifests, of models (root digest) or of single files, as `algorithm:hex`."""
    keys: frozenset[str] = frozenset()
    """Fingerprints."""
    identities: frozenset[str] = frozenset()
    """Patterns for names of certificates."""

    def applied(self, claim: Claim, found: Evidence) -> Claim:
        """The claim; refused when who makes it was revoked."""
        signer = found.signer
        if signer.fingerprint in self.keys:
            return msgspec.structs.replace(claim, refusal=f"{signer}: the key is on the revocation list")
        if any(fnmatchcase(name, pattern) for name in signer.names for pattern in self.identities):
            return msgspec.structs.replace(claim, refusal=f"{signer} is on the revocation list")
        return claim

    def of_manifest(self, manifest: Manifest) -> str:
        """Why a manifest must not be loaded although it is signed; empty when nothing speaks against it."""
        if {str(manifest.digest), f"sha256:{manifest.root}"} & self.digests:
            return f"the model {manifest.digest} is on the revocation list"
        return next((f"{i.path} ({i.digest}) is on the revocation list" for i in manifest.items if str(i.digest) in self.digests), "")


class _List(Struct, forbid_unknown_fields=True):
    issued: datetime
    digests: list[str] = []
    keys: list[str] = []
    identities: list[str] = []
    reason: str = ""


def revocations(files: list[Path], roots: Roots, max_age: str, now: datetime) -> Revocations:
    """The lists of these files joined; EvidenceError when one is missing, not signed by somebody trusted, or too old to say anything."""
    lists = [_verified(file, roots, max_age, now) for file in files]
    return Revocations(
        frozenset(d for one in lists for d in one.digests),
        frozenset(k for one in lists for k in one.keys),
        frozenset(i for one in lists for i in one.identities),
    )


def _verified(file: Path, roots: Roots, max_age: str, now: datetime) -> _List:
    """The newest list of a file; every line of it must be signed."""
    hint = "fetch the list again; nothing is loaded without it"
    try:
        found = [_list(name, data, roots, now) for name, data in documents([file])]
    except OSError as e:
        raise EvidenceError(f"the revocation list {file} cannot be read: {e.strerror}", hint=hint) from e
    except TrustError as e:
        raise EvidenceError(f"the revocation list {file} does not hold: {e.sentence}", hint=hint) from e
    if not found:
        raise EvidenceError(f"the revocation list {file} is empty", hint=hint)
    newest = max(found, key=lambda one: one.issued)
    if newest.issued > now + _SKEW:
        raise EvidenceError(f"the revocation list {file} is of {newest.issued:%Y-%m-%d %H:%M}, which is still to come", hint=hint)
    age = span(max_age)
    if age and now - newest.issued > age:
        raise EvidenceError(
            f"the revocation list {file} is of {newest.issued:%Y-%m-%d %H:%M} UTC, older than the {max_age} it may be", hint=hint
        )
    return newest


def _list(name: str, data: bytes, roots: Roots, now: datetime) -> _List:
    made = evidence.verify(bundle.decode(data, name), roots, now).statement
    if made.predicate_type != PREDICATE:
        raise TrustError(f"{name} is a {made.predicate_type}, no {PREDICATE}")
    found = convert(made.predicate, _List, name)
    if found.issued.tzinfo is None:
        raise TrustError(f"{name} does not say in which time zone it was issued")
    return found
