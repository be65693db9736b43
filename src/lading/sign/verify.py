"""One verdict over an artifact: every signature that can be found, what each says, what the files are, who must have signed."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from lading.core.errors import EvidenceError, TrustError
from lading.core.verdict import Verdict
from lading.policy.settings import TrustRule
from lading.policy.trust import Claim, decide
from lading.sign.files import Files
from lading.sign.model import Checked, check
from lading.trust import bundle, evidence, model_signing
from lading.trust.evidence import Roots

LARGEST = 256 << 20
_WORDS = {"changed": "is not as it was signed", "missing": "was signed and is not there", "unsigned": "is there and was not signed"}


class Options(Struct, frozen=True, kw_only=True):
    """How to compare: `extra` files permitted, `whole` digests instead of chunks, `legacy` forms of the format read."""

    extra: bool = False
    whole: bool = False
    legacy: bool = False
    ignored: tuple[str, ...] = ()


class Result(Struct, frozen=True):
    """The verdict with what it rests on."""

    artifact: str
    verdict: Verdict
    claims: tuple[Claim, ...]
    checked: tuple[Checked, ...]
    digest: str
    """The digest of the manifest (names and contents) that the verdict is about; empty when no signature holds."""


def signatures_of(path: Path) -> list[Path]:
    """The files in which signatures of an artifact lie: `model.sig` in a folder, `NAME.sig` and `NAME.waybill.jsonl` beside."""
    beside = [path.with_name(f"{path.resolve().name}{suffix}") for suffix in (".sig", ".waybill.jsonl")]
    inside = [path / "model.sig"] if path.is_dir() else []
    return [p for p in (*inside, *beside) if p.is_file()]


def verify(path: Path, sources: Iterable[Path], roots: Roots, rule: TrustRule, now: datetime, options: Options = Options()) -> Result:  # noqa: B008 - frozen
    """Judge every signature in the sources on its own and decide; never an exception for a bad one: it is a claim that does not hold."""
    files = Files(path)
    sources = list(sources)
    ignored = (*options.ignored, *_within(path, sources))
    compared: dict[str, Checked | TrustError] = {}
    claims: list[Claim] = []
    digest = ""
    for name, data in _documents(sources):
        try:
            found = evidence.verify(bundle.decode(data, name), roots, now)
            manifest = model_signing.decode(found.statement, legacy=options.legacy)
        except EvidenceError as e:
            claims.append(Claim(name, unknown=e.sentence))
            continue
        except TrustError as e:
            claims.append(Claim(name, refusal=e.sentence))
            continue
        key = str(manifest.digest)
        if key not in compared:
            compared[key] = _compared(files, manifest, options, ignored)
        outcome = compared[key]
        if isinstance(outcome, TrustError):
            claims.append(Claim(name, found.signer, refusal=outcome.sentence))
            continue
        claims.append(Claim(name, found.signer, differences=tuple(f"{d.path} {_WORDS[d.how]}" for d in outcome.differences)))
        digest = digest or (key if claims[-1].holds else "")
    checked = tuple(c for c in compared.values() if isinstance(c, Checked))
    return Result(str(path), decide(rule, claims), tuple(claims), checked, digest)


def _compared(files: Files, manifest: model_signing.Manifest, options: Options, ignored: tuple[str, ...]) -> Checked | TrustError:
    try:
        return check(files, manifest, extra=options.extra, whole=options.whole, ignored=ignored)
    except TrustError as e:
        return e
    except OSError as e:
        return TrustError(f"{e.filename or files.root} cannot be read: {e.strerror}")


def _documents(sources: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """The bundles of every source by name: a file is one, a waybill has one on each line."""
    for source in sources:
        if source.stat().st_size > LARGEST:
            raise TrustError(f"{source} has {source.stat().st_size} bytes, more than the {LARGEST} that are read as signatures")
        data = source.read_bytes()
        if source.name.endswith(".jsonl"):
            yield from ((f"{source}:{number}", line) for number, line in enumerate(data.splitlines(), 1) if line.strip())
        else:
            yield str(source), data


def _within(path: Path, sources: Iterable[Path]) -> Iterator[str]:
    """The sources that lie in the artifact itself, by their path in it: a signature cannot sign itself."""
    root = path.resolve()
    for source in sources:
        if root in source.resolve().parents:
            yield source.resolve().relative_to(root).as_posix()
