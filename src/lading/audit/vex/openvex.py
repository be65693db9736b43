"""OpenVEX 0.2: read with its own names of products and problems, written so that it reads back to the same state."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from lading.audit.finding import Problem, Result, Status
from lading.audit.vex.statement import JUSTIFICATIONS, UNTIL, Product, Statement, day, moment
from lading.core.errors import FormatError

CONTEXT = "https://openvex.dev/ns/v0.2.0"
PREDICATE = "https://openvex.dev/ns/v0.2.0"


class _Vulnerability(Struct, frozen=True):
    name: str = ""
    id: str = msgspec.field(default="", name="@id")
    aliases: tuple[str, ...] = ()


class _Component(Struct, frozen=True):
    id: str = msgspec.field(default="", name="@id")
    identifiers: dict[str, str] = {}
    subcomponents: "tuple[_Component, ...]" = ()


class _Statement(Struct, frozen=True):
    vulnerability: _Vulnerability | str
    status: str
    products: tuple[_Component | str, ...] = ()
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""
    timestamp: str = ""
    last_updated: str = ""
    until: str = msgspec.field(default="", name=UNTIL)


class _Document(Struct, frozen=True):
    statements: tuple[_Statement, ...]
    author: str = ""
    timestamp: str = ""


def read(value: object, name: str) -> list[Statement]:
    """The statements of a document; FormatError names what is wrong."""
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as e:
        raise FormatError(f"{name} is no OpenVEX document: {e}") from e
    return [_statement(row, document, name) for row in document.statements]


def _statement(row: _Statement, document: _Document, name: str) -> Statement:
    told = row.vulnerability if isinstance(row.vulnerability, _Vulnerability) else _Vulnerability(row.vulnerability)
    ids = frozenset({told.name or told.id.rpartition("/")[2], *told.aliases} - {""})
    if row.status not in set(Status):
        raise FormatError(f"{name}: {row.status!r} is no status", hint=f"one of: {', '.join(Status)}")
    if row.justification and row.justification not in JUSTIFICATIONS:
        raise FormatError(f"{name}: {row.justification!r} is no justification", hint=f"one of: {', '.join(sorted(JUSTIFICATIONS))}")
    return Statement(
        ids=ids,
        products=tuple(p for product in row.products for p in _products(product)),
        status=Status(row.status),
        reason=row.impact_statement or row.status_notes or row.action_statement,
        justification=row.justification,
        author=document.author,
        time=moment(row.last_updated) or moment(row.timestamp) or moment(document.timestamp),
        until=day(row.until, name),
        source=name,
    )


def _products(product: _Component | str) -> Iterator[Product]:
    found = product if isinstance(product, _Component) else _Component(product)
    if not found.subcomponents:
        yield Product(_purl(found))
    for part in found.subcomponents:
        yield Product(_purl(part), _purl(found))


def _purl(component: _Component) -> str:
    return component.identifiers.get("purl") or component.id


def write(result: Result) -> bytes:
    """Every problem as a statement: open ones as affected or under investigation, decided ones as they were decided."""
    statements = [_written(p) for p in result.problems]
    identity = msgspec.json.encode(statements)
    from lading.core.digest import Digest  # noqa: PLC0415 - for the name of a document alone

    document = {
        "@context": CONTEXT,
        "@id": f"urn:lading:vex:{Digest.of_bytes(identity).hex}",
        "author": "lading audit",
        "timestamp": result.created,
        "version": 1,
        "tooling": "lading",
        "statements": statements,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _written(problem: Problem) -> dict[str, Any]:
    decision = problem.decision
    status = decision.status if decision else problem.status
    row: dict[str, Any] = {
        "vulnerability": {"name": problem.id, "aliases": list(problem.aliases)},
        "products": [{"@id": problem.component}],
        "status": status.value,
    }
    if decision and decision.justification:
        row["justification"] = decision.justification
    if status is Status.NOT_AFFECTED:
        row["impact_statement"] = decision.reason if decision else ""
    elif status is Status.AFFECTED:
        mended = f"take {problem.fixed_in} or later" if problem.fixed_in else "there is no fixed version: remove it, or decide"
        row["action_statement"] = decision.reason if decision else mended
    elif decision:
        row["status_notes"] = decision.reason
    if decision and decision.until:
        row[UNTIL] = decision.until
    return row
