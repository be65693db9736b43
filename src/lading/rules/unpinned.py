"""Artifacts that are not held to exact bytes."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Pin, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="unpinned-revision",
    title="An artifact is not pinned to exact bytes",
    severity=Severity.MEDIUM,
    why="A branch, a tag or no revision at all means that what is fetched tomorrow can differ from what was reviewed today.",
    fix="Name a full commit hash or a digest where the artifact is referred to.",
)

_PINNABLE = frozenset({Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING, Kind.TOKENIZER, Kind.DATASET})


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every fetched model or dataset that is not pinned."""
    for component in bom.components:
        if component.kind in _PINNABLE and component.pin is not Pin.EXACT and not component.files:
            how = f"the name {component.version!r}, which can move" if component.version else "no revision at all"
            yield objection(RULE, component, f"{component.kind} {component.name} is referred to by {how}")
