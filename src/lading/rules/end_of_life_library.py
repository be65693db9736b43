"""Libraries whose makers have stopped mending them."""

from collections.abc import Iterator
from typing import Any

from lading.catalog.tables import table
from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Rule
from lading.core.kinds import Kind, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="end-of-life-library",
    title="A library is beyond the end of its support",
    severity=Severity.HIGH,
    why="Its makers publish no more fixes for this line of releases. Copies inside wheels are seen by no package manager of the system and "
    "stay when the system is updated.",
    fix="Use a release of the package that carries a supported line, or build it against the library of the system.",
    references=("https://openssl-library.org/policies/releasestrat/",),
)


_BINDINGS = frozenset({"cargo", "npm", "pypi", "golang", "gem", "maven", "nuget"})
"""Where a package of the same name is a binding with versions of its own."""


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every library of a line whose support has ended."""
    for component in bom.components:
        if component.kind in {Kind.LIBRARY, Kind.NATIVE_LIBRARY} and (line := _line(component)):
            where = component.occurrences[0].path if component.occurrences else "an unknown place"
            told = f"{component.name} {component.version} in {where}: support of its line ended on {line['ended']}"
            yield objection(RULE, component, told)


def _line(component: Component) -> dict[str, Any] | None:
    names = {component.name.lower()}
    if component.purl.partition("/")[0].removeprefix("pkg:") in _BINDINGS:
        return None
    rows = (r for r in table("end_of_life")["line"] if names & {r["name"], *r["also"]})
    return next((r for r in rows if component.version.startswith(tuple(r["begins"]))), None)
