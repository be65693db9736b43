"""SPDX 2.3 JSON: packages and relationships; what SPDX 2.3 has no field for travels in an annotation of lading's own."""

import hashlib
import re

import msgspec
from msgspec import Struct, field

from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.finding import Report
from lading.core.kinds import Kind, Relation
from lading.formats._registry import Format, add_format

_PURPOSE = {
    Kind.SYSTEM: "APPLICATION",
    Kind.LIBRARY: "LIBRARY",
    Kind.NATIVE_LIBRARY: "LIBRARY",
    Kind.IMAGE: "CONTAINER",
    Kind.FILE: "FILE",
    Kind.ACTION: "APPLICATION",
}
_RELATIONS = {
    Relation.CONTAINS: "CONTAINS",
    Relation.DEPENDS_ON: "DEPENDS_ON",
    Relation.DERIVED_FROM: "GENERATED_FROM",
    Relation.TRAINED_ON: "OTHER",
    Relation.TESTED_ON: "OTHER",
    Relation.TOKENIZED_BY: "OTHER",
    Relation.BUILT_BY: "OTHER",
    Relation.FETCHED_FROM: "OTHER",
}
_BACK = {"CONTAINS": Relation.CONTAINS, "DEPENDS_ON": Relation.DEPENDS_ON, "GENERATED_FROM": Relation.DERIVED_FROM}
_CHECKSUMS = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512", "blake3": "BLAKE3"}
_LOCATION = re.compile(r"(?:https?|ftp|s3|gs|git)(?:\+[a-z]+)?://[^\s<>\"{}|\\^`]+\Z")
_EXPRESSION = re.compile(
    r"(?:Apache-2\.0|MIT|BSD-[23]-Clause|GPL-[23]\.0-(?:only|or-later)|LGPL-[23]\.[01]-(?:only|or-later)|AGPL-3\.0-(?:only|or-later)|MPL-2\.0|ISC|CC0-1\.0|CC-BY(?:-NC)?(?:-SA)?-[34]\.0|Unlicense|Zlib|PSF-2\.0|Python-2\.0|OpenRAIL)\Z"
)
_MARK = "lading: "


class _Wire(Struct, omit_defaults=True):
    """A JSON object whose empty fields are left out."""


class _Checksum(_Wire):
    algorithm: str
    checksumValue: str  # noqa: N815 - the name in the document


class _External(_Wire):
    referenceCategory: str  # noqa: N815
    referenceType: str  # noqa: N815
    referenceLocator: str  # noqa: N815


class _Annotation(_Wire):
    annotationType: str  # noqa: N815
    annotator: str
    annotationDate: str  # noqa: N815
    comment: str


class _Package(_Wire):
    name: str
    SPDXID: str
    downloadLocation: str  # noqa: N815
    filesAnalyzed: bool | None = None  # noqa: N815
    versionInfo: str = ""  # noqa: N815
    supplier: str = ""
    primaryPackagePurpose: str = ""  # noqa: N815
    description: str = ""
    licenseConcluded: str = ""  # noqa: N815
    licenseDeclared: str = ""  # noqa: N815
    licenseComments: str = ""  # noqa: N815
    copyrightText: str = ""  # noqa: N815
    checksums: list[_Checksum] = field(default_factory=list)
    externalRefs: list[_External] = field(default_factory=list)  # noqa: N815
    annotations: list[_Annotation] = field(default_factory=list)


class _Relationship(_Wire):
    spdxElementId: str  # noqa: N815
    relationshipType: str  # noqa: N815
    relatedSpdxElement: str  # noqa: N815
    comment: str = ""


class _CreationInfo(_Wire):
    created: str
    creators: list[str]
    comment: str = ""


class _Document(_Wire):
    spdxVersion: str  # noqa: N815
    dataLicense: str  # noqa: N815
    SPDXID: str
    name: str
    documentNamespace: str  # noqa: N815
    creationInfo: _CreationInfo  # noqa: N815
    packages: list[_Package] = field(default_factory=list)
    relationships: list[_Relationship] = field(default_factory=list)
    annotations: list[_Annotation] = field(default_factory=list)


def write(report: Report) -> bytes:
    """The SPDX 2.3 document of a report's bill of materials."""
    return msgspec.json.format(msgspec.json.encode(_document(report.bom)), indent=1) + b"\n"


def _document(bom: Bom) -> _Document:
    date = bom.created or "1970-01-01T00:00:00Z"
    creator = f"Tool: {bom.generator.replace(' ', '-') or 'lading'}"
    ids = {c.ref: _identifier(c) for c in (bom.subject, *bom.components)}
    listed = {e.target for e in bom.edges}
    bare = msgspec.structs.replace(bom, components=(), edges=())
    return _Document(
        spdxVersion="SPDX-2.3",
        dataLicense="CC0-1.0",
        SPDXID="SPDXRef-DOCUMENT",
        name=bom.subject.name or "system",
        documentNamespace=f"https://spdx.org/spdxdocs/lading-{bom.serial.removeprefix('urn:uuid:') or hashlib.sha256(msgspec.json.encode(bom)).hexdigest()}",
        creationInfo=_CreationInfo(date, [creator]),
        packages=[_package(c, ids[c.ref], creator, date) for c in (bom.subject, *bom.components)],
        relationships=[
            _Relationship("SPDXRef-DOCUMENT", "DESCRIBES", ids[bom.subject.ref]),
            *(_Relationship(ids[bom.subject.ref], "DEPENDS_ON", ids[c.ref], "listed") for c in bom.components if c.ref not in listed),
            *(_relationship(e, ids) for e in bom.edges if e.source in ids and e.target in ids),
        ],
        annotations=[_Annotation("OTHER", creator, date, _MARK + msgspec.json.encode(bare).decode())],
    )


def _identifier(one: Component) -> str:
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", one.name)[:60].strip("-")
    return f"SPDXRef-{one.kind}-{readable}-{hashlib.sha256(one.ref.encode('utf-8', 'replace')).hexdigest()[:10]}"


def _package(one: Component, identifier: str, creator: str, date: str) -> _Package:
    stated = " AND ".join(x.expression for x in one.licenses)
    known = len(one.licenses) == 1 and bool(_EXPRESSION.match(stated))
    return _Package(
        name=one.name or "system",
        SPDXID=identifier,
        downloadLocation=one.url if _LOCATION.match(one.url) else "NOASSERTION",
        filesAnalyzed=False,
        versionInfo=one.version,
        supplier=f"Organization: {one.supplier}" if one.supplier else "NOASSERTION",
        primaryPackagePurpose=_PURPOSE.get(one.kind, "OTHER"),
        description=one.description,
        licenseConcluded="NOASSERTION",
        licenseDeclared=stated if known else "NOASSERTION",
        licenseComments="" if known else stated,
        copyrightText="NOASSERTION",
        checksums=[_Checksum(_CHECKSUMS[d.algorithm], d.hex) for d in one.digests if d.algorithm in _CHECKSUMS],
        externalRefs=[_External("PACKAGE-MANAGER", "purl", one.purl)] if one.purl else [],
        annotations=[_Annotation("OTHER", creator, date, _MARK + msgspec.json.encode(one).decode())],
    )


def _relationship(edge: Edge, ids: dict[str, str]) -> _Relationship:
    return _Relationship(ids[edge.source], _RELATIONS[edge.relation], ids[edge.target], edge.relation.value)


def read(data: bytes) -> Bom:
    """The bill of materials of an SPDX 2.2 or 2.3 document; FormatError when it is none."""
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, RecursionError) as e:
        raise FormatError(f"not an SPDX 2 document: {e}") from e
    if not document.spdxVersion.startswith("SPDX-2."):
        raise FormatError(f"{document.spdxVersion} is not read here; SPDX-2.2 and SPDX-2.3 are")
    components = {p.SPDXID: _component(p) for p in document.packages}
    described = next((r.relatedSpdxElement for r in document.relationships if r.relationshipType == "DESCRIBES"), "")
    subject = components.pop(described, Component(kind=Kind.SYSTEM, name=document.name))
    refs = {described: subject.ref, **{i: c.ref for i, c in components.items()}}
    bare = next((_carried(a.comment, Bom) for a in document.annotations if a.comment.startswith(_MARK)), None)
    tool = next((c.removeprefix("Tool: ") for c in document.creationInfo.creators if c.startswith("Tool: ")), "")
    bom = bare or Bom(subject=subject, created=document.creationInfo.created, generator=tool)
    edges = {edge for r in document.relationships if (edge := _edge(r, refs)) is not None}
    return msgspec.structs.replace(
        bom, components=tuple(sorted(components.values(), key=lambda c: (c.kind, c.ref))), edges=tuple(sorted(edges))
    )


def _carried(comment: str, type_):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    try:
        return msgspec.json.decode(comment.removeprefix(_MARK), type=type_)
    except msgspec.DecodeError as e:
        raise FormatError(f"an annotation of lading does not hold what it should: {e}") from e


def _component(package: _Package) -> Component:
    for annotation in package.annotations:
        if annotation.comment.startswith(_MARK):
            carried: Component = _carried(annotation.comment, Component)
            return carried
    purl = next((r.referenceLocator for r in package.externalRefs if r.referenceType == "purl"), "")
    kinds = {"LIBRARY": Kind.LIBRARY, "CONTAINER": Kind.IMAGE, "FRAMEWORK": Kind.LIBRARY, "FILE": Kind.FILE}
    algorithms = {name: algorithm for algorithm, name in _CHECKSUMS.items()}
    return Component(
        kind=Kind.MODEL
        if purl.startswith("pkg:huggingface/")
        else kinds.get(package.primaryPackagePurpose, Kind.LIBRARY if purl else Kind.FILE),
        name=package.name,
        upstream=purl[4:].partition("/")[0],
        version=package.versionInfo,
        purl=purl,
        digests=tuple(
            sorted(Digest(algorithms[c.algorithm], c.checksumValue.lower()) for c in package.checksums if c.algorithm in algorithms)
        ),
        supplier=package.supplier.removeprefix("Organization: ").replace("NOASSERTION", ""),
        url=package.downloadLocation if "://" in package.downloadLocation else "",
    )


def _edge(row: _Relationship, refs: dict[str, str]) -> Edge | None:
    source, target = refs.get(row.spdxElementId), refs.get(row.relatedSpdxElement)
    known = {r.value for r in Relation}
    relation = Relation(row.comment) if row.comment in known else _BACK.get(row.relationshipType)
    if source is None or target is None or relation is None or row.comment == "listed":
        return None
    return Edge(source, relation, target)


def detects(data: bytes) -> bool:
    """Whether bytes look like SPDX 2 JSON."""
    return b'"spdxVersion"' in data[:20_000] and b"SPDX-2." in data[:20_000]


add_format(
    Format(
        name="spdx-2.3",
        title="SPDX 2.3 JSON",
        media_type="application/spdx+json",
        suffix=".spdx.json",
        write=write,
        read=read,
        detects=detects,
    )
)
