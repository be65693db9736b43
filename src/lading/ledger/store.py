"""The ledger's file: envelopes in the order they came, the hashes of the tree over them, and indexes, all in SQLite.

An entry of the log is the text `sha256:…` of an envelope: tiles bound an entry to 64 KiB, an envelope may be larger.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Self

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import LedgerError, TamperError, UsageError
from lading.ledger import merkle
from lading.ledger.file import Access, connected, told

RUN = 256
"""How many hashes of one level a row holds; every eighth level's rows are the tiles of tlog-tiles."""

LARGEST = 256 << 20
_VARIABLES = 500


class Index(Struct, frozen=True):
    """What an envelope is found by: the digests of its subjects as `algorithm:hex`, and its predicate's type."""

    subjects: tuple[str, ...] = ()
    predicate_type: str = ""


class Receipt(Struct, frozen=True):
    """Where an envelope stands, and whether it is there only since now."""

    number: int
    digest: str
    new: bool


class Ledger:
    """An append-only sequence of envelopes with its tree; one object is for one thread."""

    def __init__(self, path: Path, access: Access = Access.WRITE) -> None:
        self.path = path
        self.connection = connected(path, access)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @property
    def size(self) -> int:
        """How many entries there are."""
        last = int(self._one("SELECT coalesce(max(number), -1) FROM entry")[0])
        if last >= merkle.LARGEST:
            raise TamperError(f"{self.path}: entry {last} was added around the tree", hint="take the entries from an export or a copy")
        return last + 1

    def append(self, envelopes: Iterable[tuple[bytes, Index]]) -> list[Receipt]:
        """Record envelopes in one transaction: when this returns they are on the disk, when it raises none of them is in the ledger."""
        batch = list(envelopes)
        if too_large := next((len(e) for e, _ in batch if len(e) > LARGEST), 0):
            raise UsageError(f"an envelope has {too_large} bytes, more than {LARGEST >> 20} MiB")
        digests = [sha256(envelope).digest() for envelope, _ in batch]
        with self.transaction():
            known = self._known(digests)
            first = self.size
            receipts: list[Receipt] = []
            rows: list[tuple[int, bytes, bytes, Index]] = []
            for (envelope, index), digest in zip(batch, digests, strict=True):
                new = digest not in known
                if not new and known[digest] < first and self.envelope(known[digest]) != envelope:
                    raise TamperError(f"{self.path}: the index says sha256:{digest.hex()} is entry {known[digest]}, it is not")
                if new:
                    known[digest] = first + len(rows)
                    rows.append((known[digest], digest, envelope, index))
                receipts.append(Receipt(known[digest], f"sha256:{digest.hex()}", new))
            self.connection.executemany("INSERT INTO entry VALUES (?, ?)", [(number, envelope) for number, _, envelope, _ in rows])
            self._derive(first, [(number, digest, index) for number, digest, _, index in rows])
        return receipts

    def envelope(self, number: int) -> bytes:
        """The bytes of an entry's envelope."""
        return self._bytes(
            self._one("SELECT envelope FROM entry WHERE number = ?", number, missing=f"entry {number} is not in the ledger")[0]
        )

    def envelopes(self, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Numbers and envelopes of the entries from begin to end that are there."""
        query = "SELECT number, envelope FROM entry WHERE number >= ? AND number < ? ORDER BY number"
        with told(self.path):
            for number, envelope in self.connection.execute(query, (begin, end)):
                yield number, self._bytes(envelope)

    def number_of(self, digest: str) -> int | None:
        """The number of the envelope with this digest."""
        wanted = Digest.parse(digest)
        found = self._known([bytes.fromhex(wanted.hex)]) if wanted.algorithm == "sha256" and len(wanted.hex) == 2 * merkle.SIZE else {}
        return next(iter(found.values()), None)

    def by_subject(self, digest: str) -> list[int]:
        """The numbers of the envelopes that say something of a subject."""
        return self._numbers("SELECT number FROM subject WHERE digest = ? ORDER BY number", digest)

    def by_predicate(self, predicate_type: str) -> list[int]:
        """The numbers of the envelopes with a predicate of a type."""
        return self._numbers("SELECT number FROM predicate WHERE type = ? ORDER BY number", predicate_type)

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree over the first `size` entries, or over all."""
        return merkle.span(0, self._within(size), self.node)

    def inclusion(self, number: int, size: int | None = None) -> list[bytes]:
        """The proof that an entry is among the first `size`, or among all."""
        return merkle.inclusion(number, self._within(size), self.node)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the tree of `old` entries is the beginning of the tree of `new`, or of all."""
        return merkle.consistency(old, self._within(new), self.node)

    def node(self, level: int, number: int) -> bytes:
        """A stored hash of the tree."""
        run, place = divmod(number, RUN)
        row = self._one(
            "SELECT substr(hashes, ?, ?) FROM tree WHERE level = ? AND run = ?",
            *(place * merkle.SIZE + 1, merkle.SIZE, level, run),
            missing=f"hash {number} of level {level} was removed from the tree",
        )
        found = self._bytes(row[0])
        if len(found) != merkle.SIZE:
            raise TamperError(f"{self.path}: hash {number} of level {level} was removed from the tree", hint="lading ledger verify")
        return found

    def run(self, level: int, number: int) -> bytes:
        """Up to 256 hashes of a level, side by side; nothing when there are none."""
        with told(self.path):
            row = self.connection.execute("SELECT hashes FROM tree WHERE level = ? AND run = ?", (level, number)).fetchone()
        return self._bytes(row[0]) if row else b""

    def rebuild(self, describe: Callable[[bytes], Index], check: "Callable[[Ledger], None] | None" = None) -> bytes:
        """Derive tree and indexes anew from the envelopes; what `check` refuses is not kept. Without it the root may not change."""
        with self.transaction():
            before = self._stored_root() if check is None else b""
            for table in ("tree", "digest", "subject", "predicate"):
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this module
            for begin in range(0, self.size, RUN):
                rows = [(n, sha256(e).digest(), describe(e)) for n, e in self.envelopes(begin, begin + RUN)]
                expected = range(begin, min(begin + RUN, self.size))
                if missing := set(expected) - {n for n, _, _ in rows}:
                    raise TamperError(f"{self.path}: entry {min(missing)} was removed", hint="take it from an export or a copy")
                self._derive(begin, rows)
            after = self.root()
            if check:
                check(self)
            elif after != before:
                raise TamperError(
                    f"{self.path}: the entries have root {after.hex()}, the tree had {before.hex()}",
                    hint="give a checkpoint that tells which of them is right",
                )
        return after

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """Everything inside happens or nothing does; readers see one state of the ledger."""
        with told(self.path):
            self.connection.execute(f"BEGIN {kind}")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def _derive(self, first: int, rows: list[tuple[int, bytes, Index]]) -> None:
        put = self.connection.executemany
        try:
            put("INSERT INTO digest VALUES (?, ?)", [(digest, number) for number, digest, _ in rows])
        except sqlite3.IntegrityError as e:
            raise TamperError(f"{self.path}: an envelope stands twice among entries {first} to {first + len(rows) - 1}") from e
        put("INSERT OR IGNORE INTO subject VALUES (?, ?)", [(subject, number) for number, _, index in rows for subject in index.subjects])
        put(
            "INSERT OR IGNORE INTO predicate VALUES (?, ?)",
            [(index.predicate_type, number) for number, _, index in rows if index.predicate_type],
        )
        for level, start, hashes in merkle.grow(first, [leaf(digest) for _, digest, _ in rows], self.node):
            self._add_hashes(level, start, b"".join(hashes))

    def _add_hashes(self, level: int, first: int, hashes: bytes) -> None:
        number, place = divmod(first, RUN)
        before = self.run(level, number)
        if len(before) != place * merkle.SIZE:
            raise TamperError(f"{self.path}: level {level} of the tree does not end at hash {first}", hint="lading ledger verify")
        whole = before + hashes
        step = RUN * merkle.SIZE
        rows = [(level, number + i // step, whole[i : i + step]) for i in range(0, len(whole), step)]
        self.connection.executemany("INSERT OR REPLACE INTO tree VALUES (?, ?, ?)", rows)

    def _known(self, digests: list[bytes]) -> dict[bytes, int]:
        known: dict[bytes, int] = {}
        with told(self.path):
            for i in range(0, len(digests), _VARIABLES):
                some = digests[i : i + _VARIABLES]
                marks = ",".join("?" * len(some))
                known.update(self.connection.execute(f"SELECT digest, CAST(number AS INTEGER) FROM digest WHERE digest IN ({marks})", some))  # noqa: S608 - marks only
        return known

    def _stored_root(self) -> bytes:
        try:
            return self.root()
        except TamperError:
            return b""

    def _bytes(self, value: object) -> bytes:
        """A value that must be bytes, and in a damaged file may be anything."""
        if not isinstance(value, bytes):
            raise TamperError(f"{self.path} was overwritten: a row does not hold bytes", hint="take the entries from an export or a copy")
        return value

    def _within(self, size: int | None) -> int:
        there = self.size
        if size is None:
            return there
        if not 0 <= size <= there:
            raise UsageError(f"{self.path} has {there} entries, not {size}")
        return size

    def _numbers(self, query: str, value: str) -> list[int]:
        with told(self.path):
            return [number for (number,) in self.connection.execute(query, (value,))]

    def _one(self, query: str, *values: int, missing: str = "") -> tuple[bytes, ...]:
        with told(self.path):
            row: tuple[bytes, ...] | None = self.connection.execute(query, values).fetchone()
        if row is None:
            raise (TamperError if "removed" in missing else LedgerError)(f"{self.path}: {missing}", hint="lading ledger verify")
        return row


def entry(digest: bytes) -> bytes:
    """The entry of the log for an envelope with this SHA-256 digest."""
    return f"sha256:{digest.hex()}".encode()


def leaf(digest: bytes) -> bytes:
    """The hash in the tree for an envelope with this SHA-256 digest."""
    return merkle.leaf_hash(entry(digest))
