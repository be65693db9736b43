"""Artifacts on disk that state no license."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Kind, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="missing-license",
    title="A model or dataset on disk states no license",
    severity=Severity.LOW,
    why="Without a license there is no right to use or pass on the weights or data, and nobody can tell which duties come with them.",
    fix="Put the upstream's model card (README.md with license: in its front matter) or license file beside the artifact.",
)

_LICENSED = frozenset({Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING, Kind.DATASET})


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every artifact on disk without a license; what is only referred to cannot be judged offline."""
    for component in bom.components:
        if component.kind in _LICENSED and Flag.ON_DISK in component.flags and not component.licenses:
            yield objection(RULE, component, f"{component.kind} {component.name} lies here without a license")
