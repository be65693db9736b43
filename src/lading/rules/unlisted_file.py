"""Files in an installation folder that nothing installed."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.integrity import UNLISTED
from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="unlisted-file",
    title="A file lies among installed packages that no package installed",
    severity=Severity.MEDIUM,
    why="What lies in site-packages can be imported, and a file that no RECORD lists is not removed, updated or verified by any tool. "
    "Additional modules are how a compromised machine keeps code in an environment.",
    fix="Find out what wrote the file; install it as a part of a distribution, or build the environment anew.",
    references=("https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every distribution, or for the file where it is of none."""
    for component in bom.components:
        places = tuple(o for o in component.occurrences if o.symbol == UNLISTED)
        if places:
            told = ", ".join(o.path for o in places[:5])
            more = f" and {len(places) - 5} more" if len(places) > 5 else ""  # noqa: PLR2004 - as many as are named
            yield replace(objection(RULE, component, f"no RECORD lists {told}{more}"), occurrences=places)
