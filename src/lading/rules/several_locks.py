"""Several locks that describe one project and do not agree."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Rule
from lading.core.kinds import Pin, Severity
from lading.rules._registry import rule

RULE = Rule(
    id="several-locks",
    title="Locks of one folder hold different versions",
    severity=Severity.LOW,
    why="Where several tools keep a lock in one folder, which versions run depends on the tool that somebody happens to use. None wins here: "
    "all of them are in the bill of materials, and what pyproject.toml asks for is shown as uv.lock holds it where there is one.",
    fix="Keep the lock of the tool that builds what you ship and remove the others, or export them from it.",
    references=("https://packaging.python.org/en/latest/specifications/pylock-toml/",),
)

_FAMILIES = (
    ("pypi", ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock")),
    ("npm", ("npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock")),
)
_NAMED = 3


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every folder whose locks disagree; it names the packages."""
    for ecosystem, names in _FAMILIES:
        for folder, locks in sorted(_locks(bom, ecosystem, names).items()):
            different = sorted(_different(locks))
            if different:
                first, *others = sorted(locks, key=names.index)
                rows = ", ".join(different[:_NAMED]) + (f" and {len(different) - _NAMED} more" if len(different) > _NAMED else "")
                told = f"{first} and {', '.join(others)} in {folder or 'the same folder'} hold different versions of {rows}: which are installed depends on the tool"
                yield Finding(rule=RULE.id, severity=RULE.severity, message=told, hint=RULE.fix)


_Held = dict[str, dict[str, set[str]]]
"""By lock, then by package: the versions."""


def _locks(bom: Bom, ecosystem: str, names: tuple[str, ...]) -> dict[str, _Held]:
    found: dict[str, _Held] = {}
    for component in bom.components:
        if component.upstream == ecosystem and component.version and component.pin is not Pin.NONE:
            for folder, lock in _places(component, names):
                versions = found.setdefault(folder, {}).setdefault(lock, {})
                versions.setdefault(component.name, set()).add(component.version)
    return {folder: locks for folder, locks in found.items() if len(locks) > 1}


def _places(component: Component, names: tuple[str, ...]) -> set[tuple[str, str]]:
    rows = (o.path.rpartition("/") for o in component.occurrences)
    return {(folder, name) for folder, _, name in rows if name in names}


def _different(locks: _Held) -> set[str]:
    shared = set.intersection(*(set(held) for held in locks.values()))
    return {name for name in shared if len({frozenset(held[name]) for held in locks.values()}) > 1}
