"""Code that every start of Python runs."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.integrity import STARTUP
from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="startup-code",
    title="Code runs whenever Python starts",
    severity=Severity.MEDIUM,
    why="A .pth line that begins with import, sitecustomize and usercustomize run in every process of the environment, also where nobody "
    "imports the package that brought them. Recent compromises of popular packages hid there.",
    fix="Read the line. Remove the package when it has no business there; start Python with -S where start-up code is not needed.",
    references=("https://docs.python.org/3/library/site.html",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every such file, more severe where no distribution brought it."""
    for component in bom.components:
        for place in (o for o in component.occurrences if o.symbol == STARTUP):
            alone = component.kind is Kind.FILE
            owner = "no distribution" if alone else f"{component.name} {component.version}"
            finding = objection(RULE, component, f"{place.path} runs whenever Python starts and belongs to {owner}: {place.written[:100]}")
            yield replace(finding, occurrences=(place,), severity=Severity.HIGH if alone else Severity.LOW)
