"""Findings: what a rule objects to, where, and what to do."""

from msgspec import Struct

from lading.core.bom import Bom
from lading.core.component import Occurrence
from lading.core.kinds import Severity


class Rule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a rule looks for; `id` is stable, has a page, and is what a policy and a suppression name."""

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    references: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One objection of one rule to one component."""

    rule: str
    severity: Severity
    message: str
    component: str = ""
    occurrences: tuple[Occurrence, ...] = ()
    hint: str = ""
    accepted: str = ""
    """The reason why somebody accepts it; empty when nobody does."""


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bill of materials with what the rules say about it: what every output format writes."""

    bom: Bom
    findings: tuple[Finding, ...] = ()
    """Worst first."""
    rules: tuple[Rule, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody has accepted."""
        return tuple(f for f in self.findings if not f.accepted)
