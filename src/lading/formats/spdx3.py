"""SPDX 3.0.1 JSON-LD with AI and Dataset packages; what SPDX has no property for travels in an annotation of lading's own."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.errors import FormatError
from lading.core.finding import Report
from lading.core.kinds import Kind, Pin, Relation
from lading.formats._registry import Format, add_format

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_MODELS = frozenset({Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING, Kind.TOKENIZER})
_PURPOSE = {
    Kind.SYSTEM: "application",
    Kind.LIBRARY: "library",
    Kind.NATIVE_LIBRARY: "library",
    Kind.DATASET: "data",
    Kind.IMAGE: "container",
    Kind.INFRASTRUCTURE: "platform",
    Kind.ACTION: "application",
    Kind.FILE: "file",
    Kind.SERVICE: "other",
}
_RELATIONS = {
    Relation.CONTAINS: "contains",
    Relation.DEPENDS_ON: "dependsOn",
    Relation.DERIVED_FROM: "descendantOf",
    Relation.TRAINED_ON: "trainedOn",
    Relation.TESTED_ON: "testedOn",
    Relation.TOKENIZED_BY: "dependsOn",
    Relation.BUILT_BY: "usesTool",
    Relation.FETCHED_FROM: "other",
}
_BACK = {v: k for k, v in _RELATIONS.items() if k is not Relation.TOKENIZED_BY}
_HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "blake3": "blake3"}
_MARK = "lading: "

Element = dict[str, Any]


def write(report: Report) -> bytes:
    """The SPDX 3.0.1 document of a report's bill of materials."""
    document = {"@context": CONTEXT, "@graph": list(_Writer(report.bom).graph())}
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


class _Writer:
    def __init__(self, bom: Bom) -> None:
        self.bom = bom
        serial = bom.serial.removeprefix("urn:uuid:") or hashlib.sha256(msgspec.json.encode(bom)).hexdigest()
        self.base = f"https://spdx.org/spdxdocs/lading-{serial}"
        self.ids = {c.ref: self.id(f"{c.kind}-{_short(c.ref)}") for c in (bom.subject, *bom.components)}
        self.suppliers = sorted({c.supplier for c in bom.components if c.supplier})

    def id(self, name: str) -> str:
        return f"{self.base}#{name}"

    def element(self, type_: str, identifier: str, **properties: object) -> Element:
        filled = {k: v for k, v in properties.items() if v not in ("", [], None)}
        return {"type": type_, "spdxId": identifier, "creationInfo": "_:creation", **filled}

    def graph(self) -> Iterator[Element]:
        created = self.bom.created or "1970-01-01T00:00:00Z"
        agent, tool = self.id("agent"), self.id("tool")
        yield {
            "type": "CreationInfo",
            "@id": "_:creation",
            "specVersion": "3.0.1",
            "created": created,
            "createdBy": [agent],
            "createdUsing": [tool],
        }
        yield self.element("SoftwareAgent", agent, name=self.bom.generator or "lading")
        yield self.element("Tool", tool, name=self.bom.generator or "lading")
        for supplier in self.suppliers:
            yield self.element("Organization", self.id(f"organization-{_short(supplier)}"), name=supplier)
        rows = [self.package(c) for c in (self.bom.subject, *self.bom.components)]
        relationships = list(self.relationships())
        annotations = list(self.annotations())
        yield from rows
        yield from relationships
        yield from annotations
        everything = [e["spdxId"] for e in (*rows, *relationships, *annotations)]
        sbom = self.element(
            "software_Sbom",
            self.id("sbom"),
            name=self.bom.subject.name,
            rootElement=[self.ids[self.bom.subject.ref]],
            element=everything,
            software_sbomType=["source"],
        )
        yield sbom
        yield self.element(
            "SpdxDocument",
            self.base,
            name=self.bom.subject.name,
            rootElement=[sbom["spdxId"]],
            element=[*everything, sbom["spdxId"], agent, tool],
            profileConformance=["core", "software", "simpleLicensing"],
        )

    def package(self, one: Component) -> Element:
        type_ = "ai_AIPackage" if one.kind in _MODELS else "dataset_DatasetPackage" if one.kind is Kind.DATASET else "software_Package"
        extra: dict[str, object] = {}
        if one.kind is Kind.DATASET:
            extra = {
                "dataset_datasetType": ["noAssertion"],
                "dataset_datasetSize": one.dataset.size if one.dataset and one.dataset.size else None,
            }
        elif one.model:
            extra = {
                "ai_typeOfModel": [t for t in (one.model.architecture_family, one.model.architecture) if t],
                "ai_domain": [one.model.task] if one.model.task else [],
                "ai_limitation": one.model.limitations,
                "ai_metric": [{"type": "DictionaryEntry", "key": k, "value": v} for k, v in one.model.metrics],
            }
        return self.element(
            type_,
            self.ids[one.ref],
            name=one.name or "system",
            description=one.description,
            suppliedBy=self.id(f"organization-{_short(one.supplier)}") if one.supplier else None,
            verifiedUsing=[
                {"type": "Hash", "algorithm": _HASHES[d.algorithm], "hashValue": d.hex} for d in one.digests if d.algorithm in _HASHES
            ],
            software_packageVersion=one.version,
            software_packageUrl=one.purl,
            software_downloadLocation=one.url if "://" in one.url and " " not in one.url else "",
            software_primaryPurpose="model" if one.kind in _MODELS else _PURPOSE[one.kind],
            **extra,
        )

    def relationships(self) -> Iterator[Element]:
        listed = {e.target for e in self.bom.edges}
        root = self.bom.subject.ref
        direct = sorted(self.ids[c.ref] for c in self.bom.components if c.ref not in listed)
        if direct:
            completeness = "complete" if self.bom.complete else "incomplete"
            yield self.element(
                "Relationship",
                self.id("relationship-inherits"),
                **{"from": self.ids[root]},
                relationshipType="dependsOn",
                to=direct,
                completeness=completeness,
            )
        for edge in self.bom.edges:
            if edge.source in self.ids and edge.target in self.ids:
                name = self.id(f"relationship-{edge.relation}-{_short(edge.source + ' ' + edge.target)}")
                yield self.element(
                    "Relationship",
                    name,
                    comment=edge.relation.value,
                    **{"from": self.ids[edge.source]},
                    relationshipType=_RELATIONS[edge.relation],
                    to=[self.ids[edge.target]],
                )
        for one in self.bom.components:
            for stated in one.licenses:
                license_id = self.id(f"license-{_short(stated.expression)}-{_short(one.ref)}")
                yield self.element(
                    "simplelicensing_SimpleLicensingText", license_id, name=stated.expression, simplelicensing_licenseText=stated.expression
                )
                kind = "hasConcludedLicense" if stated.concluded else "hasDeclaredLicense"
                yield self.element(
                    "Relationship",
                    self.id(f"licensed-{_short(one.ref + stated.expression)}"),
                    **{"from": self.ids[one.ref]},
                    relationshipType=kind,
                    to=[license_id],
                )

    def annotations(self) -> Iterator[Element]:
        """What SPDX has no property for: places, pins, scopes, unresolved references, coverage."""
        bare = msgspec.structs.replace(self.bom, components=(), edges=())
        rows: list[tuple[str, str, object]] = [("bom", self.ids[self.bom.subject.ref], bare)]
        rows += [(_short(c.ref), self.ids[c.ref], c) for c in self.bom.components]
        for name, subject, value in rows:
            statement = _MARK + msgspec.json.encode(value).decode()
            yield self.element(
                "Annotation",
                self.id(f"annotation-{name}"),
                annotationType="other",
                subject=subject,
                statement=statement,
                contentType="text/plain",
            )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def read(data: bytes) -> Bom:
    """The bill of materials of an SPDX 3.0.1 JSON-LD document; FormatError when it is none."""
    try:
        graph = msgspec.json.decode(data)["@graph"]
        elements = {str(e.get("spdxId", e.get("@id", n))): e for n, e in enumerate(graph)}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise FormatError(f"not an SPDX 3 document: {e}") from e
    carried = {e["subject"]: e["statement"] for e in elements.values() if str(e.get("statement", "")).startswith(_MARK) and "subject" in e}
    root = next((r for e in elements.values() if e.get("type") == "software_Sbom" for r in e.get("rootElement", [])), "")
    bare = _decoded(carried.pop(root), Bom) if root in carried else None
    packages = {i: e for i, e in elements.items() if str(e.get("type", "")).endswith("Package") and i != root}
    components = {i: _decoded(carried[i], Component) if i in carried else _component(e) for i, e in packages.items()}
    subject = bare.subject if bare else _subject(elements.get(root, {}))
    refs = {root: subject.ref, **{i: c.ref for i, c in components.items()}}
    bom = bare or Bom(
        subject=subject, created=next((str(e.get("created", "")) for e in elements.values() if e.get("type") == "CreationInfo"), "")
    )
    edges = {edge for e in elements.values() if e.get("type") == "Relationship" for edge in _edges(e, refs)}
    return msgspec.structs.replace(
        bom, components=tuple(sorted(components.values(), key=lambda c: (c.kind, c.ref))), edges=tuple(sorted(edges))
    )


def _decoded(statement: str, type_):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    try:
        return msgspec.json.decode(statement.removeprefix(_MARK), type=type_)
    except msgspec.DecodeError as e:
        raise FormatError(f"an annotation of lading does not hold what it should: {e}") from e


def _subject(element: Element) -> Component:
    return Component(kind=Kind.SYSTEM, name=str(element.get("name", "")))


def _component(element: Element) -> Component:
    purl = str(element.get("software_packageUrl", ""))
    kinds = {
        "library": Kind.LIBRARY,
        "container": Kind.IMAGE,
        "platform": Kind.INFRASTRUCTURE,
        "file": Kind.FILE,
        "model": Kind.MODEL,
        "data": Kind.DATASET,
    }
    types = {"ai_AIPackage": Kind.MODEL, "dataset_DatasetPackage": Kind.DATASET}
    return Component(
        kind=types.get(str(element["type"])) or kinds.get(str(element.get("software_primaryPurpose", "")), Kind.LIBRARY),
        name=str(element.get("name", "")),
        upstream=purl[4:].partition("/")[0],
        version=str(element.get("software_packageVersion", "")),
        pin=Pin.NONE,
        purl=purl,
        description=str(element.get("description", "")),
        url=str(element.get("software_downloadLocation", "")),
    )


def _edges(element: Element, refs: dict[str, str]) -> Iterator[Edge]:
    known = {r.value for r in Relation}
    comment = str(element.get("comment", ""))
    relation = Relation(comment) if comment in known else _BACK.get(str(element.get("relationshipType", "")))
    source = refs.get(str(element.get("from", "")))
    if source is None or relation is None or str(element.get("spdxId", "")).endswith("#relationship-inherits"):
        return
    for target in element.get("to", []):
        if target in refs:
            yield Edge(source, relation, refs[target])


def detects(data: bytes) -> bool:
    """Whether bytes look like SPDX 3 JSON-LD."""
    return b"spdx.org/rdf/3" in data[:4096]


for _name in ("spdx", "spdx-3"):
    add_format(
        Format(
            name=_name,
            title="SPDX 3.0.1 JSON-LD with AI and Dataset packages",
            media_type="application/spdx+json; version=3.0.1",
            suffix=".spdx3.json",
            write=write,
            read=read,
            detects=detects,
        )
    )
