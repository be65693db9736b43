"""A scanned system with the verdicts over the files of its own models: in the findings, and in what every document says of a component."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from lading.core.component import Component, Occurrence
from lading.core.finding import Finding, Report
from lading.core.inspection import Grade, Inspection, Observation, verdict
from lading.core.kinds import Severity
from lading.inspect.folder import inspect_all
from lading.inspect.report import SEVERITY, where
from lading.inspect.ruleset import ruleset
from lading.scanners._rules import inspection_rules

VERDICT, RULESET = "inspection-verdict", "inspection-ruleset"
"""Properties of a component whose files were inspected."""


def inspected(report: Report, roots: Sequence[Path]) -> Report:
    """The report with every file inspected that a component has in one of the folders."""
    paths = sorted({f.path for c in report.bom.components if c.upstream == "local" for f in c.files})
    found = dict(zip(paths, inspect_all([_place(roots, p) for p in paths]), strict=True))
    components = tuple(_told(c, found) for c in report.bom.components)
    findings = [f for c in report.bom.components if c.upstream == "local" for f in _findings(c, found)]
    order = list(Severity)
    together = sorted([*report.findings, *findings], key=lambda f: order.index(f.severity))
    bom = replace(report.bom, components=components)
    return replace(report, bom=bom, findings=tuple(together), rules=(*report.rules, *inspection_rules().values()))


def _place(roots: Sequence[Path], path: str) -> Path:
    return next((place for root in roots if (place := root / path).is_file()), roots[0] / path)


def _told(component: Component, found: dict[str, Inspection]) -> Component:
    of = [found[f.path] for f in component.files if f.path in found] if component.upstream == "local" else []
    if not of:
        return component
    return replace(component, properties=tuple(sorted({*component.properties, (VERDICT, str(verdict(of))), (RULESET, ruleset())})))


def _findings(component: Component, found: dict[str, Inspection]) -> list[Finding]:
    """One finding for each rule and file, with how often."""
    told: dict[tuple[str, str, Grade], list[Observation]] = {}
    for file in component.files:
        for observation in found[file.path].observations if file.path in found else ():
            told.setdefault((file.path, observation.rule, observation.grade), []).append(observation)
    return [
        Finding(
            rule=rule,
            severity=SEVERITY[grade],
            message=f"{path}: {where(seen[0])}{seen[0].message}" + (f" (and {len(seen) - 1} more)" if len(seen) > 1 else ""),
            component=component.ref,
            occurrences=(Occurrence(path),),
            hint=inspection_rules()[rule].fix,
        )
        for (path, rule, grade), seen in told.items()
    ]
