"""The scan itself: every file to every extractor that wants it; a failure becomes coverage, never a traceback."""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import lading
from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence, Unresolved
from lading.core.coverage import Coverage, Skipped
from lading.core.errors import ExtractError, WorkerError
from lading.core.finding import Report
from lading.core.kinds import Kind, Scope, Severity
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.core.merge import merge, with_providers_folded
from lading.core.source import SourceFile, Tree
from lading.extractors._registry import EXTRACTORS, Extractor
from lading.rules._registry import RULES
from lading.scan.folder import Folder
from lading.scan.mentions import with_mentions
from lading.scan.scope import scope_of
from lading.scan.shares import each

Progress = Callable[[int, int, str], None]
"""Called with files done, files in all and the current path."""

Look = Callable[[Report, Sequence[Path]], Report]
"""Called with a report and the folders that its paths lie in, while they are there: what else is seen in the files."""

_SERIALS = uuid.UUID("6f0a9a0e-5f7c-5b65-9d0b-2a6d6c616469")


def scan(
    root: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    exclude: tuple[str, ...] = (),
    now: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Everything the system in a folder inherits, and what the rules say about it; UsageError when there is no such folder."""
    return judge(collect(Folder(root, limits, exclude), root.resolve().name, now, progress))


def unchanged(report: Report, _: Sequence[Path]) -> Report:
    """The report as it is: nobody looks further."""
    return report


def judge(bom: Bom) -> Report:
    """What the rules say about a bill of materials, worst first."""
    order = list(Severity)
    findings = [finding for registered in RULES for finding in registered.check(bom)]
    findings.sort(key=lambda f: (order.index(f.severity), f.rule, f.component, f.message))
    return Report(bom=bom, findings=tuple(findings), rules=tuple(r.rule for r in RULES))


def collect(folder: Folder, name: str, now: float | None = None, progress: Progress | None = None) -> Bom:
    """Run the extractors over a tree and join what they prove."""
    shares = _shares(folder)
    paths = list(folder.paths)

    def said(done: int) -> None:
        if progress and paths:
            progress(min(done, len(paths) - 1), len(paths), paths[min(done, len(paths) - 1)])

    def work(share: list[str], done: Callable[[int], None]) -> bytes:
        return msgspec.msgpack.encode(_proofs(folder, share, done))

    proofs = Proofs()
    if len(shares) < 2:  # noqa: PLR2004 - nothing to divide
        proofs = _proofs(folder, paths, said)
    else:
        for share, answer in zip(shares, each(shares, work, said), strict=True):
            proofs.join(msgspec.msgpack.decode(answer, type=Proofs) if answer is not None else _lost(share))
    return proofs.bom(name, folder, now)


LEAST_SHARE = 1 << 20
"""Source bytes that are worth a process of their own."""
MOST_SHARES = 4
"""More would parse what their modules import more often than they would save."""
LARGEST = 1 << 20
"""Larger files are data, of which at most the head is read."""
_OVERHEAD = 1 << 11
"""What opening a file costs, in bytes of source that could be read meanwhile."""


def _shares(folder: Folder) -> list[list[str]]:
    """The paths in runs of about the same work; how many depends on the tree alone."""
    sizes = [_size(folder, path) for path in folder.paths]
    weights = [_OVERHEAD + (size if size < LARGEST else 0) for size in sizes]
    total = sum(weights)
    count = max(1, min(MOST_SHARES, total // LEAST_SHARE))
    shares: list[list[str]] = [[] for _ in range(count)]
    passed = 0
    for path, weight in zip(folder.paths, weights, strict=True):
        shares[min(count - 1, passed * count // total)].append(path)
        passed += weight
    return [share for share in shares if share]


def _size(folder: Folder, path: str) -> int:
    try:
        return folder.size(path)
    except OSError:
        return 0


def _proofs(folder: Folder, paths: list[str], done: Callable[[int], None]) -> "Proofs":
    """What the extractors prove of some paths, beginning with nothing remembered."""
    folder.forget_all()
    extractors = tuple(EXTRACTORS)
    proofs = Proofs()
    for number, path in enumerate(paths):
        done(number)
        readers = [e for e in extractors if e.reads(path)]
        file = folder.file(path)
        if readers and file is not None:
            proofs.read_with(readers, file)
        folder.forget(path)
    done(len(paths))
    return proofs


def proofs_of(tree: Tree, path: str) -> "Proofs":
    """What the extractors prove of one file of a tree."""
    proofs = Proofs()
    if (file := tree.file(path)) and (readers := [e for e in EXTRACTORS if e.reads(path)]):
        proofs.read_with(readers, file)
    return proofs


def _lost(share: list[str]) -> "Proofs":
    """What is left of a share whose process died: nothing of it counts as read."""
    reason = "not read: the process that read it died; run `lading scan` on it alone"
    return Proofs(unread={Skipped(_printable(path), reason, WorkerError.code) for path in share})


class Proofs(msgspec.Struct):
    """What the extractors have yielded so far."""

    components: list[Component] = []
    edges: set[Edge] = set()
    unresolved: set[Unresolved] = set()
    unread: set[Skipped] = set()
    read: int = 0
    bytes: int = 0

    def join(self, other: "Proofs") -> None:
        """Add what others have found."""
        self.components += other.components
        self.edges |= other.edges
        self.unresolved |= other.unresolved
        self.unread |= other.unread
        self.read += other.read
        self.bytes += other.bytes

    def read_with(self, readers: list[Extractor], file: SourceFile) -> None:
        """Let every reader have the file; a reader that fails costs its own part only."""
        failures = [skipped for reader in readers if (skipped := self._read(reader, file))]
        self.unread.update(failures)
        if len(failures) < len(readers):
            self.read += 1
            self.bytes += file.size

    def _read(self, reader: Extractor, file: SourceFile) -> Skipped | None:
        try:
            for observation in reader.read(file):
                self._take(observation)
        except ExtractError as e:
            return Skipped(_printable(file.path), e.sentence, e.code)
        except OSError as e:
            return Skipped(_printable(file.path), f"cannot be read: {e.strerror or e}", "LD202")
        except Exception as e:  # noqa: BLE001 - a plugin of anybody: its failure is a gap in the coverage
            return Skipped(_printable(file.path), f"extractor {reader.name} failed: {type(e).__name__}: {e}", "LD910")
        return None

    def _take(self, observation: Component | Edge | Unresolved | Skipped) -> None:
        match observation:
            case Component():
                self.components.append(msgspec.structs.replace(observation, occurrences=tuple(_scoped(o) for o in observation.occurrences)))
            case Edge():
                self.edges.add(observation)
            case Unresolved():
                self.unresolved.add(msgspec.structs.replace(observation, occurrence=_scoped(observation.occurrence)))
            case Skipped():
                self.unread.add(observation)

    def bom(self, name: str, folder: Folder, now: float | None) -> Bom:
        """Everything joined, sorted and dated."""
        components = with_mentions(with_providers_folded(merge(self.components)), folder)
        subject = Component(kind=Kind.SYSTEM, name=_printable(name))
        known = {subject.ref, *(c.ref for c in components)}
        bom = Bom(
            subject=subject,
            components=components,
            edges=tuple(sorted(e for e in self.edges if {e.source, e.target} <= known)),
            unresolved=tuple(sorted(self.unresolved)),
            coverage=Coverage(
                files=len(folder.paths),
                read=self.read,
                bytes=self.bytes,
                excluded=tuple(sorted(folder.excluded)),
                unread=tuple(sorted({*self.unread, *folder.unread})),
            ),
            created=_timestamp(now),
            generator=f"lading {lading.__version__}",
        )
        serial = uuid.uuid5(_SERIALS, msgspec.json.encode(bom).decode())
        return msgspec.structs.replace(bom, serial=f"urn:uuid:{serial}")


def _scoped(occurrence: Occurrence) -> Occurrence:
    """The occurrence with a printable path, and the scope its place in the tree tells when the extractor told none."""
    scope = scope_of(occurrence.path) if occurrence.scope is Scope.RUNTIME else occurrence.scope
    return msgspec.structs.replace(occurrence, path=_printable(occurrence.path), scope=scope)


def _timestamp(now: float | None) -> str:
    """An RFC 3339 time in UTC: SOURCE_DATE_EPOCH when it is set, else the time given, else the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = int(epoch) if epoch and epoch.isdigit() else time.time() if now is None else now
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
