"""What a rule is: its description and a pure function from a bill of materials to findings."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Rule
from lading.core.plugins import Registry

Check = Callable[[Bom], Iterable[Finding]]


class RegisteredRule(Struct, frozen=True):
    """A rule with the function that checks it."""

    rule: Rule
    check: Check


RULES: Registry[RegisteredRule] = Registry("lading.rules")


def rule(description: Rule) -> Callable[[Check], Check]:
    """Register a function as the check of a rule."""

    def register(check: Check) -> Check:
        RULES.add(description.id, RegisteredRule(description, check))
        return check

    return register


def objection(description: Rule, component: Component, message: str, hint: str = "") -> Finding:
    """A finding of this rule on this component, at all its places."""
    return Finding(
        rule=description.id,
        severity=description.severity,
        message=message,
        component=component.ref,
        occurrences=component.occurrences,
        hint=hint or description.fix,
    )
