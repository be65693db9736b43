"""What an audit says: problems with their basis, what could not be decided, what nobody could have told."""

from msgspec import Struct

from lading.core.component import Occurrence
from lading.core.kinds import Word
from lading.core.verdict import Answer


class Basis(Word):
    """By what a component was recognized, the surest first."""

    HASH = "hash"
    COMMIT = "commit"
    VERSION = "version"
    WINDOW = "window"
    NAME = "name"


class Status(Word):
    """Where a problem stands, in the words of VEX."""

    AFFECTED = "affected"
    UNDETERMINED = "under_investigation"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"


class Priority(Word):
    """What to do first: attacks that are known, then those that are likely, then how bad it could be."""

    MALICIOUS = "malicious"
    EXPLOITED = "exploited"
    LIKELY = "likely"
    CRITICAL = "critical"
    HIGH = "high"
    UNKNOWN = "unknown"
    MEDIUM = "medium"
    LOW = "low"


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody decided about a problem: a statement of a VEX document that holds here."""

    status: Status
    reason: str
    author: str = ""
    source: str = ""
    justification: str = ""
    until: str = ""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One problem of one component, whatever number of ids it has."""

    component: str
    name: str
    version: str
    ecosystem: str
    id: str
    aliases: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    """The records that say so."""
    summary: str = ""
    status: Status
    basis: Basis
    notes: tuple[str, ...] = ()
    priority: Priority
    severity: str
    score: float = 0.0
    epss: float = -1.0
    known_exploited: str = ""
    exploitation: str = ""
    fixed_in: str = ""
    published: str = ""
    modified: str = ""
    first_seen: str = ""
    atlas: tuple[str, ...] = ()
    bump: tuple[str, ...] = ()
    """The direct dependencies through which it comes."""
    imported: str = ""
    """Where the repository imports it; empty where no import was seen or none was looked for."""
    occurrences: tuple[Occurrence, ...] = ()
    decision: Decision | None = None

    @property
    def open(self) -> bool:
        """Whether nobody has decided that it does not matter."""
        return self.decision is None or self.decision.status not in {Status.NOT_AFFECTED, Status.FIXED}

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of it."""
        return (self.id, *self.aliases)


class Gap(Struct, frozen=True, order=True):
    """Something about which nothing can be said, and why."""

    component: str
    reason: str


class Feed(Struct, frozen=True, kw_only=True):
    """Where records came from, and when."""

    name: str
    imported: str
    records: int
    newest: str = ""
    stale: bool = False


class Ground(Struct, frozen=True, kw_only=True):
    """What the answer stands on: part of every answer."""

    created: str
    generation: int
    records: int
    age: str
    feeds: tuple[Feed, ...] = ()
    skipped: int = 0
    degraded: int = 0
    stale: tuple[str, ...] = ()
    """Why it is too old, or too small, to say that nothing is known."""


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of an audit: never problems without what they were looked for in."""

    subject: str
    created: str
    components: int
    evaluated: int
    problems: tuple[Problem, ...] = ()
    """What is to be done first stands first; decided ones last."""
    gaps: tuple[Gap, ...] = ()
    unread: tuple[Gap, ...] = ()
    """What of the input could not be read."""
    overridden: tuple[Gap, ...] = ()
    """Releases that a record lists and a surer one knows to be clean."""
    database: Ground

    @property
    def affected(self) -> tuple[Problem, ...]:
        """The open problems that are certain."""
        return tuple(p for p in self.problems if p.open and p.status is Status.AFFECTED)

    @property
    def undetermined(self) -> tuple[Problem, ...]:
        """The open problems of which nobody can say whether they are there."""
        return tuple(p for p in self.problems if p.open and p.status is not Status.AFFECTED)

    @property
    def complete(self) -> bool:
        """Whether everything was evaluated, in a database that is fit to be asked."""
        return not (self.undetermined or self.gaps or self.unread or self.database.stale) and self.components > 0

    def answer(self, least: Priority | None = None) -> Answer:
        """Refuse when an open problem is at least that urgent (any, by default); else unknown unless all is known."""
        order = list(Priority)
        if any(least is None or order.index(p.priority) <= order.index(least) for p in self.affected):
            return Answer.REFUSE
        return Answer.ALLOW if self.complete else Answer.UNKNOWN
