"""The audit itself: every component to the matcher, one problem for each cluster of aliases, and what could not be told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from lading.advisories.database import Database
from lading.advisories.head import Head
from lading.advisories.own import SOURCE
from lading.advisories.severity import UNKNOWN
from lading.audit.finding import Basis, Feed, Gap, Ground, Priority, Problem, Result, Status
from lading.audit.graph import Graph
from lading.audit.imports import place
from lading.audit.match import Hit, Matcher
from lading.audit.subject import Subject, is_subject, subject_of
from lading.core.bom import Bom
from lading.trust.statement import time_of
from lading.versions import order_of

LIKELY = 0.1
"""An EPSS score from which an attack counts as likely: about one in twenty vulnerabilities has it."""
MAX_AGE = timedelta(days=5)
_BASES = list(Basis)
_PRIORITIES = list(Priority)
_SEVERITIES = ("critical", "high", "medium", "low", "info")


def audit(
    bom: Bom,
    database: Database,
    now: datetime,
    *,
    max_age: timedelta = MAX_AGE,
    built: datetime | None = None,
    imported: dict[str, str] | None = None,
) -> Result:
    """What is known of everything a bill of materials names; `imported` tells where modules are imported."""
    matcher = Matcher(database)
    resolved = built or time_of(bom.created) or now
    problems: list[Problem] = []
    gaps: set[Gap] = set()
    overridden: set[Gap] = set()
    graph = Graph(bom)
    subjects = [(c, subject_of(c)) for c in bom.components if is_subject(c)]
    for component, subject in subjects:
        answer = matcher.ask(subject, resolved)
        if answer.gap:
            gaps.add(Gap(component.ref, answer.gap))
        overridden |= {
            Gap(component.ref, f"{database.head(n).id} lists it; a record of lading knows it to be clean") for n in answer.overridden
        }
        if answer.hits:
            bump = graph.through(component.ref)
            seen = place(imported or {}, subject.name) if "PyPI" in subject.ecosystems else ""
            about = problems_of(subject, answer.hits, database)
            problems += [replace(p, bump=bump, imported=seen, occurrences=component.occurrences) for p in about]
    evaluated = len(subjects) - len({g.component for g in gaps})
    gaps |= _halves({e for _, s in subjects for e in s.ecosystems}, database)
    return Result(
        subject=bom.subject.name,
        created=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        components=len(subjects),
        evaluated=evaluated,
        problems=tuple(sorted(problems, key=urgency)),
        gaps=tuple(sorted(gaps)),
        unread=tuple(Gap(s.place, s.reason) for s in bom.coverage.unread),
        overridden=tuple(sorted(overridden)),
        database=ground(database, now, max_age),
    )


def _halves(ecosystems: set[str], database: Database) -> set[Gap]:
    """The ecosystems of which only malicious releases are known to the database."""
    told = database.header.ecosystems
    return {
        Gap(e, "the database tells of malicious releases alone, not of vulnerabilities") for e in ecosystems if told.get(e, (1, 0))[0] == 0
    }


def urgency(problem: Problem) -> tuple[object, ...]:
    """What is to be done first: what is certain, by priority, then by score."""
    return (
        not problem.open,
        problem.status is not Status.AFFECTED,
        _PRIORITIES.index(problem.priority),
        -problem.score,
        -problem.epss,
        problem.component,
        problem.id,
    )


def problems_of(subject: Subject, hits: Iterable[Hit], database: Database) -> Iterable[Problem]:
    """One problem for each cluster of aliases among the records about a component."""
    clusters: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        clusters[database.head(hit.record).cluster].append(hit)
    for group in clusters.values():
        yield _problem(subject, group, database)


def _problem(subject: Subject, hits: list[Hit], database: Database) -> Problem:
    """One problem of what several records say: the surest basis, the worst severity, every id."""
    sure = [h for h in hits if h.sure] or hits
    sure.sort(key=lambda h: _BASES.index(h.basis))
    heads = {h.record: database.head(h.record) for h in hits}
    ordered = sorted(heads.values(), key=lambda h: (not h.malicious, h.id.startswith("LDAI-"), h.id))
    first = ordered[0]
    ids = {i for h in heads.values() for i in (h.id, *h.aliases)}
    worst = min(heads.values(), key=_badness)
    exploited = max((h.exploited for h in heads.values()), key=lambda e: (bool(e.known_since), e.exploitation == "active", e.epss))
    return Problem(
        component=subject.ref,
        name=subject.name,
        version=subject.version or subject.written,
        ecosystem=subject.ecosystems[0] if subject.ecosystems else "",
        id=first.id,
        aliases=tuple(sorted(ids - {first.id})),
        records=tuple(sorted(h.id for h in heads.values())),
        summary=next((h.summary for h in ordered if h.summary), ""),
        status=Status.AFFECTED if sure[0].sure else Status.UNDETERMINED,
        basis=sure[0].basis,
        notes=tuple(dict.fromkeys(h.note for h in sure if h.note)),
        priority=priority(heads.values()),
        severity=worst.severity,
        score=worst.score,
        epss=exploited.epss,
        known_exploited=exploited.known_since,
        exploitation=exploited.exploitation,
        fixed_in=_mended(subject, sure),
        published=min((h.published for h in heads.values() if h.published), default=""),
        modified=max(h.modified for h in heads.values()),
        first_seen=min((h.first_seen for h in heads.values() if h.first_seen), default=""),
        atlas=tuple(sorted({a for h in heads.values() for a in h.atlas})),
    )


def _badness(head: Head) -> tuple[int, float]:
    known = head.severity in _SEVERITIES
    return (_SEVERITIES.index(head.severity) if known else len(_SEVERITIES), -head.score)


def _mended(subject: Subject, hits: Iterable[Hit]) -> str:
    """The lowest version that mends it by all that is told: the highest of what the records say."""
    told = {h.fixed for h in hits if h.sure}
    if not told or ("" in told and len(told) == 1):
        return ""
    order = order_of(subject.ecosystems[0]) if subject.ecosystems else None
    return max(told - {""}, key=order) if order else ""


def priority(heads: Iterable[Head]) -> Priority:
    """Malicious before exploited before likely before how bad it could be; what nobody scored is not low."""
    found = list(heads)
    if any(h.malicious for h in found):
        return Priority.MALICIOUS
    if any(h.exploited.known_since or h.exploited.exploitation == "active" for h in found):
        return Priority.EXPLOITED
    if any(h.exploited.epss >= LIKELY for h in found):
        return Priority.LIKELY
    word = min(found, key=_badness).severity
    return {"critical": Priority.CRITICAL, "high": Priority.HIGH, "medium": Priority.MEDIUM, UNKNOWN: Priority.UNKNOWN}.get(
        word, Priority.LOW
    )


def ground(database: Database, now: datetime, max_age: timedelta) -> Ground:
    """What the answer stands on, and why that may be too little."""
    header = database.header
    feeds = tuple(_feed(s.name, s.imported, s.records, s.newest, now, max_age) for s in header.sources)
    stale = [f"{f.name} was imported {age(f.imported, now)} ago, and {words(max_age)} is the oldest that counts" for f in feeds if f.stale]
    if not any(f.records and f.name != SOURCE for f in feeds):
        stale.append("it holds no records but lading's own")
    return Ground(
        created=header.created,
        generation=header.generation,
        records=header.records,
        age=age(header.created, now),
        feeds=feeds,
        skipped=header.skipped,
        degraded=header.degraded,
        stale=tuple(stale),
    )


def _feed(name: str, imported: str, records: int, newest: str, now: datetime, max_age: timedelta) -> Feed:
    """A feed; one that comes with lading is as old as lading, and a time in the future is no time."""
    when = time_of(imported)
    old = when is None or now - when > max_age or when - now > timedelta(days=1)
    return Feed(name=name, imported=imported, records=records, newest=newest, stale=old and name != SOURCE)


def age(moment: str, now: datetime) -> str:
    """How long ago something was, in words."""
    when = time_of(moment)
    return words(now - when) if when else "an unknown time"


def words(span: timedelta) -> str:
    """A span in its largest unit: `3 days`, `5 hours`, `12 minutes`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def by_component(problems: Iterable[Problem]) -> Mapping[str, list[Problem]]:
    """The problems of each component, in the order they come."""
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.component].append(problem)
    return found
