"""Which builds did a compromise touch: a question, the builds that are known, an answer for each artifact."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from lading.catalog.incidents import Incident, Material, Window
from lading.core.errors import UsageError
from lading.ledger.builds import Artifact, Build, Resource, digest, named
from lading.ledger.versions import Match, compared, moved
from lading.ledger.window import Place, bounds, placed

LONGEST = 64
"""Most names of a chain that are told; it is followed to its end."""


class State(StrEnum):
    """What is true of an artifact; the worst first."""

    COMPROMISED = "compromised"
    DURING = "during"
    UNDETERMINED = "undetermined"
    BEFORE = "before"
    AFTER = "after"
    PINNED_CLEAN = "pinned-clean"
    UNTOUCHED = "untouched"


_RANK = {state: rank for rank, state in enumerate(State)}
_WORDS = {
    Place.BEFORE: "finished before the window",
    Place.DURING: "ran within the window",
    Place.AFTER: "started after the window",
    Place.UNKNOWN: "the statement does not tell when it started and finished",
}
SUSPECT = frozenset({State.COMPROMISED, State.DURING})


class Question(Struct, frozen=True, kw_only=True):
    """Which artifacts did these materials touch in this window."""

    materials: tuple[Material, ...]
    window: Window | None = None
    margin: timedelta = timedelta()
    listed_all: bool = True
    incident: str = ""
    revision: int = 0

    @classmethod
    def of(cls, incident: Incident, margin: timedelta = timedelta(), revision: int = 0) -> "Question":
        """The question of an incident, by its newest window or that of a revision."""
        if not 0 <= revision <= len(incident.window):
            count = len(incident.window)
            raise UsageError(f"{incident.id} has no window of revision {revision}", hint=f"its windows are numbered 1 to {count}")
        number = revision or len(incident.window)
        window = incident.window[number - 1] if incident.window else None
        return cls(
            materials=incident.materials,
            window=window,
            margin=margin,
            listed_all=incident.listed_all,
            incident=incident.id,
            revision=number,
        )

    @property
    def digest(self) -> str:
        """The digest that names exactly this question."""
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class Answer(Struct, frozen=True, kw_only=True):
    """What is true of one artifact, why, and the statements that say so."""

    artifact: Artifact
    state: State
    reason: str
    statements: tuple[str, ...]
    path: tuple[str, ...] = ()
    """The artifacts through which it was reached, the first one touched first."""
    started: datetime | None = None
    finished: datetime | None = None


class _Verdict(Struct, frozen=True, gc=False):
    state: State
    reason: str
    statements: tuple[str, ...]
    path: tuple[str, ...] = ()
    root: str = ""
    """What is true of the build where the chain begins."""


class History:
    """Builds with indexes of what they used, made once for many questions."""

    def __init__(self, builds: Iterable[Build]) -> None:
        self.builds = tuple(builds)
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_digest: dict[str, list[int]] = defaultdict(list)
        """Who used what some build has made; other digests are looked for when they are asked about."""
        self.made: dict[str, list[int]] = defaultdict(list)
        for number, build in enumerate(self.builds):
            for subject in build.subjects:
                for made in subject.digests:
                    self.made[made].append(number)
        by_name, made_here = self.by_name, self.made.keys()
        for number, build in enumerate(self.builds):
            for material in build.materials:
                if material.key:
                    by_name[material.key].append(number)
                for used in material.digests:
                    if used in made_here:
                        self.by_digest[used].append(number)

    def using(self, digests: frozenset[str]) -> set[int]:
        """The builds that used any of these bytes or commits."""
        if not digests:
            return set()
        return {n for n, b in enumerate(self.builds) if any(not digests.isdisjoint(m.digests) for m in b.materials)}

    def ask(self, question: Question, now: datetime) -> list[Answer]:
        """The answer for every artifact of every build, in the order of the builds."""
        verdicts = _Asked(self, question, now).verdicts()
        return [
            Answer(
                artifact=subject,
                state=verdict.state,
                reason=verdict.reason,
                statements=verdict.statements,
                path=(*verdict.path, subject.name) if verdict.path else (),
                started=build.started,
                finished=build.finished,
            )
            for build, verdict in zip(self.builds, verdicts, strict=True)
            for subject in build.subjects or (Artifact(build.statement),)
        ]


class _Asked:
    """One question to one history."""

    def __init__(self, history: History, question: Question, now: datetime) -> None:
        self.history, self.question, self.now = history, question, now
        self.limits = bounds(question.window, question.margin) if question.window else None
        self.wanted: dict[str, list[Material]] = defaultdict(list)
        self.by_digest: dict[str, list[Material]] = defaultdict(list)
        for material in question.materials:
            self.wanted[named(material.purl)[0] or material.purl].append(material)
            for listed in material.digests:
                self.by_digest[digest(*listed.split(":", 1))].append(material)

    def verdicts(self) -> list[_Verdict]:
        """The verdict of every build: its own, then what reaches it through others."""
        concerned = self._concerned()
        own = [self._own(number, number in concerned) for number in range(len(self.history.builds))]
        return self._reached(own)

    def _concerned(self) -> set[int]:
        """The builds that use something of a wanted name or digest."""
        found: set[int] = set()
        for name in self.wanted:
            found.update(self.history.by_name.get(name, ()) if name else ())
        return found | self.history.using(frozenset(self.by_digest))

    def _own(self, number: int, concerned: bool) -> _Verdict:  # noqa: FBT001 - looked up by the caller, for speed
        build = self.history.builds[number]
        place, when = self._placed(build)
        found = [self._material(m, bad, place, when) for m in build.materials for bad in self._bad(m)] if concerned else []
        if build.builder and any(m.builder == build.builder for m in self.question.materials):
            found.append(_by_time(place, when, f"built by {build.builder}"))
        if not found:
            found.append(self._absent(build, place, when))
        if build.problems:
            found.insert(0, (State.UNDETERMINED, f"the statement is malformed: {'; '.join(build.problems[:3])}"))
        if not self.question.materials:
            found.append((State.UNDETERMINED, "the question names nothing that can be looked for"))
        state, reason = min(found, key=lambda f: _RANK[f[0]])
        return _Verdict(state, reason, (build.statement,))

    def _placed(self, build: Build) -> tuple[Place, str]:
        """Where the build stands to the window, in words as well."""
        started, finished = build.started, build.finished
        if self.limits is None:
            return Place.UNKNOWN, "the window is not known"
        if build.clock:
            return Place.UNKNOWN, build.clock
        if started and finished and finished < started:
            return Place.UNKNOWN, "it ended before it started, as its clock says"
        if any(t and t > self.now for t in (started, finished)):
            return Place.UNKNOWN, "its times lie in the future"
        place = placed(started, finished, *self.limits)
        return place, _WORDS[place]

    def _bad(self, found: Resource) -> list[Material]:
        by_name = self.wanted.get(found.key, []) if found.key else []
        return by_name or [m for d in found.digests for m in self.by_digest.get(d, [])]

    def _material(self, found: Resource, bad: Material, place: Place, when: str) -> tuple[State, str]:
        label = found.label
        match = compared(found, bad)
        if match is Match.BAD:
            return State.COMPROMISED, f"{label} is one of the bad ones, whenever it was built"
        if match is Match.UNREADABLE:
            return State.UNDETERMINED, f"{label} has a version that cannot be compared"
        if match is Match.OTHER and place in {Place.DURING, Place.UNKNOWN}:
            return State.PINNED_CLEAN, f"{label} is exactly another one than the bad ones"
        if match is Match.MOVING and moved(found, bad):
            return _by_time(place, when, f"used {label}, a tag that was moved")
        return _by_time(place, when, f"used {label}")

    def _absent(self, build: Build, place: Place, when: str) -> tuple[State, str]:
        """The verdict of a build in which nothing bad is listed."""
        if place in {Place.BEFORE, Place.AFTER}:
            return _by_time(place, when, "uses nothing bad that is listed")
        if not self.question.listed_all:
            return State.UNDETERMINED, f"not everything that was bad is known; {when}"
        if not build.complete:
            return State.UNDETERMINED, f"its materials may not be all there were; {when}"
        unnamed = next((m for m in build.materials if not m.key and not any(d in self.history.made for d in m.digests)), None)
        if unnamed:
            return State.UNDETERMINED, f"{unnamed.label} is nothing whose name is known; {when}"
        return State.UNTOUCHED, "all materials are listed, and none is a bad one"

    def _reached(self, own: list[_Verdict]) -> list[_Verdict]:
        """What own verdicts become when suspicion, or doubt, goes on to the builds that used the outputs; the shortest path is told."""
        verdicts = list(own)
        for passed in (SUSPECT, frozenset({State.UNDETERMINED})):
            frontier = [n for n, v in enumerate(verdicts) if v.state in passed]
            while frontier:
                frontier = [reached for number in frontier for reached in self._pass_on(number, verdicts)]
        return verdicts

    def _pass_on(self, number: int, verdicts: list[_Verdict]) -> list[int]:
        """Tell the users of a build's outputs; a verdict only ever gets worse, so that a cycle ends."""
        source = verdicts[number]
        state = State.DURING if source.state in SUSPECT else State.UNDETERMINED
        changed = []
        for subject in self.history.builds[number].subjects:
            for user in _users(self.history, subject):
                if user == number or _RANK[verdicts[user].state] <= _RANK[state]:
                    continue
                path = _shortened((*source.path, subject.name))
                statements = _shortened((*source.statements, self.history.builds[user].statement))
                reached = f", reached from {path[0]}" if len(path) > 1 else ""
                root = source.root or f"{source.state}: {source.reason}"
                verdicts[user] = _Verdict(state, f"made with {subject.name}{reached}, {root}", statements, path, root)
                changed.append(user)
        return changed


def _shortened(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a chain; of a long one the first and the last."""
    return names if len(names) <= LONGEST else (*names[: LONGEST - 2], "…", names[-1])


def _by_time(place: Place, when: str, what: str) -> tuple[State, str]:
    states = {Place.BEFORE: State.BEFORE, Place.DURING: State.DURING, Place.AFTER: State.AFTER}
    return states.get(place, State.UNDETERMINED), f"{what}; {when}"


def _users(history: History, subject: Artifact) -> Sequence[int]:
    """The builds that used an output: by digest, or by package URL where no digest says otherwise."""
    users = {n for made in subject.digests for n in history.by_digest.get(made, ())}
    key, version = named(subject.name)
    if key and version:
        algorithms = {d.partition(":")[0] for d in subject.digests}
        for number in history.by_name.get(key, ()):
            if any(
                m.key == key and m.version == version and not algorithms & {d.partition(":")[0] for d in m.digests}
                for m in history.builds[number].materials
            ):
                users.add(number)
    return sorted(users)
