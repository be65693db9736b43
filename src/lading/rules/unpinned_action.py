"""Actions that are not pinned to a commit."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Pin, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="unpinned-action",
    title="An action or reusable workflow is not pinned to a commit",
    severity=Severity.MEDIUM,
    why=(
        "Tags and branches of an action can be moved by whoever controls its repository. The action then runs in the pipeline, "
        "with its secrets and its right to publish."
    ),
    fix="Name the full commit hash and keep the tag as a comment: uses: owner/name@<40 hex digits> # v4",
    references=("https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every action that is named by tag, branch or nothing."""
    for component in bom.components:
        if component.kind is Kind.ACTION and component.pin is not Pin.EXACT:
            yield objection(RULE, component, f"action {component.name} is named by {component.version or 'nothing'}, which can move")
