"""Installed files that are not what was installed."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.integrity import MISSING, MODIFIED
from lading.core.bom import Bom
from lading.core.finding import Finding, Rule
from lading.core.kinds import Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="tampered-file",
    title="An installed file is not what was installed",
    severity=Severity.HIGH,
    why="The RECORD of a distribution holds the digest of every file it was installed with. A file that differs or is gone was changed "
    "afterwards: by a patch, by another distribution that writes to the same path, or by an attacker.",
    fix="Install the distribution again (pip install --force-reinstall --no-deps) and find out what changed the file.",
    references=("https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file",),
)


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every distribution with such files; it names each of them."""
    for component in bom.components:
        places = tuple(o for o in component.occurrences if o.symbol in {MODIFIED, MISSING})
        if places:
            told = ", ".join(f"{o.path} ({o.symbol.partition(' ')[0]})" for o in places[:5])
            more = f" and {len(places) - 5} more" if len(places) > 5 else ""  # noqa: PLR2004 - as many as are named
            finding = objection(RULE, component, f"{component.name} {component.version} is not as it was installed: {told}{more}")
            yield replace(finding, occurrences=places)
