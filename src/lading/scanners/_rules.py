"""What every rule of an inspection means: its words and identifiers, read from one table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from lading.core.shipped import files

if TYPE_CHECKING:
    from lading.core.finding import Rule


@cache
def inspection_rules() -> dict[str, Rule]:
    """Every rule of an inspection by its id; their references are CWE, CVE and ATLAS identifiers."""
    from lading.core.finding import Rule  # noqa: PLC0415 - for documents; a verdict alone needs none
    from lading.core.kinds import Severity  # noqa: PLC0415 - as above

    return {
        id_: Rule(
            id=id_,
            title=row["title"],
            severity=Severity(row["severity"]),
            why=row["why"],
            fix=row["fix"],
            references=_pages(row["identifiers"]),
        )
        for id_, row in _table().items()
    }


@cache
def _table() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most files give no reason to open the table

    table = tomllib.loads(files("lading.scanners").joinpath("rules.toml").read_text("utf-8"))
    return {k: row for k, row in table.items() if isinstance(row, dict)}


@cache
def identifiers(rule: str) -> tuple[str, ...]:
    """The CWE, CVE and ATLAS identifiers of a rule."""
    return tuple(_table()[rule]["identifiers"].split())


def fix(rule: str) -> str:
    """What to do about a rule."""
    return str(_table()[rule]["fix"])


def _pages(identifiers: str) -> tuple[str, ...]:
    return tuple(_page(i) for i in identifiers.split())


def _page(identifier: str) -> str:
    if identifier.startswith("CWE-"):
        return f"https://cwe.mitre.org/data/definitions/{identifier.removeprefix('CWE-')}.html"
    if identifier.startswith("CVE-"):
        return f"https://nvd.nist.gov/vuln/detail/{identifier}"
    return f"https://atlas.mitre.org/techniques/{identifier}"
