"""One decision: about which problem, of which products, what is true of them there, until when."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
from msgspec import Struct

from lading.advisories import names
from lading.audit.finding import Decision, Problem, Status
from lading.audit.vex.vers import within
from lading.core.errors import FormatError
from lading.core.purl import Purl, parse
from lading.trust.statement import time_of
from lading.versions import order_of

JUSTIFICATIONS = frozenset({
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
})  # fmt: skip
UNTIL = "lading:until"
"""The extension that says up to which day a decision holds; none of the formats has a word for it."""


class Product(Struct, frozen=True):
    """What a statement is about: a component, or only where it is part of a certain product."""

    purl: str
    within: str = ""
    versions: str = ""
    """A range (`vers:pypi/>=1|<2`) where the package URL has no version."""


class Statement(Struct, frozen=True, kw_only=True):
    """What somebody decided."""

    ids: frozenset[str]
    products: tuple[Product, ...]
    status: Status
    reason: str = ""
    justification: str = ""
    author: str = ""
    time: datetime | None = None
    until: date | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.status is Status.NOT_AFFECTED and not (self.reason.strip() or self.justification):
            raise FormatError(f"{self.source}: a statement about {min(self.ids, default='')} says not_affected without saying why")

    def holds(self, problem: Problem, subject: str, today: date) -> bool:
        """Whether this decision is about a problem of a component, and still holds."""
        if self.until is not None and today > self.until:
            return False
        if self.ids.isdisjoint(problem.ids) and self.ids.isdisjoint(problem.records):
            return False
        return any(_covers(p, problem, subject) for p in self.products)

    @property
    def decision(self) -> Decision:
        """What it says, as a part of an answer."""
        until = self.until.isoformat() if self.until else ""
        reason = self.reason or self.justification.replace("_", " ")
        return Decision(
            status=self.status, reason=reason, author=self.author, source=self.source, justification=self.justification, until=until
        )


def decided(problem: Problem, statements: Iterable[Statement], subject: str, today: date) -> Problem:
    """The problem with the newest decision that holds; of two at the same time the one that leaves it open."""
    holding = [s for s in statements if s.holds(problem, subject, today)]
    if not holding:
        return problem
    first = min(holding, key=lambda s: (-s.time.timestamp() if s.time else 0.0, _OPENNESS.index(s.status)))
    status = Status.AFFECTED if first.status is Status.AFFECTED else problem.status
    return msgspec.structs.replace(problem, decision=first.decision, status=status)


_OPENNESS = [Status.AFFECTED, Status.UNDETERMINED, Status.FIXED, Status.NOT_AFFECTED]


def _covers(product: Product, problem: Problem, subject: str) -> bool:
    if product.within and not _is_subject(product.within, subject):
        return False
    try:
        told, found = parse(product.purl), parse(problem.component)
    except ValueError:
        return product.purl == problem.component
    return _same_name(told, found) and _same_version(told, found, product.versions or dict(told.qualifiers).get("vers", ""))


def _is_subject(within: str, subject: str) -> bool:
    """Whether a product is the system that is audited: by its whole name, or by the name in its package URL."""
    try:
        return parse(within).name == subject
    except ValueError:
        return within == subject


def _same_name(told: Purl, found: Purl) -> bool:
    first, second = names.ecosystem_of(told), names.ecosystem_of(found)
    if told.type != found.type or told.namespace.lower() != found.namespace.lower():
        return False
    theirs, ours = dict(told.qualifiers), dict(found.qualifiers)
    if any(theirs[k] != ours[k] for k in ("distro", "repository_url", "repo_type") if k in theirs and k in ours):
        return False
    return first == second and names.normal(first, told.name) == names.normal(first, found.name)


def _same_version(told: Purl, found: Purl, versions: str) -> bool:
    order = order_of(names.ecosystem_of(found))
    if versions:
        return bool(found.version) and order is not None and within(versions, found.version, order)
    if not told.version or told.version == found.version:
        return True
    try:
        return order is not None and bool(order(told.version) == order(found.version))
    except ValueError:
        return False


def day(text: object, name: str) -> date | None:
    """A day from its ISO form; FormatError when something else stands there."""
    if text in {None, ""}:
        return None
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError as e:
        raise FormatError(f"{name}: {text!r} is no day", hint="write it as 2027-06-30") from e


def moment(text: object) -> datetime | None:
    """A time; None where there is none."""
    return time_of(text) if isinstance(text, str) else None
