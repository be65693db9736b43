"""Weights on disk that nothing loads."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Kind, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="forgotten-artifact",
    title="An artifact lies on disk and nothing mentions it",
    severity=Severity.LOW,
    why="Files that nobody loads are still shipped, still scanned by nobody, and loaded one day by mistake.",
    fix="Delete it, or load it from a place that names it.",
)

_WEIGHTS = frozenset({Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING})
MENTIONED = "lading:mentioned-in"
"""The property that names a file which mentions an artifact on disk."""


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every artifact on disk whose name no other file of the tree holds."""
    for component in bom.components:
        if (
            component.kind in _WEIGHTS
            and Flag.ON_DISK in component.flags
            and not any(name == MENTIONED for name, _ in component.properties)
        ):
            yield objection(RULE, component, f"{component.kind} {component.name} lies on disk, and no file of the tree mentions it")
