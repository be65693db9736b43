"""Artifacts fetched without transport security."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="plain-http",
    title="An artifact is fetched over plain HTTP",
    severity=Severity.HIGH,
    why="Anybody on the way can replace the bytes of an unencrypted download, and nothing notices.",
    fix="Use https://, and compare a digest after the download.",
    references=("https://cwe.mitre.org/data/definitions/494.html",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every component with an http:// source."""
    for component in bom.components:
        if Flag.PLAIN_HTTP in component.flags:
            yield objection(RULE, component, f"{component.kind} {component.name} is fetched over plain HTTP")
