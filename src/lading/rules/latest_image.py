"""Images without a tag, or with the tag that always moves."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Pin, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="latest-image",
    title="A container image has no tag or the tag latest",
    severity=Severity.MEDIUM,
    why="Each build or start may pull another image; two machines of one cluster can run different bytes under one name.",
    fix="Name a version tag and the digest: image: registry/name:1.2.3@sha256:…",
    references=("https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",),
)

_MOVING = frozenset({"", "latest", "main", "master", "nightly", "edge", "dev", "stable"})


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every image that is named without a version."""
    for component in bom.components:
        if component.kind is Kind.IMAGE and component.pin is not Pin.EXACT and component.version in _MOVING:
            how = f"with the tag {component.version!r}" if component.version else "without a tag"
            yield objection(RULE, component, f"image {component.name} is named {how}")
