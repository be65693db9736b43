"""From a bill of materials to a CycloneDX document: sorted, dated by the bill, the same bytes each time."""

import re
from collections.abc import Collection, Sequence

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge, ModelFacts
from lading.core.finding import Report
from lading.core.kinds import Kind, Relation
from lading.core.pause import collector_paused
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.facts import Facts, data, dataset_in, model_card, model_in, service, service_in
from lading.formats.cyclonedx.parts import (
    Values,
    as_json,
    file,
    is_reference,
    licenses,
    marks,
    place,
    references,
    rows,
    split_digests,
)
from lading.formats.cyclonedx.vocabulary import PHASES, SURENESS, TYPES

_SERIAL = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_TOOL = "tool:lading"
_MODEL = "machine-learning-model"
_SOFTWARE = frozenset({Kind.LIBRARY, Kind.ACTION, Kind.IMAGE, Kind.INFRASTRUCTURE})
Properties = tuple[wire.Property, ...]


def write(report: Report, version: str) -> bytes:
    """The document of a report's bill of materials in a version of CycloneDX, indented."""
    with collector_paused():
        return msgspec.json.format(msgspec.json.encode(document(report.bom, version)), indent=1) + b"\n"


def document(bom: Bom, version: str) -> wire.Document:
    """The document of a bill of materials."""
    writer = _Writer(bom, version)
    return wire.Document(
        schema_=f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        bom_format="CycloneDX",
        spec_version=version,
        serial_number=bom.serial if _SERIAL.match(bom.serial) else "",
        version=1,
        metadata=writer.metadata(),
        components=tuple([writer.component(c, ref) for ref, c in writer.by_ref.items() if c.kind is not Kind.SERVICE]),
        services=tuple([writer.service(c, ref) for ref, c in writer.by_ref.items() if c.kind is Kind.SERVICE]),
        dependencies=tuple(writer.dependencies()),
        compositions=(wire.Composition("complete" if bom.complete else "incomplete", (writer.root,)),),
        citations=tuple(writer.citations()) if version >= "1.7" else (),
    )


class _Writer:
    def __init__(self, bom: Bom, version: str) -> None:
        self.bom = bom
        self.version = version
        self.root = bom.subject.ref
        self.by_ref = {c.ref: c for c in bom.components}
        self.targets: dict[str, list[str]] = {}
        self.relations: dict[str, list[Edge]] = {}
        typed = {(e.source, e.target) for e in bom.edges if e.relation is not Relation.DEPENDS_ON}
        for edge in bom.edges:
            source, target = edge.source, edge.target
            self.targets.setdefault(source, []).append(target)
            if source == self.root or (source, target) in typed:
                self.relations.setdefault(source, []).append(edge)

    def metadata(self) -> wire.Metadata:
        bom = self.bom
        counts = msgspec.structs.replace(bom.coverage, excluded=(), unread=())
        return wire.Metadata(
            timestamp=bom.created,
            lifecycles=(wire.Lifecycle(PHASES[bom.phase]),),
            tools=wire.Tools((_tool(bom.generator),)) if bom.generator else None,
            component=self.component(bom.subject, self.root),
            properties=(
                wire.Property("lading:coverage", as_json(counts)),
                *rows("serial", "" if _SERIAL.match(bom.serial) else bom.serial),
                *rows("unresolved", *map(as_json, bom.unresolved)),
                *rows("unread", *map(as_json, bom.coverage.unread)),
                *rows("excluded", *map(as_json, bom.coverage.excluded)),
            ),
        )

    def component(self, one: Component, ref: str) -> wire.Component:
        row = wire.Component(TYPES[one.kind], one.name, ref, version=one.version, description=one.description, purl=one.purl)
        more: Properties = ()
        if one.supplier:
            row.supplier = wire.Organization(one.supplier)
        if one.digests:
            row.hashes, more = split_digests(one.digests)
        if one.licenses:
            row.licenses = licenses(one.licenses, self.version)
        if one.url:
            row.external_references = references(one)
            more += rows("url", "" if row.external_references else one.url)
        if one.occurrences:
            row.evidence = _evidence(one)
        if one.kind not in _SOFTWARE or one.files or one.model or one.dataset or one.service:
            more += self.contents(one, row)
        if relations := self.relations.get(ref):
            row.pedigree = self.pedigree(relations)
            more += _marked(relations)
        known = marks(one.kind, one.pin, one.roles, one.flags, one.upstream, one.purl.partition("/")[0])
        row.properties = known + more + _others(one) if more or one.properties else known
        return row

    def contents(self, one: Component, row: wire.Component) -> Properties:
        """Fill in what a component is made of: files, what is known about a model or a dataset; the rest comes back as properties."""
        row.components = tuple(map(file, one.files))
        if row.type == _MODEL:
            trained_on = [e.target for e in self.relations.get(row.bom_ref, ()) if e.relation is Relation.TRAINED_ON]
            row.model_card = model_card(one.model or ModelFacts(), trained_on)
        if one.kind is Kind.DATASET:
            row.data = (data(one),)
        return _facts(one, model_in(row.model_card), dataset_in(row.data), None)

    def service(self, one: Component, ref: str) -> wire.Service:
        row = wire.Service(one.name, ref, version=one.version, description=one.description)
        row.properties = marks(one.kind, one.pin, one.roles, one.flags, one.upstream, "")
        row.licenses = licenses(one.licenses, self.version)
        row.external_references = (wire.Reference("documentation", one.url),) if is_reference(one.url) else ()
        if one.service:
            service(one.service, row)
        row.properties += (
            *rows("url", "" if row.external_references else one.url),
            *rows("purl", one.purl),
            *rows("supplier", one.supplier),
            *rows("digest", *map(str, one.digests)),
            *rows("file", *map(as_json, one.files)),
            *rows("occurrence", *map(as_json, one.occurrences)),
            *_marked(self.relations.get(ref, ())),
            *_facts(one, None, None, service_in(row, Values(row.properties))),
            *_others(one),
        )
        return row

    def pedigree(self, edges: Sequence[Edge]) -> wire.Pedigree | None:
        ancestors = [self.by_ref[e.target] for e in edges if e.relation is Relation.DERIVED_FROM and e.target in self.by_ref]
        found = tuple(wire.Component(TYPES[a.kind], a.name, version=a.version, purl=a.purl) for a in ancestors if a.kind in TYPES)
        return wire.Pedigree(found) if found else None

    def dependencies(self) -> list[wire.Dependency]:
        """What hangs on what; on the subject hangs everything that hangs on nothing else."""
        targets = self.targets
        reached = {e.target for e in self.bom.edges if e.source != self.root}
        direct = {*targets.get(self.root, ()), *(self.by_ref.keys() - reached)}
        rest = [wire.Dependency(ref, _sorted(targets[ref]) if ref in targets else ()) for ref in self.by_ref]
        return [wire.Dependency(self.root, _sorted(direct)), *rest]

    def citations(self) -> list[wire.Citation]:
        """Which values an artifact's own card states and lading has not seen in bytes."""
        natives = [c for c in self.bom.components if c.kind is not Kind.SERVICE]
        stated = [(n, c, dict(c.properties).get("lading:declared-by", "")) for n, c in enumerate(natives) if c.properties]
        return [
            wire.Citation(pointers, self.bom.created, c.ref, f"declared by {by}")
            for n, c, by in stated
            if by and self.bom.created and (pointers := tuple(f"/components/{n}/{field}" for field in _declared(c)))
        ]


def _sorted(refs: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(set(refs))) if len(refs) > 1 else tuple(refs)


def _declared(one: Component) -> list[str]:
    told = {
        "licenses": any(not x.concluded for x in one.licenses),
        "description": bool(one.description),
        "modelCard": bool(one.model and TYPES[one.kind] == _MODEL),
        "data": bool(one.dataset and one.kind is Kind.DATASET),
    }
    return [field for field, is_told in told.items() if is_told]


def _marked(edges: Sequence[Edge]) -> Properties:
    """The relations that `dependencies` alone would not tell."""
    return rows("relation", *(f"{e.relation} {e.target}" for e in edges))


def _others(one: Component) -> Properties:
    return tuple(wire.Property(name, value) for name, value in one.properties)


def _tool(generator: str) -> wire.Component:
    name, _, version = generator.rpartition(" ")
    return (
        wire.Component("application", name, _TOOL, version=version) if name and version else wire.Component("application", generator, _TOOL)
    )


def _evidence(one: Component) -> wire.Evidence:
    surest = max(SURENESS[o.confidence] for o in one.occurrences)
    method = wire.Method("binary-analysis" if surest == 1.0 else "source-code-analysis", surest)
    identity = wire.Identity("purl" if one.purl else "name", surest, (method,))
    return wire.Evidence((identity,), tuple(map(place, one.occurrences)))


def _facts(one: Component, *read_back: object) -> Properties:
    """The facts that would not be read back from the fields of their own."""
    told = zip(("model", "dataset", "service"), (one.model, one.dataset, one.service), read_back, strict=True)
    lost = {name: fact for name, fact, back in told if fact is not None and fact != back}
    return rows("facts", as_json(Facts(**lost))) if lost else ()  # type: ignore[arg-type]
