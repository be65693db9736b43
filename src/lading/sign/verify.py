"""One verdict over an artifact: every signature that can be found, what each says, what the files are, who must have signed."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from lading.catalog.file_formats import HEAD, formats_of
from lading.core.errors import EvidenceError, TrustError
from lading.core.verdict import Verdict
from lading.policy.rule import TrustRule
from lading.policy.trust import Claim, decide
from lading.sign.attest import subject_of, subject_of_manifest
from lading.sign.files import Files
from lading.sign.model import Checked, check
from lading.trust import bundle, evidence, model_signing
from lading.trust.evidence import Evidence, Roots
from lading.trust.model_signing import GIT, MANIFEST, Manifest
from lading.trust.predicates import says_no, short, sources, time_in
from lading.trust.statement import Resource, Statement, said_time

LARGEST = 256 << 20
_WORDS = {"changed": "is not as it was signed", "missing": "was signed and is not there", "unsigned": "is there and was not signed"}


class Options(Struct, frozen=True, kw_only=True):
    """How to compare: `extra` files permitted, `whole` digests instead of chunks, `legacy` forms of the format read."""

    extra: bool = False
    whole: bool = False
    legacy: bool = False
    ignored: tuple[str, ...] = ()
    formats: bool = False
    """Look at the formats of the files, also where the rule does not ask for them."""


class Result(Struct, frozen=True):
    """The verdict with what it rests on."""

    artifact: str
    verdict: Verdict
    claims: tuple[Claim, ...]
    checked: tuple[Checked, ...]
    digest: str
    """The digest of the manifest (names and contents) that the verdict is about; empty when no signature holds."""
    formats: dict[str, str] | None = None
    """The formats of the files, each with one file that has it; None when nobody looked."""


def signatures_of(path: Path) -> list[Path]:
    """The files in which signatures of an artifact lie: `model.sig` in a folder, `NAME.sig` and `NAME.waybill.jsonl` beside."""
    beside = [path.with_name(f"{path.resolve().name}{suffix}") for suffix in (".sig", ".waybill.jsonl")]
    inside = [path / "model.sig"] if path.is_dir() else []
    return [p for p in (*inside, *beside) if p.is_file()]


def verify(path: Path, sources: Iterable[Path], roots: Roots, rule: TrustRule, now: datetime, options: Options = Options()) -> Result:  # noqa: B008 - frozen
    """Judge every signature in the sources on its own and decide; never an exception for a bad one: it is a claim that does not hold."""
    sources = list(sources)
    judge = _Judge(path, options, (*options.ignored, *within(path, sources)))
    claims = [judge.claim(name, data, roots, now) for name, data in documents(sources)]
    checked = tuple(c for c in judge.compared.values() if isinstance(c, Checked))
    formats = judge.formats() if rule.formats or options.formats else None
    return Result(str(path), decide(rule, claims, now, formats), tuple(claims), checked, judge.digest, formats)


class _Judge:
    """Judges signatures of one artifact; its files are read once for each way of describing them."""

    def __init__(self, path: Path, options: Options, ignored: tuple[str, ...]) -> None:
        self.files = Files(path)
        self.options = options
        self.ignored = ignored
        self.compared: dict[Manifest, Checked | TrustError] = {}
        self.digest = ""
        self.signed: Resource | None = None

    def claim(self, source: str, data: bytes, roots: Roots, now: datetime) -> Claim:
        """What becomes of one bundle."""
        try:
            found = evidence.verify(bundle.decode(data), roots, now)
            kind = found.statement.predicate_type
            if kind in {model_signing.PREDICATE, model_signing.LEGACY_PREDICATE}:
                manifest = model_signing.decode(found.statement, legacy=self.options.legacy)
                return self._signature(claim_of(source, found), manifest)
            return self._attestation(claim_of(source, found), found.statement)
        except EvidenceError as e:
            return Claim(source, unknown=e.sentence)
        except TrustError as e:
            return Claim(source, refusal=e.sentence)

    def formats(self) -> dict[str, str]:
        """The formats of the files that are there and are not left out, each with one file."""
        links = any(manifest.allow_symlinks for manifest in self.compared)
        found: dict[str, str] = {}
        try:
            for path in reversed(self.files.paths((*self.ignored, *GIT), links=links)):
                with self.files.open(path, links=links) as descriptor:
                    name = self.files.name if path == "." else path
                    found |= dict.fromkeys(formats_of(name, os.pread(descriptor, HEAD, 0)), name)
        except (TrustError, OSError) as e:
            return {"unknown": str(e)}
        return found

    def _signature(self, claim: Claim, manifest: Manifest) -> Claim:
        if manifest not in self.compared:
            self.compared[manifest] = _compared(self.files, manifest, self.options, self.ignored)
        outcome = self.compared[manifest]
        if isinstance(outcome, TrustError):
            return msgspec.structs.replace(claim, refusal=outcome.sentence)
        claim = msgspec.structs.replace(claim, differences=tuple(f"{d.path} {_WORDS[d.how]}" for d in outcome.differences))
        if claim.holds and not self.digest:
            self.digest = str(manifest.digest)
            self.signed = None if self.files.alone else subject_of_manifest(manifest)
        return claim

    def _subjects(self) -> Iterator[Resource]:
        """The artifact as a subject: as a signature that holds describes it, and as it lies there."""
        if self.signed:
            yield self.signed
        yield self.whole

    @cached_property
    def whole(self) -> Resource:
        """The artifact with every file there is, hashed when it is first asked for."""
        return subject_of(self.files.root)

    def _attestation(self, claim: Claim, made: Statement) -> Claim:
        """A statement about the artifact: it must name it by its digest, a folder also by that of its manifest."""
        named = any(is_same(s, mine) for mine in self._subjects() for s in made.subject)
        if named:
            return msgspec.structs.replace(claim, refusal=says_no(claim.predicate, made.predicate))
        others = ", ".join(s.name or next(iter(s.digest.values()))[:16] for s in made.subject[:3])
        return msgspec.structs.replace(claim, refusal=f"the {short(claim.predicate)} statement is about {others} with other content")


def claim_of(source: str, found: Evidence) -> Claim:
    """The claim that a statement makes, before it is held against the artifact."""
    kind, said = found.statement.predicate_type, found.statement.predicate
    return Claim(
        source,
        found.signer,
        predicate=kind,
        envelope=found.envelope,
        made=found.proven or time_in(kind, said) or said_time(found.statement),
        sources=sources(kind, said),
    )


def is_same(subject: Resource, mine: Resource) -> bool:
    """Whether two subjects are one artifact: the same content, and for a folder the same names."""
    manifests = subject.annotations.get(MANIFEST, ""), mine.annotations.get(MANIFEST, "")
    return subject.digest.get("sha256") == mine.digest["sha256"] and manifests[0] == manifests[1]


def _compared(files: Files, manifest: Manifest, options: Options, ignored: tuple[str, ...]) -> Checked | TrustError:
    try:
        return check(files, manifest, extra=options.extra, whole=options.whole, ignored=ignored)
    except TrustError as e:
        return e
    except OSError as e:
        return TrustError(f"{e.filename or files.root} cannot be read: {e.strerror}")


def documents(sources: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """The bundles of every source by name: a file is one, a waybill has one on each line."""
    for source in sources:
        if source.stat().st_size > LARGEST:
            raise TrustError(f"{source} has {source.stat().st_size} bytes, more than the {LARGEST} that are read as signatures")
        data = source.read_bytes()
        if source.name.endswith(".jsonl"):
            yield from ((f"{source}:{number}", line) for number, line in enumerate(data.splitlines(), 1) if line.strip())
        else:
            yield str(source), data


def within(path: Path, sources: Iterable[Path]) -> Iterator[str]:
    """The sources that lie in the artifact itself, by their path in it: a signature cannot sign itself."""
    root = path.resolve()
    for source in sources:
        if root in source.resolve().parents:
            yield source.resolve().relative_to(root).as_posix()
