"""What is watched: every distinct component once, where it is used, by which keys it is found, and what was known of it last."""

import contextlib
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from lading.advisories.names import key_of
from lading.audit.subject import Subject
from lading.core.errors import DatabaseError

VERSION = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE bom (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, mark TEXT NOT NULL, system TEXT NOT NULL);
CREATE UNIQUE INDEX bom_path ON bom (path);
CREATE TABLE subject (id INTEGER PRIMARY KEY, data BLOB NOT NULL UNIQUE, boms BLOB NOT NULL);
CREATE TABLE key (key TEXT NOT NULL, subject INTEGER NOT NULL, PRIMARY KEY (key, subject)) WITHOUT ROWID;
CREATE TABLE finding (subject INTEGER NOT NULL, id TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (subject, id)) WITHOUT ROWID;
"""


class Known(Struct, frozen=True, array_like=True, order=True):
    """What was said of one problem of one component."""

    ids: tuple[str, ...]
    status: str
    priority: str
    fixed_in: str
    summary: str = ""
    decided: tuple[str, ...] = ()
    """The documents for whose systems somebody has decided that it does not matter."""

    def is_same(self, other: "Known") -> bool:
        """Whether both are about one problem, under whatever ids."""
        return not set(self.ids).isdisjoint(other.ids)


class Moved(Struct, frozen=True):
    """Which documents began and ceased to use a component, by its number."""

    came: dict[int, list[str]]
    """Nothing stands under a component that was not known: all of its documents are new to it."""
    left: dict[int, list[str]]


class Watched:
    """The file of one watched folder; everything of one run is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: dict[int, str] | None = None
        self._systems: dict[str, str] | None = None
        try:
            self._sql = sqlite3.connect(path, isolation_level=None)
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("BEGIN IMMEDIATE")
            if self._sql.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _TABLES.strip().split(";\n"):
                    self._sql.execute(statement)
                self._sql.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.Error as e:
            raise DatabaseError(f"{path} cannot be used: {e}", hint="move it away: it is made anew from the stored documents") from e

    @contextlib.contextmanager
    def guarded(self) -> Iterator["Watched"]:
        """Undo everything unless `commit` was called; what SQLite objects to is a sentence."""
        try:
            yield self
        except sqlite3.Error as e:
            raise DatabaseError(f"{self.path} cannot be used: {e}", hint="move it away: it is made anew from the stored documents") from e
        finally:
            self._sql.close()

    def commit(self, generation: int) -> None:
        """Keep all that was done, and up to which generation of advisories it is true."""
        self._note("generation", generation)
        self._sql.execute("COMMIT")

    @property
    def generation(self) -> int:
        """The generation that everything was last compared with; -1 before the first."""
        return self._noted("generation", -1)

    def decide(self, mark: int) -> bool:
        """Note the decisions that hold now, by a number that tells them apart; whether they are others than before."""
        before = self._noted("decisions", 0)
        self._note("decisions", mark)
        return before != mark

    def _note(self, name: str, value: int) -> None:
        self._sql.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value))

    def _noted(self, name: str, default: int) -> int:
        row = self._sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else default

    def marks(self) -> dict[str, str]:
        """Each document that is known, with what tells whether it changed."""
        return dict(self._sql.execute("SELECT path, mark FROM bom"))

    def add(self, boms: Iterable[tuple[str, str, str, Iterable[Subject]]]) -> Moved:
        """Take documents in, new or changed: path, mark, system and components."""
        uses: dict[bytes, array[int]] = defaultdict(lambda: array("I"))
        paths: dict[int, str] = {}
        replaced: dict[int, str] = {}
        for path, mark, system, subjects in boms:
            replaced.update(self._sql.execute("SELECT id, path FROM bom WHERE path = ?", (path,)))
            self.drop([path])
            number = self._sql.execute("INSERT INTO bom (path, mark, system) VALUES (?, ?, ?)", (path, mark, system)).lastrowid
            assert number is not None
            paths[number] = path
            for data in {msgspec.msgpack.encode(s) for s in subjects}:
                uses[data].append(number)
        had = self._released(replaced)
        came = dict(self._use(data, numbers, paths) for data, numbers in uses.items())
        return Moved(
            came={n: fresh for n, now in came.items() if (fresh := [p for p in now if p not in had.get(n, ())]) or not now},
            left={n: gone for n, before in had.items() if (gone := [p for p in before if p not in came.get(n, ())])},
        )

    def _released(self, replaced: dict[int, str]) -> dict[int, list[str]]:
        """Take documents off the components that they used; by number the paths of those that each was used by."""
        found: dict[int, list[str]] = {}
        for number, raw in self._sql.execute("SELECT id, boms FROM subject").fetchall() if replaced else ():
            boms = array("I", raw)
            if not replaced.keys().isdisjoint(boms):
                found[number] = [replaced[n] for n in boms if n in replaced]
                kept = array("I", (n for n in boms if n not in replaced))
                self._sql.execute("UPDATE subject SET boms = ? WHERE id = ?", (kept.tobytes(), number))
        return found

    def _use(self, data: bytes, boms: "array[int]", paths: Mapping[int, str]) -> tuple[int, list[str]]:
        """Note that documents use a component; its number, and where it was known before, the paths of those that do now."""
        row = self._sql.execute("SELECT id, boms FROM subject WHERE data = ?", (data,)).fetchone()
        if row:
            self._sql.execute("UPDATE subject SET boms = ? WHERE id = ?", (row[1] + boms.tobytes(), row[0]))
            return int(row[0]), [paths[n] for n in boms]
        number = self._sql.execute("INSERT INTO subject (data, boms) VALUES (?, ?)", (data, boms.tobytes())).lastrowid
        assert number is not None
        subject = msgspec.msgpack.decode(data, type=Subject)
        self._sql.executemany("INSERT OR IGNORE INTO key VALUES (?, ?)", [(key, number) for key in keys_of(subject)])
        return number, []

    def drop(self, paths: Iterable[str]) -> None:
        """Forget documents; components that none uses any more stay, and are told of no more."""
        self._names = None
        self._systems = None
        self._sql.executemany("DELETE FROM bom WHERE path = ?", [(p,) for p in paths])

    def every(self) -> list[int]:
        """The numbers of all components."""
        return [n for (n,) in self._sql.execute("SELECT id FROM subject")]

    def under(self, keys: Iterable[str]) -> set[int]:
        """The numbers of the components under any of these keys."""
        return {n for key in keys for (n,) in self._sql.execute("SELECT subject FROM key WHERE key = ?", (key,))}

    def subject(self, number: int) -> Subject:
        """A component."""
        return msgspec.msgpack.decode(self._sql.execute("SELECT data FROM subject WHERE id = ?", (number,)).fetchone()[0], type=Subject)

    def systems(self, number: int) -> list[str]:
        """The documents that use a component, by path."""
        raw = array("I", self._sql.execute("SELECT boms FROM subject WHERE id = ?", (number,)).fetchone()[0])
        if self._names is None:
            self._names = dict(self._sql.execute("SELECT id, path FROM bom"))
        names = self._names
        return sorted(names[n] for n in set(raw) if n in names)

    def bad(self) -> set[int]:
        """The numbers of the components of which something is known."""
        return {n for (n,) in self._sql.execute("SELECT DISTINCT subject FROM finding")}

    def system(self, path: str) -> str:
        """The name of the system that a document describes."""
        if self._systems is None:
            self._systems = dict(self._sql.execute("SELECT path, system FROM bom"))
        return self._systems[path]

    def known(self, number: int) -> list[Known]:
        """What was last said of a component."""
        rows = self._sql.execute("SELECT state FROM finding WHERE subject = ?", (number,))
        return [msgspec.msgpack.decode(state, type=Known) for (state,) in rows]

    def know(self, number: int, states: Iterable[Known]) -> None:
        """Say it anew."""
        self._sql.execute("DELETE FROM finding WHERE subject = ?", (number,))
        self._sql.executemany("INSERT INTO finding VALUES (?, ?, ?)", [(number, s.ids[0], msgspec.msgpack.encode(s)) for s in states])


def keys_of(subject: Subject) -> list[str]:
    """Under which changed keys of the database a component is to be asked about again."""
    named = [key_of(ecosystem, subject.name) for ecosystem in subject.ecosystems]
    commit = [f"c\0{subject.commit}"] if subject.commit else []
    return [*named, *(f"d\0{d}" for d in subject.digests), *commit]
