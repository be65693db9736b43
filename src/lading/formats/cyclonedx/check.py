"""What in a CycloneDX document is against the standard: words, references, purls, hashes, licenses, dates; by JSON path."""

import re
from collections.abc import Iterator

from lading.formats._values import bad_date, bad_hash, bad_purl, bad_word, repeated
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.parts import is_reference
from lading.formats.cyclonedx.read import DEEPEST, decoded
from lading.formats.cyclonedx.vocabulary import AGGREGATES, ALGORITHMS, COMPONENT_TYPES, FLOWS, HASH_NAMES, LENGTHS, LIFECYCLES

_LICENSE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\+?\Z")
"""The list grows faster than releases of lading: whether an identifier is on it is for the official schema to say."""
_SERIAL = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def problems(data: bytes) -> Iterator[str]:
    """What is wrong with a document, each as a sentence that begins with its place."""
    document = decoded(data)
    metadata = document.metadata or wire.Metadata()
    refs: list[str] = []
    if document.serial_number and not _SERIAL.match(document.serial_number):
        yield f"$.serialNumber: {document.serial_number!r} is no urn:uuid:"
    yield from bad_date("$.metadata.timestamp", metadata.timestamp)
    for number, cycle in enumerate(metadata.lifecycles):
        yield from bad_word(f"$.metadata.lifecycles[{number}].phase", cycle.phase, LIFECYCLES)
    yield from _components(document, metadata, refs)
    yield from _services(document, refs)
    yield from repeated("the bom-ref", refs)
    yield from _links(document, {*refs, *_tools(metadata)})


def _tools(metadata: wire.Metadata) -> Iterator[str]:
    if isinstance(metadata.tools, wire.Tools):
        yield from (t.bom_ref for t in metadata.tools.components)


def _components(document: wire.Document, metadata: wire.Metadata, refs: list[str]) -> Iterator[str]:
    waiting = [(f"$.components[{n}]", c, 0) for n, c in enumerate(document.components)]
    waiting += [("$.metadata.component", metadata.component, 0)] if metadata.component else []
    while waiting:
        at, row, depth = waiting.pop()
        refs += [row.bom_ref] if row.bom_ref else []
        yield from _component(at, row)
        if depth > DEEPEST:
            yield f"{at}: components nest deeper than {DEEPEST} levels"
            return
        waiting += [(f"{at}.components[{n}]", c, depth + 1) for n, c in enumerate(row.components)]


def _component(at: str, row: wire.Component) -> Iterator[str]:
    yield from bad_word(f"{at}.type", row.type or "''", COMPONENT_TYPES)
    yield from bad_purl(f"{at}.purl", row.purl)
    for n, one in enumerate(row.hashes):
        yield from bad_word(f"{at}.hashes[{n}].alg", one.alg or "''", HASH_NAMES)
        yield from bad_hash(f"{at}.hashes[{n}].content", one.alg, one.content, LENGTHS.get(ALGORITHMS.get(one.alg, "")))
    for n, occurrence in enumerate(row.evidence.occurrences if row.evidence else ()):
        if occurrence.line < 0:
            yield f"{at}.evidence.occurrences[{n}].line: {occurrence.line} is no line"
    yield from _licenses(at, row.licenses)
    yield from _references(at, row.external_references)


def _licenses(at: str, choices: tuple[wire.LicenseChoice, ...]) -> Iterator[str]:
    for n, choice in enumerate(choices):
        place, one = f"{at}.licenses[{n}]", choice.license
        if one and one.id and not _LICENSE_ID.match(one.id):
            yield f"{place}.license.id: {one.id[:80]!r} is no identifier of the SPDX license list; what is none belongs into name"
        if one and bool(one.id) is bool(one.name):
            yield f"{place}.license: either id or name, not {'both' if one.id else 'neither'}"
        if one is None and not choice.expression:
            yield f"{place}: neither license nor expression"


def _references(at: str, references: tuple[wire.Reference, ...]) -> Iterator[str]:
    for n, one in enumerate(references):
        if one.url.isascii() and not is_reference(one.url):
            yield f"{at}.externalReferences[{n}].url: {one.url[:80]!r} is no URL"


def _services(document: wire.Document, refs: list[str]) -> Iterator[str]:
    waiting = [(f"$.services[{n}]", s) for n, s in enumerate(document.services)]
    while waiting:
        at, row = waiting.pop()
        refs += [row.bom_ref] if row.bom_ref else []
        for n, data in enumerate(row.data):
            yield from bad_word(f"{at}.data[{n}].flow", data.flow or "''", FLOWS)
        yield from _licenses(at, row.licenses)
        yield from _references(at, row.external_references)
        waiting += [(f"{at}.services[{n}]", s) for n, s in enumerate(row.services)]


def _links(document: wire.Document, known: set[str]) -> Iterator[str]:
    yield from repeated("the dependencies of", (d.ref for d in document.dependencies))
    for n, row in enumerate(document.dependencies):
        for ref in (row.ref, *row.depends_on):
            if ref not in known and not ref.startswith("urn:cdx:"):
                yield f"$.dependencies[{n}]: {ref!r} is no bom-ref of the document"
    for n, composition in enumerate(document.compositions):
        yield from bad_word(f"$.compositions[{n}].aggregate", composition.aggregate or "''", AGGREGATES)
        for ref in composition.assemblies:
            if ref not in known and not ref.startswith("urn:cdx:"):
                yield f"$.compositions[{n}]: {ref!r} is no bom-ref of the document"
    for n, citation in enumerate(document.citations):
        if document.spec_version < "1.7":
            yield f"$.citations: CycloneDX {document.spec_version} has no citations"
        yield from bad_date(f"$.citations[{n}].timestamp", citation.timestamp or "''")
