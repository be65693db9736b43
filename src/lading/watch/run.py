"""One look: documents that came, changed or went, then the components that changed advisories touch, compared with what was known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from lading.advisories.database import Database
from lading.audit.finding import Problem, Status
from lading.audit.match import Answer, Matcher
from lading.audit.run import problems_of
from lading.audit.subject import Subject, is_subject, subject_of
from lading.audit.vex.statement import Statement, decided
from lading.core.bom import Bom
from lading.core.errors import LadingError
from lading.core.kinds import Word
from lading.watch.store import Known, Moved, Watched

FILE = ".lading-watch.db"
Load = Callable[[Path], Bom]


class Event(Word):
    """What became of a problem."""

    NEW = "new"
    CHANGED = "changed"
    CLOSED = "closed"


class Change(Struct, frozen=True, kw_only=True):
    """What became of one problem of one component, and which systems have it."""

    event: Event
    component: str
    ids: tuple[str, ...]
    status: str
    priority: str
    fixed_in: str = ""
    summary: str = ""
    before: str = ""
    systems: tuple[str, ...] = ()


class Look(Struct, frozen=True, kw_only=True):
    """What one look saw."""

    documents: int
    read: int
    asked: int
    """How many distinct components were asked about."""
    unread: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def alarming(self) -> bool:
        """Whether a problem is new, or is now certain."""
        return any(c.event is not Event.CLOSED and c.status == Status.AFFECTED for c in self.changes)


@dataclass(frozen=True)
class Decisions:
    """What somebody decided about problems, in documents and settings, as it holds on a day."""

    statements: Sequence[Statement]
    today: date
    sources: Sequence[Path] = ()
    """Files and folders that hold decisions, which are no bills of materials wherever they lie."""

    @property
    def mark(self) -> int:
        """A number that tells the decisions that hold from others; 0 for none."""
        holding = [s for s in self.statements if s.until is None or s.until >= self.today]
        told = sorted(repr((sorted(s.ids), s.products, s.status, s.time)) for s in holding)
        return int.from_bytes(blake2b("\n".join(told).encode(), digest_size=7).digest(), "little") if told else 0

    def closed(self, problem: Problem, systems: Mapping[str, str]) -> tuple[str, ...]:
        """The documents, by path, in whose systems the problem does not matter."""
        if not self.statements:
            return ()
        return tuple(path for path, name in systems.items() if not decided(problem, self.statements, name, self.today).open)


def look(watched: Watched, folder: Path, database: Database, load: Load, decisions: Decisions | None = None) -> Look:
    """Compare a folder of documents with the advisories of now; nothing is kept until the caller commits."""
    told = decisions or Decisions((), date.min)
    marks = dict(_marks(folder, {p.resolve() for p in told.sources}))
    before = watched.marks()
    unread: list[tuple[str, str]] = []
    fresh = [path for path, mark in marks.items() if before.get(path) != mark]
    watched.drop(set(before) - set(marks))
    moved = watched.add(_documents(folder, fresh, marks, load, unread))
    touched = _touched(watched, database, moved) | (watched.bad() if watched.decide(told.mark) else set())
    comparison = _Comparison(watched, Matcher(database), moved, told)
    changes = [change for number in sorted(touched) for change in comparison.of(number)]
    changes.sort(key=lambda c: (list(Event).index(c.event), c.component, c.ids))
    return Look(documents=len(marks), read=len(fresh) - len(unread), asked=len(touched), unread=tuple(unread), changes=tuple(changes))


def _marks(folder: Path, apart: AbstractSet[Path]) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not (apart and _holds(apart, path.resolve())):
            state = path.stat()
            yield path.relative_to(folder).as_posix(), f"{state.st_mtime_ns} {state.st_size} {state.st_ino}"


def _holds(apart: AbstractSet[Path], path: Path) -> bool:
    return not apart.isdisjoint((path, *path.parents))


def _documents(
    folder: Path, paths: Iterable[str], marks: dict[str, str], load: Load, unread: list[tuple[str, str]]
) -> Iterator[tuple[str, str, str, list[Subject]]]:
    for path in paths:
        try:
            bom = load(folder / path)
        except LadingError as e:
            unread.append((path, e.sentence))
            continue
        yield path, marks[path], bom.subject.name, [subject_of(c) for c in bom.components if is_subject(c)]


def _touched(watched: Watched, database: Database, moved: Moved) -> set[int]:
    """The components to ask about: whose use changed, and those under keys that changed since the last look; all where that cannot be told."""
    changed = database.changed(watched.generation)
    return set(watched.every()) if changed is None else {*moved.came, *moved.left, *watched.under(changed)}


@dataclass(frozen=True)
class _Comparison:
    """What is said now against what was said last, component by component."""

    watched: Watched
    matcher: Matcher
    moved: Moved
    decisions: Decisions

    def of(self, number: int) -> Iterator[Change]:
        """What became of the problems of a component, under whatever ids."""
        subject = self.watched.subject(number)
        answer = self.matcher.ask(subject)
        before = self.watched.known(number)
        now = self._now(number, subject, answer) if answer.hits else []
        came, left = self.moved.came.get(number, []), self.moved.left.get(number, [])
        if now == before and not (came or left):
            return
        self.watched.know(number, now)
        systems = self.watched.systems(number)
        for state in now:
            old = next((b for b in before if b.is_same(state)), None)
            yield from _told(subject, state, old, systems, came)
        for state in before:
            still = any(state.is_same(n) for n in now)
            gone = left if still else [*systems, *left]
            if closed := tuple(p for p in gone if p not in state.decided and (still or p not in came)):
                yield _change(Event.CLOSED, subject, state, closed)

    def _now(self, number: int, subject: Subject, answer: Answer) -> list[Known]:
        named = {p: self.watched.system(p) for p in self.watched.systems(number)} if self.decisions.statements else {}
        return [
            Known(p.ids, p.status.value, p.priority.value, p.fixed_in, p.summary, self.decisions.closed(p, named))
            for p in problems_of(subject, answer.hits, self.matcher.database)
        ]


def _told(subject: Subject, state: Known, old: Known | None, systems: list[str], came: list[str]) -> Iterator[Change]:
    """A problem that is there now: for which systems it is new, for which it changed, for which it was decided since."""
    opened = [p for p in systems if p not in state.decided]
    if old is None:
        if opened:
            yield _change(Event.NEW, subject, state, tuple(opened))
        return
    if fresh := tuple(p for p in opened if p in came or p in old.decided):
        yield _change(Event.NEW, subject, state, fresh)
    known = tuple(p for p in opened if p not in fresh)
    if known and (old.status, old.priority, old.fixed_in) != (state.status, state.priority, state.fixed_in):
        yield _change(Event.CHANGED, subject, state, known, f"{old.status}, {old.priority}, {old.fixed_in or 'not fixed'}")
    if settled := tuple(p for p in state.decided if p not in old.decided and p not in came):
        yield _change(Event.CLOSED, subject, state, settled, "open, now decided")


def _change(event: Event, subject: Subject, state: Known, systems: tuple[str, ...], before: str = "") -> Change:
    return Change(
        event=event,
        component=subject.ref,
        ids=state.ids,
        status=state.status,
        priority=state.priority,
        fixed_in=state.fixed_in,
        summary=state.summary,
        before=before,
        systems=systems,
    )
