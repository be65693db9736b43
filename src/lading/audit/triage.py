"""Triage: the decisions of a repository and of VEX documents, laid over what an audit found."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from lading.audit import vex
from lading.audit.finding import Result, Status
from lading.audit.run import urgency
from lading.audit.vex.statement import JUSTIFICATIONS, Product, Statement, decided
from lading.core.errors import ConfigError
from lading.policy.settings import Settings, Verdict


def statements(settings: Settings, folder: Path, documents: Iterable[Path] = ()) -> list[Statement]:
    """Every decision that could hold: of the settings, of the documents that they name, and of those named beside."""
    paths = [*(folder / p for p in settings.audit.vex), *documents]
    return [*map(_own, settings.decision), *(s for path in paths for s in vex.load(path))]


def triaged(result: Result, found: list[Statement], today: date) -> Result:
    """The result with each problem under the decision that holds for it."""
    problems = (decided(p, found, result.subject, today) for p in result.problems)
    return replace(result, problems=tuple(sorted(problems, key=urgency)))


def expired(found: Iterable[Statement], today: date) -> list[Statement]:
    """The decisions whose last day has passed."""
    return [s for s in found if s.until is not None and today > s.until]


def _own(row: Verdict) -> Statement:
    if row.status not in set(Status):
        raise ConfigError(f"[[decision]] about {row.id}: {row.status!r} is no status", hint=f"one of: {', '.join(Status)}")
    if row.justification and row.justification not in JUSTIFICATIONS:
        known = ", ".join(sorted(JUSTIFICATIONS))
        raise ConfigError(f"[[decision]] about {row.id}: {row.justification!r} is no justification", hint=f"one of: {known}")
    if not row.reason.strip():
        raise ConfigError(f"[[decision]] about {row.id} gives no reason", hint='add reason = "why it does not matter here"')
    return Statement(
        ids=frozenset({row.id}),
        products=(Product(row.component, versions=row.versions),),
        status=Status(row.status),
        reason=row.reason,
        justification=row.justification,
        until=row.expires,
        source="lading.toml",
    )
