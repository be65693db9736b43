"""Loading calls that let upstream run code."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Pin, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="remote-code",
    title="Code from upstream runs when it is loaded",
    severity=Severity.HIGH,
    why=(
        "trust_remote_code, torch.hub and tool loaders import Python from the upstream repository into the process, with all its rights. "
        "Without a pinned revision that code can change at any time."
    ),
    fix="Use a model that the library supports without remote code, or pin a reviewed commit (code_revision too where the library has it).",
    references=("https://huggingface.co/docs/transformers/custom_models", "https://docs.pytorch.org/docs/stable/hub.html"),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every component that runs upstream code; a pinned one says so."""
    for component in bom.components:
        if Flag.REMOTE_CODE in component.flags:
            held = "at a pinned commit" if component.pin is Pin.EXACT else "at whatever revision is there"
            yield objection(RULE, component, f"{component.kind} {component.name} runs upstream's code when it is loaded, {held}")
