"""Matching: which records are about a component, how sure that is, and which version mends it."""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from lading.advisories.database import Database, Entry
from lading.advisories.intervals import LOWEST, UNDECIDED, rank_among
from lading.advisories.names import ACTIONS, HUB, key_of
from lading.audit.finding import Basis
from lading.audit.subject import Subject
from lading.trust.statement import time_of
from lading.versions import Order, order_of, pep440

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class Hit(Struct, frozen=True, gc=False):
    """One record that is, or may be, about a component."""

    record: int
    basis: Basis
    sure: bool = True
    fixed: str = ""
    note: str = ""


class Answer(Struct, frozen=True, gc=False):
    """What is known of one component: the records, those that a surer one overrides, and why nothing can be said."""

    hits: tuple[Hit, ...] = ()
    overridden: tuple[int, ...] = ()
    gap: str = ""


_NOTHING = Answer()
OWN = frozenset({HUB, ACTIONS})
"""Ecosystems for which nobody publishes records: the incidents that lading knows are all there is."""
UNTOLD = "the record does not tell which versions are meant"


class Matcher:
    """Asks one database; every distinct question is answered once."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._covered = frozenset(database.header.ecosystems) | OWN
        self._packages: dict[tuple[str, str], _Package | None] = {}
        self._answers: dict[tuple[Any, ...], Answer] = {}

    def ask(self, subject: Subject, built: datetime | None = None) -> Answer:
        """What is known of a component; `built` is when it was resolved, for tags that moved for a time."""
        question = (subject.ecosystems, subject.name, subject.version, subject.written, subject.digests, subject.mutable, built)
        found = self._answers.get(question)
        if found is None:
            found = self._answers[question] = self._ask(subject, built)
        return found

    def _ask(self, subject: Subject, built: datetime | None) -> Answer:
        hits = [Hit(n, Basis.HASH) for d in subject.digests for n in self.database.postings("d", d)]
        if subject.commit:
            hits += [Hit(n, Basis.COMMIT) for n in self.database.postings("c", subject.commit)]
        clean: set[int] = set()
        known = False
        for ecosystem in subject.ecosystems:
            known |= ecosystem in self._covered
            package = self._package(ecosystem, subject.name)
            if package:
                more, cleared = package.ask(subject.version)
                hits += [self._timed(h, subject, built) for h in more]
                clean |= cleared
        hits = [h for h in hits if h.note != _ELSEWHEN]
        if not hits:
            return self._silence(subject, known=known)
        return self._overridden(hits, clean)

    def _silence(self, subject: Subject, *, known: bool) -> Answer:
        """Nothing was found: whether that says anything."""
        if not subject.ecosystems:
            return _NOTHING if subject.digests and not subject.name else Answer(gap="no advisories tell of artifacts of this kind")
        if not known:
            return Answer(gap=f"the database has no records for {subject.ecosystems[0]}")
        if not subject.version and subject.ecosystems[0] != HUB:
            written = f" ({subject.written})" if subject.written else ""
            return Answer(gap=f"its version is not known{written}")
        return _NOTHING

    def _timed(self, hit: Hit, subject: Subject, built: datetime | None) -> Hit:
        """For a name without version: whether it was resolved while the name meant something bad."""
        if hit.sure or hit.basis is not Basis.NAME:
            return hit
        head = self.database.head(hit.record)
        if head.owned_until:
            return _owned(hit, head.owned_until, subject, built)
        start, end = time_of(head.window[0]), time_of(head.window[1])
        if not (subject.mutable and start and end and built):
            return hit
        if start <= built <= end:
            return Hit(hit.record, Basis.WINDOW, sure=False, note="resolved while the name led to something bad")
        return Hit(hit.record, Basis.WINDOW, sure=False, note=_ELSEWHEN)

    def _overridden(self, hits: list[Hit], clean: set[int]) -> Answer:
        """Without what a record of ours knows to be clean, unless bytes or a commit say otherwise."""
        if not clean:
            return Answer(tuple(hits))
        clusters = {self.database.head(n).cluster for n in clean}
        gone = [h for h in hits if h.basis not in {Basis.HASH, Basis.COMMIT} and self.database.head(h.record).cluster in clusters]
        return Answer(tuple(h for h in hits if h not in gone), tuple(h.record for h in gone))

    def _package(self, ecosystem: str, name: str) -> "_Package | None":
        key = ecosystem, name
        if key not in self._packages:
            entry = self.database.entry(key_of(ecosystem, name))
            self._packages[key] = _Package(entry, ecosystem, order_of(ecosystem)) if entry else None
        return self._packages[key]


def _owned(hit: Hit, until: str, subject: Subject, built: datetime | None) -> Hit:
    """For a name that another may own by now: what was resolved before, or is told by its commit, is what it was."""
    last = time_of(until)
    if subject.commit or (last and built and subject.mutable and built < last):
        return Hit(hit.record, Basis.WINDOW, sure=False, note=_ELSEWHEN)
    sure = bool(last and built and subject.mutable)
    note = f"since {until[:10]} the name may belong to somebody else" + ("" if sure else ", and when it was resolved is not known")
    return Hit(hit.record, Basis.WINDOW, sure=sure, note=note)


_ELSEWHEN = "resolved outside of the time in which the name led to something bad"


class _Package:
    """What is known of one package, by version."""

    def __init__(self, entry: Entry, ecosystem: str, order: Order | None) -> None:
        self._entry, self._order, self._ecosystem = entry, order, ecosystem
        self._end = 2 * len(entry.bounds)
        self._known: dict[str, tuple[tuple[Hit, ...], frozenset[int]]] = {}
        self._by_commit = _by_commit(entry)

    def ask(self, version: str) -> tuple[tuple[Hit, ...], frozenset[int]]:
        """The records about a version, and those of ours that know it to be clean."""
        found = self._known.get(version)
        if found is None:
            found = self._known[version] = (tuple(self._hits(version)), self._clean(version))
        return found

    def _clean(self, version: str) -> frozenset[int]:
        public = _public(version) if self._ecosystem == "PyPI" else version
        return frozenset(n for n, versions in self._entry.clean.items() if public in versions)

    def _hits(self, version: str) -> list[Hit]:
        listed = frozenset(self._entry.exact.get(version, ()))
        if not version or self._order is None:
            return [h for row in self._entry.rows if (h := self._named(row, version, listed))]
        try:
            ranks, tag = self._ranks(version)
        except ValueError:
            return [h for row in self._entry.rows if (h := self._named(row, version, listed))]
        hits = []
        for number, spans, certainty in self._entry.rows:
            fixed = self._within(spans, ranks)
            if fixed is not None:
                hits.append(Hit(number, Basis.VERSION, fixed=fixed, note=tag))
            elif number in listed:
                hits.append(Hit(number, Basis.COMMIT if _COMMIT.match(version) else Basis.VERSION))
            elif number in self._by_commit:
                hits.append(
                    Hit(number, Basis.NAME, sure=False, note=f"{version} is a name for a commit, and commits are what the record tells")
                )
            elif certainty == UNDECIDED:
                hits.append(Hit(number, Basis.NAME, sure=False, note=UNTOLD))
        return hits

    def _ranks(self, version: str) -> tuple[tuple[int, ...], str]:
        """Where a version lies; a build tag of a Python package does not make another release of it."""
        assert self._order
        full = rank_among(self._entry.bounds, self._order, self._order(version))
        if self._ecosystem != "PyPI" or "+" not in version:
            return (full,), ""
        public, tag = pep440.public(version)
        plain = rank_among(self._entry.bounds, self._order, self._order(public))
        if pep440.BUILD_TAG.match(tag):
            return (plain, full), f"matched as {public}: +{tag} says how it was built"
        if any("+" in b for b in self._entry.bounds):
            return (full,), ""
        return (plain,), f"matched as {public}: +{tag} is a build of somebody who may have mended it, which their VEX would tell"

    def _within(self, spans: tuple[int, ...], ranks: tuple[int, ...]) -> str | None:
        """The version that mends it (empty where none does) when a rank lies within; None when none does."""
        for place in range(0, len(spans), 2):
            low, high = spans[place], spans[place + 1]
            for rank in ranks:
                if low <= rank < high:
                    return self._entry.bounds[high // 2] if not high % 2 and high < self._end else ""
        return None

    def _named(self, row: tuple[int, tuple[int, ...], int], version: str, listed: frozenset[int]) -> Hit | None:
        """What a record says of a version that cannot be compared, or is not known."""
        number, spans, certainty = row
        if number in listed:
            return Hit(number, Basis.COMMIT if _COMMIT.match(version) else Basis.VERSION)
        if spans and spans[0] == LOWEST and spans[1] >= self._end:
            return Hit(number, Basis.NAME, note="every version of it is bad")
        by_commit = number in self._by_commit
        if version and certainty != UNDECIDED and (_COMMIT.match(version) if by_commit else self._order is None):
            return None
        known = f"{version} is no version that can be compared" if version else "its version is not known"
        return Hit(number, Basis.NAME, sure=False, note=known)


def _by_commit(entry: Entry) -> frozenset[int]:
    """The records that tell commits and nothing else."""
    named = {n: True for n, spans, _ in entry.rows if not spans}
    listed: dict[int, bool] = {}
    for version, numbers in entry.exact.items():
        for number in numbers:
            listed[number] = listed.get(number, True) and bool(_COMMIT.match(version))
    return frozenset(n for n in named if listed.get(n))


def _public(version: str) -> str:
    return version.partition("+")[0]
