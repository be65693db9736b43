"""From an SPDX 3.0.1 graph to a bill of materials: our own without loss, others' as far as they say what lading knows."""

from collections.abc import Iterable, Iterator

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, DatasetFacts, Edge, FileRecord, License, ModelFacts
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.kinds import Kind, Phase, Relation
from lading.core.merge import sole
from lading.core.pause import collector_paused
from lading.formats._carried import MARK, completed
from lading.formats.spdx3.vocabulary import AI, ALGORITHMS, BACK, DATASET, FILE, INHERITED, KINDS, NAMESPACE, PACKAGE
from lading.formats.spdx3.wire import Document, Element

_decode = msgspec.json.Decoder(Document).decode
_RELATIONS = {r.value: r for r in Relation}
_PHASES = {p.value: p for p in Phase}


def detects(data: bytes) -> bool:
    """Whether bytes look like SPDX 3 JSON-LD."""
    return b'"@graph"' in data and b"spdx.org/rdf/3" in data


def read(data: bytes) -> Bom:
    """The bill of materials of an SPDX 3.0.1 JSON-LD document; FormatError names the place of what is wrong."""
    with collector_paused():
        return Graph(decoded(data)).bom()


def decoded(data: bytes) -> tuple[Element, ...]:
    """The elements as they stand."""
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"not an SPDX 3 document: {e}") from e
    if "spdx.org/rdf/3" not in str(document.context):
        raise FormatError("not an SPDX 3 document: its @context is not that of SPDX 3")
    return document.graph


class Graph:
    """The elements of a document by class and identifier."""

    def __init__(self, elements: Iterable[Element]) -> None:
        self.elements = {e.spdx_id or e.id: e for e in elements}
        rows = self.elements.values()
        self.relationships = [e for e in rows if e.type.endswith("Relationship")]
        self.notes = {str(e.subject): e.statement for e in rows if e.type == "Annotation" and e.statement.startswith(MARK)}
        self.root = self._root()
        self.licenses: dict[str, set[License]] = {}
        self.files: dict[str, set[FileRecord]] = {}
        for row in self.relationships:
            for target in self.targets(row):
                self._sort_in(str(row.from_), row.relationship, target)

    def _root(self) -> str:
        """The package that the collections of the document are about, where it is one."""
        told = {str(r) for e in self.elements.values() if e.type in {"software_Sbom", "Bom", "SpdxDocument"} for r in e.root}
        packages = [r for r in told if r in self.elements and self.elements[r].type in {AI, DATASET, PACKAGE}]
        return packages[0] if len(packages) == 1 else ""

    def targets(self, row: Element) -> list[Element]:
        """The elements of the document that a relationship leads to."""
        return [self.elements[t] for t in map(str, row.to) if t in self.elements]

    def _sort_in(self, source: str, relationship: str, target: Element) -> None:
        if relationship in {"hasDeclaredLicense", "hasConcludedLicense"} and (text := target.license_expression or target.license_text):
            self.licenses.setdefault(source, set()).add(License(text, relationship == "hasConcludedLicense"))
        elif relationship == "contains" and target.type == FILE and (digests := _digests(target)):
            size = target.comment.removesuffix(" bytes")
            record = FileRecord(target.name, int(size) if size.isdecimal() else 0, digests[0], target.content_type)
            self.files.setdefault(source, set()).add(record)

    def bom(self) -> Bom:
        """The bill of materials."""
        subject = self.subject()
        packages = {i: self.component(e) for i, e in self.elements.items() if e.type in {AI, DATASET, PACKAGE} and i != self.root}
        refs = {self.root: subject.ref, **{i: c.ref for i, c in packages.items()}}
        found = sole((refs[i], c) for i, c in packages.items())
        found.pop(subject.ref, None)
        bom = msgspec.structs.replace(self.frame(), subject=subject, components=tuple(found.values()))
        return msgspec.structs.replace(bom, edges=tuple(sorted(set(self.edges(refs)))))

    def frame(self) -> Bom:
        """The bill without what is in it."""
        return completed(
            self.native_frame(), next((self.notes.get(i, "") for i, e in self.elements.items() if e.type == "software_Sbom"), "")
        )

    def native_frame(self) -> Bom:
        """The bill without what is in it, as far as SPDX has properties for it."""
        rows = self.elements.values()
        identifier = next((i for i, e in self.elements.items() if e.type == "SpdxDocument"), "")
        uuid = identifier.removeprefix(NAMESPACE)
        types = (t for e in rows if e.type == "software_Sbom" for t in e.sbom_type)
        return Bom(
            subject=Component(kind=Kind.SYSTEM, name=""),
            created=next((e.created for e in rows if e.type == "CreationInfo"), ""),
            serial=f"urn:uuid:{uuid}" if identifier.startswith(NAMESPACE) else "",
            phase=next((_PHASES[t] for t in types if t in _PHASES), Phase.SOURCE),
            generator=next((e.name for e in rows if e.type == "Tool"), ""),
        )

    def subject(self) -> Component:
        """What the bill is of."""
        native = self.native_subject()
        return msgspec.structs.replace(completed(native, self.notes.get(self.root, "")), kind=Kind.SYSTEM)

    def native_subject(self) -> Component:
        """What the bill is of, as far as SPDX has properties for it."""
        element = self.elements.get(self.root) or next((e for e in self.elements.values() if e.type == "SpdxDocument"), Element())
        return msgspec.structs.replace(self.native(element), kind=Kind.SYSTEM, roles=())

    def component(self, element: Element) -> Component:
        """A package with what a note of lading adds."""
        return completed(self.native(element), self.notes.get(element.spdx_id, ""))

    def native(self, element: Element) -> Component:
        """A package as far as SPDX has properties for it."""
        kind = Kind.MODEL if element.type == AI else Kind.DATASET if element.type == DATASET else KINDS.get(element.purpose, Kind.LIBRARY)
        supplier = self.elements.get(str(element.supplied_by), Element())
        return Component(
            kind=kind,
            name=element.name,
            upstream=element.purl[4:].partition("/")[0],
            version=element.version,
            purl=element.purl,
            roles=(kind,),
            digests=_digests(element),
            files=tuple(sorted(self.files.get(element.spdx_id, ()))),
            licenses=tuple(sorted(self.licenses.get(element.spdx_id, ()))),
            description=element.description,
            supplier=supplier.name,
            url="" if element.download_location in {"NOASSERTION", "NONE"} else element.download_location,
            model=_model(element) if element.type == AI else None,
            dataset=DatasetFacts(size=element.dataset_size) if element.dataset_size else None,
        )

    def edges(self, refs: dict[str, str]) -> Iterator[Edge]:
        """The relationships between packages, but for the one that only gathers what hangs on nothing else."""
        for row in self.relationships:
            relation = _RELATIONS.get(row.comment) or BACK.get(row.relationship)
            source = refs.get(str(row.from_))
            if relation and source is not None and row.comment != INHERITED:
                yield from (Edge(source, relation, refs[t]) for t in map(str, row.to) if t in refs)


def _digests(element: Element) -> tuple[Digest, ...]:
    known = {
        Digest(ALGORITHMS[h.algorithm], h.hash_value.lower())
        for h in element.verified_using
        if h.type == "Hash" and h.algorithm in ALGORITHMS
    }
    return tuple(sorted(known))


def _model(element: Element) -> ModelFacts | None:
    values: dict[str, str] = {e.key: e.value for e in element.hyperparameter}
    *family, architecture = element.type_of_model or ("",)
    flows = dict(line.partition(": ")[::2] for line in element.application.splitlines())
    facts = ModelFacts(
        task=element.domain[0] if element.domain else "",
        architecture=architecture,
        architecture_family=family[0] if family else "",
        parameters=_number(values.get("parameters", "")),
        quantization=values.get("quantization", ""),
        format=values.get("format", ""),
        context_length=_number(values.get("context-length", "")),
        inputs=tuple(filter(None, flows.get("inputs", "").split(", "))),
        outputs=tuple(filter(None, flows.get("outputs", "").split(", "))),
        metrics=tuple((m.key, m.value) for m in element.metric),
        limitations=element.limitation,
    )
    return facts if facts != ModelFacts() else None


_DIGITS = 19


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0
