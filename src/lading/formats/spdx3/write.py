"""From a bill of materials to an SPDX 3.0.1 graph: elements, then notes with what SPDX has no property for."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from lading.catalog.licenses import spdx_expression
from lading.core.bom import Bom
from lading.core.component import Component, FileRecord
from lading.core.digest import Digest
from lading.core.finding import Report
from lading.core.kinds import Relation
from lading.core.pause import collector_paused
from lading.formats._carried import difference
from lading.formats.spdx3.read import Graph
from lading.formats.spdx3.vocabulary import AI, CLASSES, CONTEXT, DATASET, FILE, HASHES, INHERITED, NAMESPACE, PACKAGE, PURPOSES, RELATIONS
from lading.formats.spdx3.wire import Document, Element, Entry, Hash

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_MEDIA_TYPE = re.compile(r"[-+a-z0-9.]+/[-+a-z0-9.]+\Z")
_INFO = "_:creation"
_EPOCH = "1970-01-01T00:00:00Z"


def write(report: Report) -> bytes:
    """The SPDX 3.0.1 document of a report's bill of materials, indented."""
    with collector_paused():
        document = Document(CONTEXT, tuple(_Writer(report.bom).graph()))
        return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


class _Writer:
    def __init__(self, bom: Bom) -> None:
        self.bom = bom
        serial = bom.serial.removeprefix("urn:uuid:")
        self.base = NAMESPACE + (serial if re.fullmatch(r"[0-9a-f-]{36}", serial) else bom.fingerprint.hex[:16])
        self.ids = {c.ref: self.id(c.kind, c.ref) for c in bom.components}
        self.ids[bom.subject.ref] = self.root = self.id("system", bom.subject.ref)

    def id(self, name: str, *of: str) -> str:
        return "-".join([f"{self.base}#{name}", *(_short(" ".join(of)),)]) if of else f"{self.base}#{name}"

    def element(self, type_: str, identifier: str, **properties: Any) -> Element:  # noqa: ANN401 - the fields of an Element
        return Element(type_, spdx_id=identifier, creation_info=_INFO, **properties)

    def graph(self) -> Iterator[Element]:
        """Everything: about the document, the packages, what relates them, and what SPDX cannot say of them."""
        about = list(self.about())
        content = [*self.packages(), *self.relationships(), *self.licenses()]
        sbom, document = self.collections([e.spdx_id for e in content])
        native = Graph([*about, *content, sbom, document])
        notes = list(self.notes(native, sbom.spdx_id))
        ids = [e.spdx_id for e in (*about[1:], *content, *notes)]
        yield from (*about, *content, *notes, *self.collections(ids))

    def about(self) -> Iterator[Element]:
        agent, tool = self.id("agent"), self.id("tool")
        date = _DATE.match(self.bom.created)
        created = f"{date[0]}Z" if date else _EPOCH
        yield Element("CreationInfo", id=_INFO, spec_version="3.0.1", created=created, created_by=(agent,), created_using=(tool,))
        yield self.element("SoftwareAgent", agent, name=self.bom.generator or "lading")
        yield self.element("Tool", tool, name=self.bom.generator or "lading")
        for supplier in sorted({c.supplier for c in (self.bom.subject, *self.bom.components) if c.supplier}):
            yield self.element("Organization", self.id("organization", supplier), name=supplier)

    def collections(self, ids: list[str]) -> tuple[Element, Element]:
        name = self.bom.subject.name
        sbom = self.element(
            "software_Sbom", self.id("sbom"), name=name, root=(self.root,), element=tuple(ids), sbom_type=(self.bom.phase.value,)
        )
        profiles = ("core", "software", "simpleLicensing")
        document = self.element("SpdxDocument", self.base, name=name, root=(sbom.spdx_id,), element=(*ids, sbom.spdx_id), profiles=profiles)
        return sbom, document

    def packages(self) -> Iterator[Element]:
        for one in (self.bom.subject, *self.bom.components):
            yield self.package(one)
            yield from (self.file(f, one) for f in one.files)

    def package(self, one: Component) -> Element:
        element = self.element(
            CLASSES.get(one.kind, PACKAGE),
            self.ids[one.ref],
            name=one.name,
            description=one.description,
            supplied_by=self.id("organization", one.supplier) if one.supplier else None,
            verified_using=_hashes(one.digests),
            version=one.version,
            purl=one.purl if _URI.match(one.purl) else "",
            download_location=one.url if _URI.match(one.url) else "",
            purpose=PURPOSES[one.kind],
        )
        if element.type == AI:
            _fill_model(element, one)
        if element.type == DATASET:
            element.dataset_type = ("noAssertion",)
            element.dataset_size = one.dataset.size if one.dataset else 0
            element.sensitive = "yes" if one.dataset and one.dataset.sensitive else "noAssertion"
        return element

    def file(self, one: FileRecord, owner: Component) -> Element:
        return self.element(
            FILE,
            self.id("file", owner.ref, *map(str, msgspec.structs.astuple(one))),
            name=one.path,
            comment=f"{one.size} bytes",
            verified_using=_hashes((one.digest,)),
            content_type=one.media_type if _MEDIA_TYPE.match(one.media_type) else "",
        )

    def relationships(self) -> Iterator[Element]:
        """What hangs on what; on the subject hangs everything that hangs on nothing else."""
        grouped: dict[tuple[str, Relation], list[str]] = {}
        for edge in self.bom.edges:
            if edge.source in self.ids and edge.target in self.ids:
                grouped.setdefault((edge.source, edge.relation), []).append(self.ids[edge.target])
        reached = {e.target for e in self.bom.edges if e.source != self.bom.subject.ref}
        direct = [self.ids[c.ref] for c in self.bom.components if c.ref not in reached]
        completeness = "complete" if self.bom.complete else "incomplete"
        if direct:
            yield self.relationship(self.root, "dependsOn", direct, INHERITED, completeness)
        for (source, relation), targets in grouped.items():
            yield self.relationship(self.ids[source], RELATIONS[relation], targets, relation.value)
        for one in (self.bom.subject, *self.bom.components):
            if one.files:
                yield self.relationship(self.ids[one.ref], "contains", [self.file(f, one).spdx_id for f in one.files])

    def relationship(self, source: str, type_: str, targets: list[str], comment: str = "", completeness: str = "") -> Element:
        identifier = self.id("relationship", source, type_, comment)
        return self.element(
            "Relationship", identifier, from_=source, relationship=type_, to=tuple(targets), comment=comment, completeness=completeness
        )

    def licenses(self) -> Iterator[Element]:
        everyone = (self.bom.subject, *self.bom.components)
        for text in sorted({x.expression for c in everyone for x in c.licenses}):
            if text and spdx_expression(text) == text:
                yield self.element("simplelicensing_LicenseExpression", self.license(text), license_expression=text)
            else:
                yield self.element("simplelicensing_SimpleLicensingText", self.license(text), name=text, license_text=text)
        for one in everyone:
            for type_, stated in (("hasConcludedLicense", True), ("hasDeclaredLicense", False)):
                if targets := [self.license(x.expression) for x in one.licenses if x.concluded is stated]:
                    yield self.relationship(self.ids[one.ref], type_, targets)

    def license(self, text: str) -> str:
        return self.id("license", text)

    def notes(self, native: Graph, sbom: str) -> Iterator[Element]:
        """What would not be read back: places, pins, scopes, unresolved references, coverage."""
        empty = native.native_frame()
        frame = msgspec.structs.replace(self.bom, subject=empty.subject, components=(), edges=())
        told = [(sbom, difference(frame, empty)), (self.root, difference(self.bom.subject, native.native_subject()))]
        elements = ((self.ids[c.ref], c) for c in self.bom.components)
        told += [(i, difference(c, native.native(native.elements[i]))) for i, c in elements]
        for identifier, text in told:
            if text:
                name = f"annotation-{identifier.rpartition('#')[2]}"
                yield self.element("Annotation", self.id(name), annotation="other", subject=identifier, statement=text)


def _fill_model(element: Element, one: Component) -> None:
    facts = one.model
    if facts is None:
        return
    told = {
        "parameters": str(facts.parameters or ""),
        "quantization": facts.quantization,
        "format": facts.format,
        "context-length": str(facts.context_length or ""),
    }
    flows = [f"{name}: {', '.join(values)}" for name, values in (("inputs", facts.inputs), ("outputs", facts.outputs)) if values]
    element.domain = (facts.task,) if facts.task else ()
    element.type_of_model = tuple(filter(None, (facts.architecture_family, facts.architecture)))
    element.hyperparameter = tuple(Entry(k, v, "DictionaryEntry") for k, v in told.items() if v)
    element.application = "\n".join(flows)
    element.metric = tuple(Entry(k, v, "DictionaryEntry") for k, v in facts.metrics)
    element.limitation = facts.limitations


def _hashes(digests: tuple[Digest, ...]) -> tuple[Hash, ...]:
    return tuple(Hash(HASHES[d.algorithm], d.hex, "Hash") for d in digests if d.algorithm in HASHES)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
