"""An audit as the report that every document format writes: problems as findings of three rules."""

from msgspec.structs import replace

from lading.audit.finding import Priority, Problem, Result, Status
from lading.core.bom import Bom
from lading.core.coverage import Skipped
from lading.core.finding import Finding, Report, Rule
from lading.core.kinds import Severity

_GUIDE = ("https://ossf.github.io/osv-schema/",)
MALICIOUS = Rule(
    id="malicious-release",
    title="A malicious release is inherited",
    severity=Severity.CRITICAL,
    why="Whoever installs or loads it runs the code of an attacker, also from caches and mirrors, long after it was taken down.",
    fix="Remove it, rebuild what was built with it, and change the secrets that were in reach.",
    references=_GUIDE,
)
VULNERABLE = Rule(
    id="known-vulnerability",
    title="A release with a known vulnerability is inherited",
    severity=Severity.HIGH,
    why="The problem is public, and so is often the attack.",
    fix="Take a fixed version, or decide in a VEX document why it does not matter here.",
    references=_GUIDE,
)
UNDETERMINED = Rule(
    id="undetermined-advisory",
    title="Nobody can say whether an advisory applies",
    severity=Severity.MEDIUM,
    why="Its version is not known or cannot be compared, or the advisory does not tell which versions are meant: that is not clean.",
    fix="Pin the component to an exact version, or decide in a VEX document.",
)
RULES = (MALICIOUS, VULNERABLE, UNDETERMINED)
_SEVERITY = {
    Priority.MALICIOUS: Severity.CRITICAL,
    Priority.EXPLOITED: Severity.CRITICAL,
    Priority.LIKELY: Severity.HIGH,
    Priority.CRITICAL: Severity.CRITICAL,
    Priority.HIGH: Severity.HIGH,
    Priority.UNKNOWN: Severity.MEDIUM,
    Priority.MEDIUM: Severity.MEDIUM,
    Priority.LOW: Severity.LOW,
}


def report_of(result: Result, bom: Bom) -> Report:
    """The bill of materials with the problems as findings; what could not be evaluated stands where what was not read stands."""
    gaps = tuple(Skipped(g.component, g.reason, "LD700") for g in result.gaps)
    stale = tuple(Skipped("the advisory database", reason, "LD700") for reason in result.database.stale)
    coverage = replace(bom.coverage, unread=(*bom.coverage.unread, *gaps, *stale))
    findings = tuple(finding_of(p) for p in result.problems)
    return Report(bom=replace(bom, coverage=coverage), findings=findings, rules=RULES)


def finding_of(problem: Problem) -> Finding:
    """A problem as a finding of its rule."""
    rule = UNDETERMINED if problem.status is not Status.AFFECTED else MALICIOUS if problem.priority is Priority.MALICIOUS else VULNERABLE
    mended = f"Take {problem.fixed_in} or later." if problem.fixed_in else rule.fix
    said = [f"{problem.name} {problem.version}".strip(), problem.id, *([problem.summary] if problem.summary else []), *problem.notes]
    decision = problem.decision
    return Finding(
        rule=rule.id,
        severity=_SEVERITY[problem.priority],
        message=": ".join(said),
        component=f"{problem.component} {problem.id}",
        occurrences=problem.occurrences,
        hint=mended,
        accepted=f"{decision.status}: {decision.reason}" if decision and not problem.open else "",
    )
