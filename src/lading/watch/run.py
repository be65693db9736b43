"""One look: documents that came, changed or went, then the components that changed advisories touch, compared with what was known."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from lading.advisories.database import Database
from lading.audit.finding import Status
from lading.audit.match import Matcher
from lading.audit.run import problems_of
from lading.audit.subject import Subject, is_subject, subject_of
from lading.core.bom import Bom
from lading.core.errors import LadingError
from lading.core.kinds import Word
from lading.watch.store import Known, Watched

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


def look(watched: Watched, folder: Path, database: Database, load: Load) -> Look:
    """Compare a folder of documents with the advisories of now; nothing is kept until the caller commits."""
    marks = dict(_marks(folder))
    before = watched.marks()
    unread: list[tuple[str, str]] = []
    fresh = [path for path, mark in marks.items() if before.get(path) != mark]
    watched.drop(set(before) - set(marks))
    added = watched.add(_documents(folder, fresh, marks, load, unread))
    touched = _touched(watched, database, added)
    matcher = Matcher(database)
    changes = [change for number in sorted(touched) for change in _compared(watched, number, matcher)]
    changes.sort(key=lambda c: (list(Event).index(c.event), c.component, c.ids))
    return Look(documents=len(marks), read=len(fresh) - len(unread), asked=len(touched), unread=tuple(unread), changes=tuple(changes))


def _marks(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            state = path.stat()
            yield path.relative_to(folder).as_posix(), f"{state.st_mtime_ns} {state.st_size} {state.st_ino}"


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


def _touched(watched: Watched, database: Database, added: Iterable[int]) -> set[int]:
    """The components to ask about: the new ones, and those under keys that changed since the last look; all where that cannot be told."""
    changed = database.changed(watched.generation)
    return set(watched.every()) if changed is None else {*added, *watched.under(changed)}


def _compared(watched: Watched, number: int, matcher: Matcher) -> Iterator[Change]:
    """What is said now against what was said last, under whatever ids."""
    subject = watched.subject(number)
    answer = matcher.ask(subject)
    now = [
        Known(p.ids, p.status.value, p.priority.value, p.fixed_in, p.summary) for p in problems_of(subject, answer.hits, matcher.database)
    ]
    before = watched.known(number)
    if now == before:
        return
    watched.know(number, now)
    systems = tuple(watched.systems(number))
    for state in now if systems else ():
        old = next((b for b in before if b.is_same(state)), None)
        if old is None:
            yield _change(Event.NEW, subject, state, systems)
        elif (old.status, old.priority, old.fixed_in) != (state.status, state.priority, state.fixed_in):
            yield _change(Event.CHANGED, subject, state, systems, f"{old.status}, {old.priority}, {old.fixed_in or 'not fixed'}")
    for state in before if systems else ():
        if not any(state.is_same(n) for n in now):
            yield _change(Event.CLOSED, subject, state, systems)


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
