"""From an SPDX 2.2 or 2.3 document to a bill of materials: our own without loss, others' as far as they say what lading knows."""

from collections.abc import Iterator, Sequence

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge, License
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.kinds import Kind, Relation
from lading.core.merge import sole
from lading.core.pause import collector_paused
from lading.formats._carried import MARK, completed
from lading.formats.spdx2.vocabulary import (
    ALGORITHMS,
    BACK,
    INHERITED,
    KINDS,
    KINDS_BY_PURL,
    LENGTHS,
    NAMESPACE,
    NOASSERTION,
    REVERSED,
)
from lading.formats.spdx2.wire import Annotation, Checksum, CreationInfo, Document, Package

_decode = msgspec.json.Decoder(Document).decode
_RELATIONS = {r.value: r for r in Relation}
SUPPORTED = ("SPDX-2.2", "SPDX-2.3")


def detects(data: bytes) -> bool:
    """Whether bytes look like SPDX 2 JSON."""
    return b'"spdxVersion"' in data and b'"SPDX-2.' in data


def read(data: bytes) -> Bom:
    """The bill of materials of an SPDX 2.2 or 2.3 document; FormatError names the place of what is wrong."""
    with collector_paused():
        return _bom(decoded(data))


def decoded(data: bytes) -> Document:
    """The document as it stands, in a version that is read."""
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"not an SPDX 2 document: {e}") from e
    if document.spdx_version not in SUPPORTED:
        raise FormatError(f"{document.spdx_version} is not read here; {' and '.join(SUPPORTED)} are")
    return document


def _bom(document: Document) -> Bom:
    texts = {x.id: x.text for x in document.has_extracted_licensing_infos}
    described = [r.target for r in document.relationships if r.type == "DESCRIBES"] or list(document.document_describes)
    root = described[0] if len(described) == 1 else ""
    subject = Component(kind=Kind.SYSTEM, name=document.name)
    packages: dict[str, Component] = {}
    for row in document.packages:
        if row.id == root:
            subject = completed(as_subject(native(row, texts)), _note(row.annotations))
        else:
            packages[row.id] = completed(native(row, texts), _note(row.annotations))
    refs = {root: subject.ref, **{i: c.ref for i, c in packages.items()}}
    found = sole((refs[i], c) for i, c in packages.items())
    found.pop(subject.ref, None)
    bom = completed(native_frame(document), _note(document.annotations))
    edges = tuple(sorted(set(_edges(document, refs))))
    return msgspec.structs.replace(bom, subject=subject, components=tuple(found.values()), edges=edges)


def as_subject(one: Component) -> Component:
    """What a document describes is a system, whatever its package says."""
    return msgspec.structs.replace(one, kind=Kind.SYSTEM, roles=())


def _is_ours(document: Document) -> bool:
    return document.document_namespace.startswith(NAMESPACE)


def _note(annotations: Sequence[Annotation]) -> str:
    return next((a.comment for a in annotations if a.comment.startswith(MARK)), "")


def native_frame(document: Document) -> Bom:
    """The bill without what is in it, as far as SPDX 2.3 has fields for it."""
    info = document.creation_info or CreationInfo()
    uuid = document.document_namespace.removeprefix(NAMESPACE)
    return Bom(
        subject=Component(kind=Kind.SYSTEM, name=""),
        created=info.created,
        serial=f"urn:uuid:{uuid}" if _is_ours(document) else "",
        generator=next((_tool(c) for c in info.creators if c.startswith("Tool: ")), ""),
    )


def _tool(creator: str) -> str:
    """`Tool: name-version` as `name version`."""
    name, dash, version = creator.removeprefix("Tool: ").rpartition("-")
    return f"{name} {version}" if dash and version[:1].isdigit() else creator.removeprefix("Tool: ")


def native(package: Package, texts: dict[str, str]) -> Component:
    """A package as far as SPDX 2.3 has fields for it; `texts` are the licenses that are not on the list, by their identifier."""
    purl = next((r.locator for r in package.external_refs if r.type == "purl"), "")
    upstream = purl[4:].partition("/")[0]
    usual = KINDS.get(package.primary_package_purpose, Kind.LIBRARY)
    kind = KINDS_BY_PURL.get(upstream, usual)
    if kind is Kind.MODEL and "repo_type=dataset" in purl:
        kind = Kind.DATASET
    supplier = "" if package.supplier in NOASSERTION else package.supplier.partition(": ")[2] or package.supplier
    return Component(
        kind=kind,
        name=package.name,
        upstream=upstream,
        version=package.version_info,
        purl=purl,
        roles=(kind,),
        digests=_digests(package.checksums),
        licenses=tuple(sorted(_licenses(package, texts))),
        description=package.description,
        supplier=supplier,
        url="" if package.download_location in NOASSERTION else package.download_location,
    )


def _digests(checksums: Sequence[Checksum]) -> tuple[Digest, ...]:
    known = {Digest(ALGORITHMS[c.algorithm], c.value.lower()) for c in checksums if c.algorithm in ALGORITHMS}
    return tuple(sorted(d for d in known if len(d.hex) == LENGTHS[d.algorithm]))


def _licenses(package: Package, texts: dict[str, str]) -> Iterator[License]:
    concluded, declared = package.license_concluded, package.license_declared
    if declared not in NOASSERTION:
        yield License(texts.get(declared, declared))
    if concluded not in NOASSERTION and concluded != declared:
        yield License(texts.get(concluded, concluded), concluded=True)


def _edges(document: Document, refs: dict[str, str]) -> Iterator[Edge]:
    for row in document.relationships:
        source, target = refs.get(row.source), refs.get(row.target)
        if source is None or target is None or row.comment == INHERITED:
            continue
        if relation := _RELATIONS.get(row.comment) or BACK.get(row.type):
            yield Edge(source, relation, target)
        elif row.type in REVERSED:
            yield Edge(target, REVERSED[row.type], source)
