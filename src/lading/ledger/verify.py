"""The walk through a ledger: what was removed, changed, re-ordered or added around it is found and named."""

from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec import Struct

from lading.core.errors import LadingError, ProofError
from lading.ledger.checkpoint import Checkpoint
from lading.ledger.merkle import EMPTY, SIZE, node_hash
from lading.ledger.store import RUN, Index, Ledger, leaf

MOST = 100


class Walk(Struct, frozen=True):
    """What a walk found: how many entries, the root computed from them, and everything that is wrong."""

    size: int
    root: bytes
    problems: tuple[str, ...] = ()
    more: bool = False


def walk(ledger: Ledger, describe: Callable[[bytes], Index], checkpoint: Checkpoint | None = None) -> Walk:
    """Compare every entry with the tree and the indexes, the tree with itself, and all with a checkpoint when there is one."""
    with ledger.transaction("DEFERRED"):
        seen = _Entries(ledger, describe, checkpoint.size if checkpoint else -1)
        problems: list[str] = []
        for problem in _all(ledger, seen, checkpoint):
            if len(problems) == MOST:
                return Walk(seen.count, seen.frontier.root, tuple(problems), more=True)
            problems.append(problem)
        return Walk(seen.count, seen.frontier.root, tuple(problems))


def held(checkpoint: Checkpoint, size: int, root: bytes) -> None:
    """Nothing when a ledger of `size` entries, whose first ones have this root, is that of a checkpoint or has grown from it."""
    if checkpoint.size > size:
        raise ProofError(
            f"the checkpoint has {checkpoint.size} entries, the ledger {size}: the last {checkpoint.size - size} were removed",
            hint="or the checkpoint is of another ledger",
        )
    if checkpoint.root != root:
        raise ProofError(
            f"the first {checkpoint.size} entries have root {root.hex()}, the checkpoint says {checkpoint.root.hex()}: history was rewritten",
            hint="or the checkpoint is of another ledger",
        )


class _Frontier:
    """The hashes of the largest complete subtrees, from which the root follows after every leaf."""

    def __init__(self) -> None:
        self.size = 0
        self.hashes: list[bytes] = []

    def add(self, hash_: bytes) -> None:
        place = self.size
        while place % 2:
            hash_ = node_hash(self.hashes.pop(), hash_)
            place >>= 1
        self.hashes.append(hash_)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY
        *others, root = self.hashes
        for left in reversed(others):
            root = node_hash(left, root)
        return root


class _Entries:
    """The walk over the entries; afterwards it knows how many there are and their roots."""

    def __init__(self, ledger: Ledger, describe: Callable[[bytes], Index], mark: int) -> None:
        self.ledger = ledger
        self.describe = describe
        self.mark = mark
        self.frontier = _Frontier()
        self.root_at_mark = EMPTY
        self.count = ledger.size
        self.recorded = _recorded(ledger)
        self.subjects = self.predicates = self.present = 0

    def problems(self) -> Iterator[str]:
        for begin in range(0, max(self.count, self.recorded), RUN):
            rows = self.ledger.envelopes(begin, begin + RUN)
            row = next(rows, None)
            stored = self.ledger.run(0, begin // RUN)
            for number in range(begin, min(begin + RUN, max(self.count, self.recorded))):
                expected = stored[(number - begin) * SIZE :][:SIZE]
                if row is None or row[0] != number:
                    yield f"entry {number} was removed"
                    self._add(expected)
                else:
                    yield from self._entry(number, row[1], expected)
                    row = next(rows, None)
        yield from self._counted("subject", self.subjects)
        yield from self._counted("predicate", self.predicates)
        yield from self._counted("digest", self.present)

    def _entry(self, number: int, envelope: bytes, expected: bytes) -> Iterator[str]:
        digest = sha256(envelope).digest()
        actual = leaf(digest)
        self._add(actual)
        self.present += 1
        indexed = self.ledger.number_of(f"sha256:{digest.hex()}")
        if not expected:
            yield (
                f"entry {number} was added around the tree" if number >= self.recorded else f"the stored hash of entry {number} was removed"
            )
        elif actual != expected:
            yield self._difference(number, digest, actual, indexed)
        elif indexed != number:
            leads = "to nothing" if indexed is None else f"to entry {indexed}"
            yield f"the index of digests leads from sha256:{digest.hex()} {leads}, not to entry {number}"
        yield from self._indexes(number, envelope)

    def _difference(self, number: int, digest: bytes, actual: bytes, indexed: int | None) -> str:
        if indexed == number and self._fits_above(number, actual):
            return f"the stored hash of entry {number} was changed"
        place = _position(self.ledger, actual)
        if place is not None:
            return f"entry {number} was re-ordered: it holds what was recorded as entry {place}"
        return f"entry {number} was changed: sha256:{digest.hex()} is not what was recorded"

    def _fits_above(self, number: int, actual: bytes) -> bool:
        """Whether the hash above an entry follows from what the entry holds."""
        try:
            beside, above = self.ledger.node(0, number ^ 1), self.ledger.node(1, number // 2)
        except LadingError:
            return True
        return above == (node_hash(beside, actual) if number % 2 else node_hash(actual, beside))

    def _indexes(self, number: int, envelope: bytes) -> Iterator[str]:
        try:
            index = self.describe(envelope)
        except LadingError as e:
            yield f"entry {number} cannot be read: {e.sentence}"
            return
        self.subjects += len(set(index.subjects))
        self.predicates += bool(index.predicate_type)
        query = self.ledger.connection.execute
        for subject in index.subjects:
            if not query("SELECT 1 FROM subject WHERE digest = ? AND number = ?", (subject, number)).fetchone():
                yield f"the index of subjects does not lead from {subject} to entry {number}"
        kind = index.predicate_type
        if kind and not query("SELECT 1 FROM predicate WHERE type = ? AND number = ?", (kind, number)).fetchone():
            yield f"the index of predicates does not lead from {kind} to entry {number}"

    def _counted(self, table: str, expected: int) -> Iterator[str]:
        (there,) = self.ledger.connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of this module
        if there > expected:
            yield f"the index of {table}s has {there - expected} rows that no entry supports"

    def _add(self, hash_: bytes) -> None:
        if hash_:
            self.frontier.add(hash_)
        if self.frontier.size == self.mark:
            self.root_at_mark = self.frontier.root


def _all(ledger: Ledger, entries: _Entries, checkpoint: Checkpoint | None) -> Iterator[str]:
    for (line,) in ledger.connection.execute("PRAGMA integrity_check(10)"):
        if line != "ok":
            yield f"the file was damaged: {line}"
    if ledger.connection.execute("SELECT 1 FROM entry WHERE number < 0").fetchone():
        yield "an entry was added before the first one"
    yield from entries.problems()
    yield from _tree(ledger, max(entries.count, entries.recorded))
    if checkpoint:
        try:
            held(checkpoint, entries.count, entries.root_at_mark)
        except ProofError as e:
            yield e.sentence


def _tree(ledger: Ledger, size: int) -> Iterator[str]:
    """What is wrong with the hashes above the leaves: one that is missing, one too many, one that does not follow from the two below."""
    rows = {(level, run): length for level, run, length in ledger.connection.execute("SELECT level, run, length(hashes) FROM tree")}
    for level in range(size.bit_length()):
        hashes = size >> level
        for run in range(-(-hashes // RUN)):
            expected, there = min(RUN, hashes - run * RUN) * SIZE, rows.pop((level, run), 0)
            if there != expected:
                yield f"row {run} of level {level} of the tree has {there} bytes, {expected} belong there"
            if level:
                below = ledger.run(level - 1, 2 * run) + ledger.run(level - 1, 2 * run + 1)
                yield from _follow(level, run * RUN, ledger.run(level, run), below)
    for level, run in rows:
        yield f"row {run} of level {level} belongs to no tree of {size} entries"


def _follow(level: int, first: int, hashes: bytes, below: bytes) -> Iterator[str]:
    for i in range(0, min(len(hashes), len(below) // 2), SIZE):
        if hashes[i : i + SIZE] != node_hash(below[2 * i : 2 * i + SIZE], below[2 * i + SIZE : 2 * i + 2 * SIZE]):
            place = first + i // SIZE
            yield (
                f"the stored hash {place} of level {level} does not follow from those below it, "
                f"of entries {place << level} to {((place + 1) << level) - 1}: one of them was changed"
            )


def _recorded(ledger: Ledger) -> int:
    """How many hashes of entries are stored, as the last row of them tells."""
    row = ledger.connection.execute(
        "SELECT CAST(run AS INTEGER), length(hashes) FROM tree WHERE level = 0 AND typeof(hashes) = 'blob' ORDER BY run DESC LIMIT 1"
    ).fetchone()
    return row[0] * RUN + row[1] // SIZE if row else 0


def _position(ledger: Ledger, hash_: bytes) -> int | None:
    """Where a hash stands among those of the entries."""
    for run, hashes in ledger.connection.execute("SELECT run, hashes FROM tree WHERE level = 0 AND typeof(hashes) = 'blob' ORDER BY run"):
        found: int = hashes.find(hash_)
        while found >= 0:
            if found % SIZE == 0:
                return int(run) * RUN + found // SIZE
            found = hashes.find(hash_, found + 1)
    return None
