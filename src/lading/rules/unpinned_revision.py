"""Models and datasets that are not held to exact bytes."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Pin, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="unpinned-revision",
    title="A model, adapter, embedding, tokenizer or dataset is not pinned to exact bytes",
    severity=Severity.MEDIUM,
    why=(
        "A branch, a tag or no revision at all means that what is fetched tomorrow can differ from what was reviewed today. "
        "Whoever controls the upstream account controls what the system loads."
    ),
    fix='Name a full commit hash where it is loaded, as in revision="<40 hex digits>", or compare a digest after the download.',
    references=("https://huggingface.co/docs/hub/security", "https://slsa.dev/spec/v1.1/threats"),
)

_PINNABLE = frozenset({Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING, Kind.TOKENIZER, Kind.DATASET})


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every fetched model or dataset that is not pinned; what lies on disk is there."""
    for component in bom.components:
        if component.kind in _PINNABLE and component.pin is not Pin.EXACT and not component.files:
            how = f"by the name {component.version!r}, which can move" if component.version else "without a revision"
            yield objection(RULE, component, f"{component.kind} {component.name} is loaded {how}")
