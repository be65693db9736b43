"""Downloads that seem to be checked and are not."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="unchecked-hash",
    title="check_hash=True has no effect",
    severity=Severity.MEDIUM,
    why="torch.hub compares the digest that stands in the file's name. Where the name holds none, check_hash=True compares nothing and says nothing.",
    fix="Compare a digest yourself after the download, or name the file with its digest (name-<8 or more hex digits>.pth).",
    references=("https://docs.pytorch.org/docs/stable/hub.html#torch.hub.load_state_dict_from_url",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every download whose check is without effect."""
    for component in bom.components:
        if Flag.UNCHECKED_HASH in component.flags:
            yield objection(
                RULE, component, f"{component.kind} {component.name} is fetched with check_hash=True, but its name holds no digest"
            )
