"""What is wrong with a document: checks of our own always, the official schema where the validator is installed."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lading.core.bom import Bom
from lading.core.purl import parse

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z")


def problems(data: bytes, bom: Bom) -> tuple[list[str], str]:
    """The problems of a document as sentences, and what it was checked against."""
    found = [*_of_bom(bom), *_of_json(json.loads(data))]
    schema = _schema_problems(data)
    if schema is None:
        return found, "own checks; for the official schema: pip install 'cyclonedx-python-lib[validation]'"
    return [*found, *schema], "own checks and the official schema"


def _of_bom(bom: Bom) -> Iterator[str]:
    refs = {c.ref for c in bom.components} | {bom.subject.ref}
    for component in bom.components:
        if component.purl:
            try:
                parse(component.purl)
            except ValueError as e:
                yield str(e)
    for edge in bom.edges:
        for end in (edge.source, edge.target):
            if end not in refs:
                yield f"a relation {edge.relation} names {end!r}, which is no component of the document"
    if bom.created and not _DATE.match(bom.created):
        yield f"the date {bom.created!r} is no RFC 3339 time"


def _of_json(document: Any) -> Iterator[str]:  # noqa: ANN401 - JSON as it is
    counted = Counter(_bom_refs(document))
    yield from (f"the bom-ref {ref!r} is given {count} times" for ref, count in counted.items() if count > 1)
    for row in document.get("dependencies", []) if isinstance(document, dict) and document.get("bomFormat") else []:
        for ref in (row.get("ref"), *row.get("dependsOn", [])):
            if ref not in counted:
                yield f"a dependency names {ref!r}, which is no bom-ref of the document"


def _bom_refs(document: Any) -> Iterator[str]:  # noqa: ANN401 - JSON as it is
    stack = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("bom-ref"), str):
                yield node["bom-ref"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _schema_problems(data: bytes) -> list[str] | None:
    """What the official CycloneDX schema objects to; None when no validator is installed or the document is of another format."""
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        return None
    try:
        from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - optional
        from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - optional
    except ImportError:
        return None
    error = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(data.decode())
    return [] if error is None else [f"schema: {str(error).splitlines()[0]}"]
