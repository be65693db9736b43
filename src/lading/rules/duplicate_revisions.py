"""One artifact at several revisions."""

from collections import defaultdict
from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Severity
from lading.rules._registry import rule

RULE = Rule(
    id="duplicate-revisions",
    title="The same artifact is used at different revisions",
    severity=Severity.LOW,
    why="Training with one revision and serving with another, or testing one image and deploying another, is seldom meant.",
    fix="Name one revision in one place and refer to it from the others.",
)

_COMPARED = frozenset(
    {Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING, Kind.TOKENIZER, Kind.DATASET, Kind.IMAGE, Kind.ACTION, Kind.INFRASTRUCTURE}
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield one finding for each artifact that has more than one revision."""
    groups: dict[tuple[str, str], list[Component]] = defaultdict(list)
    for component in bom.components:
        if component.kind in _COMPARED and not component.files:
            groups[component.upstream, component.name].append(component)
    for (_, name), rows in sorted(groups.items()):
        versions = sorted({c.version for c in rows})
        if len(versions) > 1:
            shown = ", ".join(v or "no revision" for v in versions)
            places = tuple(sorted(o for c in rows for o in c.occurrences))
            message = f"{rows[0].kind} {name} is used at {len(versions)} revisions: {shown}"
            yield Finding(rule=RULE.id, severity=RULE.severity, message=message, component=rows[0].ref, occurrences=places, hint=RULE.fix)
