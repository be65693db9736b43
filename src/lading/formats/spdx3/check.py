"""What in an SPDX 3 graph is against the standard: identifiers, references, words, purls, hashes, dates."""

from collections.abc import Iterator

from lading.formats._values import bad_date, bad_hash, bad_purl, bad_word, repeated
from lading.formats.spdx3.read import decoded
from lading.formats.spdx3.vocabulary import RELATIONSHIPS
from lading.formats.spdx3.wire import Element


def problems(data: bytes) -> Iterator[str]:
    """What is wrong with a document, each as a sentence that begins with its place."""
    graph = decoded(data)
    known = {e.spdx_id or e.id for e in graph}
    base = next((e.spdx_id for e in graph if e.type == "SpdxDocument"), "")
    yield from repeated("the spdxId", (e.spdx_id for e in graph if e.spdx_id))
    if not base:
        yield "$.@graph: there is no SpdxDocument"
    for number, element in enumerate(graph):
        at = f"$.@graph[{number}]"
        yield from _element(at, element)
        for name, target in _links(element):
            if isinstance(target, str) and target.startswith(("_:", f"{base}#")) and target not in known:
                yield f"{at}.{name}: {target!r} is no element of the document"


def _element(at: str, element: Element) -> Iterator[str]:
    if not element.type:
        yield f"{at}.type: there is none"
    if element.type == "CreationInfo":
        yield from bad_date(f"{at}.created", element.created or "''")
        if not element.created_by:
            yield f"{at}.createdBy: nobody is named"
    elif element.spdx_id and element.creation_info is None:
        yield f"{at}.creationInfo: there is none"
    yield from bad_purl(f"{at}.software_packageUrl", element.purl)
    for one in element.verified_using:
        yield from bad_hash(f"{at}.verifiedUsing", one.algorithm, one.hash_value, None) if one.type == "Hash" else ()
    if element.type.endswith("Relationship"):
        yield from bad_word(f"{at}.relationshipType", element.relationship or "''", RELATIONSHIPS)
        if element.from_ is None or not element.to:
            yield f"{at}: a relationship needs from and to"
    if element.type == "dataset_DatasetPackage" and not element.dataset_type:
        yield f"{at}.dataset_datasetType: there is none"


def _links(element: Element) -> Iterator[tuple[str, object]]:
    yield from (("creationInfo", element.creation_info), ("suppliedBy", element.supplied_by), ("from", element.from_))
    yield "subject", element.subject
    lists = {"to": element.to, "element": element.element, "rootElement": element.root, "createdBy": element.created_by}
    yield from ((name, target) for name, targets in lists.items() for target in targets)
