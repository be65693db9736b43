"""CSAF 2 VEX documents: which products of a tree a vulnerability affects, does not affect, or was mended in."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from lading.audit.finding import Status
from lading.audit.vex.statement import JUSTIFICATIONS, Product, Statement, moment
from lading.core.errors import FormatError

_STATUSES = {
    "known_affected": Status.AFFECTED,
    "first_affected": Status.AFFECTED,
    "last_affected": Status.AFFECTED,
    "known_not_affected": Status.NOT_AFFECTED,
    "fixed": Status.FIXED,
    "first_fixed": Status.FIXED,
    "recommended": Status.FIXED,
    "under_investigation": Status.UNDETERMINED,
}


class _Helper(Struct, frozen=True):
    purl: str = ""


class _Product(Struct, frozen=True):
    product_id: str
    name: str = ""
    product_identification_helper: _Helper = _Helper()


class _Branch(Struct, frozen=True):
    product: _Product | None = None
    branches: "tuple[_Branch, ...]" = ()


class _Relationship(Struct, frozen=True):
    full_product_name: _Product
    product_reference: str
    relates_to_product_reference: str = ""


class _Tree(Struct, frozen=True):
    branches: tuple[_Branch, ...] = ()
    full_product_names: tuple[_Product, ...] = ()
    relationships: tuple[_Relationship, ...] = ()


class _Flag(Struct, frozen=True):
    label: str
    product_ids: tuple[str, ...] = ()


class _Threat(Struct, frozen=True):
    category: str = ""
    details: str = ""
    product_ids: tuple[str, ...] = ()


class _Id(Struct, frozen=True):
    text: str = ""


class _Vulnerability(Struct, frozen=True):
    cve: str = ""
    ids: tuple[_Id, ...] = ()
    product_status: dict[str, tuple[str, ...]] = {}
    flags: tuple[_Flag, ...] = ()
    threats: tuple[_Threat, ...] = ()


class _Publisher(Struct, frozen=True):
    name: str = ""


class _Tracking(Struct, frozen=True):
    current_release_date: str = ""


class _Head(Struct, frozen=True):
    publisher: _Publisher = _Publisher()
    tracking: _Tracking = _Tracking()


class _Document(Struct, frozen=True):
    document: _Head
    product_tree: _Tree = _Tree()
    vulnerabilities: tuple[_Vulnerability, ...] = ()


def read(value: object, name: str) -> list[Statement]:
    """One statement for each status of each vulnerability; FormatError names what is wrong."""
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as e:
        raise FormatError(f"{name} is no CSAF document: {e}") from e
    purls = _purls(document.product_tree)
    return [s for row in document.vulnerabilities for s in _statements(row, document.document, purls, name)]


def _statements(row: _Vulnerability, head: _Head, purls: dict[str, str], name: str) -> Iterator[Statement]:
    ids = frozenset({row.cve, *(i.text for i in row.ids)} - {""})
    labels = {product: flag.label for flag in row.flags for product in flag.product_ids}
    impacts = {product: t.details for t in row.threats if t.category == "impact" for product in t.product_ids}
    for word, listed in row.product_status.items():
        if word not in _STATUSES:
            raise FormatError(f"{name}: {word!r} is no status of products")
        for product in listed:
            label = labels.get(product, "")
            yield Statement(
                ids=ids,
                products=(Product(purls[product]),) if purls.get(product) else (),
                status=_STATUSES[word],
                reason=impacts.get(product) or label.replace("_", " ") or f"{head.publisher.name or name} says {word.replace('_', ' ')}",
                justification=label if label in JUSTIFICATIONS else "",
                author=head.publisher.name,
                time=moment(head.tracking.current_release_date),
                source=name,
            )


def _purls(tree: _Tree) -> dict[str, str]:
    """The package URL of each product; one that is part of another has that of the part."""
    found = {p.product_id: p.product_identification_helper.purl for p in tree.full_product_names}
    waiting = list(tree.branches)
    while waiting:
        branch = waiting.pop()
        waiting += branch.branches
        if branch.product:
            found[branch.product.product_id] = branch.product.product_identification_helper.purl
    for relation in tree.relationships:
        own = relation.full_product_name.product_identification_helper.purl
        found[relation.full_product_name.product_id] = own or found.get(relation.product_reference, "")
    return found
