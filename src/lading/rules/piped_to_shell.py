"""Scripts from the network that run at once."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="piped-to-shell",
    title="A downloaded script is piped into a shell",
    severity=Severity.HIGH,
    why="Whatever the server sends runs with the rights of the build, unseen and unpinned; a broken connection runs half of it.",
    fix="Download a released version, compare its digest, then run it; or install the tool from a package registry.",
    references=("https://cwe.mitre.org/data/definitions/494.html",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every download that is piped into an interpreter."""
    for component in bom.components:
        if Flag.PIPED_TO_SHELL in component.flags:
            yield objection(RULE, component, f"{component.name} is piped into a shell")
