"""The folder of the database: one file that is asked, replaced whole or not at all, and what must not be forgotten beside it."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from lading.advisories import own
from lading.advisories.compile import MOST_GENERATIONS, MOST_PROBLEMS, Contents, Kept, State, keys_of, write
from lading.advisories.database import Database, Problem, Source
from lading.advisories.feeds import Item, Raw, Table
from lading.advisories.osv import Read, read
from lading.core.errors import DatabaseError, FormatError

FILE = "advisories.db"
_STATE = "state.json"
_LOCK = "lock"
DAY = timedelta(days=1)


class Memory(Struct):
    """What outlives every database: the highest counter of a snapshot that was taken over, by signer."""

    counters: dict[str, int] = {}
    digests: dict[str, str] = {}
    """The digest of that snapshot."""


@dataclass
class Outcome:
    """What an import did."""

    added: int = 0
    changed: int = 0
    same: int = 0
    older: int = 0
    skipped: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    generation: int = 0


def default_folder() -> Path:
    """Where the database of a user lies: LADING_ADVISORIES, else the data folder."""
    if chosen := os.environ.get("LADING_ADVISORIES"):
        return Path(chosen)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "lading" / "advisories"


class Store:
    """The folder of one database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE

    def open(self) -> Database:
        """The database as it is now; DatabaseError when there is none, or it is empty."""
        if not self.file.exists():
            raise DatabaseError(
                f"there is no advisory database in {self.folder}",
                hint="lading advisories import FOLDER, or lading advisories update URL",
            )
        return Database(self.file)

    def bring(self, feeds: Iterable[tuple[str, Iterable[Item]]], now: datetime, *, fresh: bool = False) -> Outcome:
        """Take over records and tables, name by name of their source; the old database works until the new one is whole."""
        with self.locked():
            merge = _Merge(now)
            if self.file.exists() and not fresh:
                with Database(self.file) as old:
                    merge.start(old)
            merge.take(own.SOURCE, [Raw(data) for data in own.records()])
            merge.outcome = Outcome(generation=merge.outcome.generation, keys=merge.outcome.keys)
            for name, items in feeds:
                merge.take(name, items)
            contents = merge.contents()
            self.replace(lambda path: write(contents, path))
            return merge.outcome

    def replace(self, make: Callable[[Path], None]) -> None:
        """Put a new file in the place of the old one, durably: it is there whole, or the old one still is."""
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=f".{FILE}.")
        os.close(handle)
        scratch = Path(name)
        try:
            make(scratch)
            with Database(scratch), scratch.open("rb") as stream:
                os.fsync(stream.fileno())
            scratch.chmod(0o644)
            scratch.replace(self.file)
        finally:
            scratch.unlink(missing_ok=True)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def memory(self) -> Memory:
        """What must not be forgotten; DatabaseError when it cannot be read, for then a rollback could not be told."""
        path = self.folder / _STATE
        if not path.exists():
            return Memory()
        try:
            return msgspec.json.decode(path.read_bytes(), type=Memory)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as e:
            raise DatabaseError(f"{path} cannot be read: {e}", hint="it holds the counters that show a rollback: restore it") from e

    def remember(self, memory: Memory) -> None:
        """Keep it, durably."""
        scratch = self.folder / f".{_STATE}.{os.getpid()}"
        with scratch.open("wb") as stream:
            stream.write(msgspec.json.encode(memory))
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(self.folder / _STATE)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time; readers never wait."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as e:
            raise DatabaseError(f"{self.folder} cannot be written: {e.strerror}", hint="--database FOLDER names another place") from e
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self.folder.glob(f".{FILE}.*"):
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
            yield
        finally:
            os.close(lock)


class _Merge:
    """Records by id with all their states, as they come together."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.moment = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.latest = (now + DAY).astimezone(UTC).isoformat()
        self.kept: dict[str, Kept] = {}
        self.sources: dict[str, Source] = {}
        self.tables: dict[str, bytes] = {}
        self.changes: dict[int, tuple[str, ...] | None] = {}
        self.outcome = Outcome(generation=1)
        self.problems: list[Problem] = []
        self._everything = True

    def start(self, old: Database) -> None:
        """Begin with what is there."""
        for head in old.heads():
            states = tuple(State(old.body(r), r.digest, head.source, r.modified, r.first_seen) for r in head.revisions)
            self.kept[head.id] = Kept(read(states[-1].data), states)
        self.sources = {s.name: s for s in old.header.sources}
        self.tables = old.tables()
        self.changes = old.changes()
        self.problems = list(old.header.problems)
        self.outcome.generation = old.header.generation + 1
        self._everything = False

    def take(self, name: str, items: Iterable[Item]) -> None:
        """Take over what one source says."""
        self.problems = [p for p in self.problems if p.source != name]
        count, newest = 0, ""
        for item in items:
            match item:
                case Raw():
                    modified = self._record(item.data, name)
                    count += modified is not None
                    newest = max(newest, modified or "")
                case Table():
                    self.tables[item.name] = item.data
                    self._everything = True
                    self.outcome.tables[item.name] = item.rows
                case Problem():
                    self._skip(item)
        self.sources[name] = Source(name=name, imported=self.moment, records=count, newest=newest)

    def contents(self) -> Contents:
        """Everything, by id."""
        keys = None if self._everything else tuple(sorted(self.outcome.keys))
        changes = {**self.changes, self.outcome.generation: keys}
        recent = dict(sorted(changes.items())[-MOST_GENERATIONS:])
        return Contents(
            records=[self.kept[name] for name in sorted(self.kept)],
            created=self.moment,
            generation=self.outcome.generation,
            sources=tuple(sorted(self.sources.values(), key=lambda s: s.name)),
            tables=self.tables,
            problems=self.problems[:MOST_PROBLEMS],
            skipped=len(self.problems),
            changes=recent,
        )

    def _record(self, data: bytes, source: str) -> str | None:
        try:
            made: Read = read(data)
        except FormatError as e:
            self._skip(Problem(source, data[:60].decode("utf-8", "replace"), e.sentence))
            return None
        record = made.record
        digest = blake2b(data, digest_size=16).digest()
        modified = record.modified if self._plausible(record.modified) else ""
        before = self.kept.get(record.id)
        if before and any(s.digest == digest for s in before.states):
            self.outcome.same += 1
        elif before and modified < before.states[-1].modified:
            self.outcome.older += 1
        else:
            states = (*(before.states if before else ()), State(data, digest, source, modified, self.moment))
            self.kept[record.id] = Kept(made, states)
            self.outcome.keys |= keys_of(made) | (keys_of(before.read) if before else set())
            self.outcome.changed += before is not None
            self.outcome.added += before is None
        return modified

    def _plausible(self, modified: str) -> bool:
        """Whether a time lies in the past: one of the future would outlive every later revision."""
        return modified <= self.latest

    def _skip(self, problem: Problem) -> None:
        self.outcome.skipped += 1
        self.problems.append(problem)
        self.outcome.problems.append(problem)
