"""From a CycloneDX document to a bill of materials: our own losslessly, others' as far as they say what lading knows."""

import gc
import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from lading.core.bom import Bom
from lading.core.component import (
    Component,
    DatasetFacts,
    Edge,
    FileRecord,
    License,
    ModelFacts,
    Occurrence,
    ServiceFacts,
    Unresolved,
)
from lading.core.coverage import Coverage, Skipped
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.kinds import Confidence, Flag, Kind, Pin, Relation, Scope
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.vocabulary import ALGORITHMS, KINDS
from lading.formats.cyclonedx.write import _Context

_DECODER = msgspec.json.Decoder(wire.Document)
_CONTEXT = msgspec.json.Decoder(_Context)
_UNRESOLVED = msgspec.json.Decoder(Unresolved)
_SKIPPED = msgspec.json.Decoder(Skipped)
_COVERAGE = msgspec.json.Decoder(Coverage)
_OCCURRENCE = msgspec.json.Decoder(Occurrence)
_KIND = {k.value: k for k in Kind}
_PIN = {p.value: p for p in Pin}
_CONFIDENCE = {c.value: c for c in Confidence}
_SCOPE = {s.value: s for s in Scope}
DEEPEST = 64
SUPPORTED = ("1.4", "1.5", "1.6", "1.7")


def detects(data: bytes) -> bool:
    """Whether bytes look like a CycloneDX JSON document."""
    return b'"bomFormat"' in data[:4096] or (b"CycloneDX" in data[:4096] and data.lstrip()[:1] == b"{")


def read(data: bytes) -> Bom:
    """The bill of materials of a document; FormatError names the place of what is wrong."""
    enabled = gc.isenabled()
    gc.disable()  # thousands of small objects, none of which is garbage
    try:
        return _bom(_document(data))
    finally:
        if enabled:
            gc.enable()


def _document(data: bytes) -> wire.Document:
    try:
        document = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError) as e:
        raise FormatError(f"not a CycloneDX document: {e}") from e
    if document.bom_format != "CycloneDX" or document.spec_version not in SUPPORTED:
        found = f"{document.bom_format} {document.spec_version}"
        raise FormatError(f"{found} is not read; CycloneDX {', '.join(SUPPORTED)} are", hint="convert it with the tool that wrote it")
    return document


def _bom(document: wire.Document) -> Bom:
    metadata = document.metadata or wire.Metadata()
    subject, subject_edges = _component(metadata.component) if metadata.component else (Component(kind=Kind.SYSTEM, name=""), [])
    subject = msgspec.structs.replace(subject, kind=Kind.SYSTEM)
    reader = _Reader(subject.ref if metadata.component is None else metadata.component.bom_ref or subject.ref, subject.ref)
    reader.edges |= set(subject_edges)
    components = [*reader.components(document.components), *map(reader.service, document.services)]
    edges = reader.resolved(document.dependencies)
    properties = [(p.name, p.value) for p in metadata.properties]
    return Bom(
        subject=subject,
        components=tuple(sorted(components, key=lambda c: (c.kind, c.ref))),
        edges=tuple(sorted(edges)),
        unresolved=tuple(_parsed(_UNRESOLVED, v) for n, v in properties if n == "lading:unresolved"),
        coverage=_coverage(properties),
        created=metadata.timestamp,
        serial=document.serial_number,
        generator=_generator(metadata),
    )


def _parsed(decoder: "msgspec.json.Decoder", text: str):  # type: ignore[no-untyped-def, type-arg]  # noqa: ANN202
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as e:
        raise FormatError(f"a lading: property does not hold what it should: {e}") from e


def _coverage(properties: list[tuple[str, str]]) -> Coverage:
    counts = next((_parsed(_COVERAGE, v) for n, v in properties if n == "lading:coverage"), Coverage())
    unread = tuple(_parsed(_SKIPPED, v) for n, v in properties if n == "lading:unread")
    excluded = tuple(_parsed(_SKIPPED, v) for n, v in properties if n == "lading:excluded")
    return msgspec.structs.replace(counts, unread=unread, excluded=excluded)


def _generator(metadata: wire.Metadata) -> str:
    tools = metadata.tools.components if isinstance(metadata.tools, wire.Tools) else metadata.tools or []
    return f"{tools[0].name} {tools[0].version}".strip() if tools else ""


class _Reader:
    def __init__(self, subject_bom_ref: str, subject: str) -> None:
        self.refs = {subject_bom_ref: subject}
        self.ours = False
        self.edges: set[Edge] = set()

    def components(self, rows: list[wire.Component], depth: int = 0) -> Iterator[Component]:
        """The components of a document, nested ones beside those that contain them."""
        if depth > DEEPEST:
            raise FormatError(f"components nest deeper than {DEEPEST} levels")
        for row in rows:
            component, edges = _component(row)
            ref = component.ref
            self.refs[row.bom_ref or ref] = ref
            if edges:
                self.edges.update(edges)
            yield component
            nested = [c for c in row.components if not _is_file_record(c)] if row.components else ()
            if nested:
                inner = list(self.components(list(nested), depth + 1))
                self.edges |= {Edge(ref, Relation.CONTAINS, c.ref) for c in inner}
                yield from inner

    def service(self, row: wire.Service) -> Component:
        """A hosted service as a component."""
        values = _by_name(row.properties)
        component = Component(
            kind=Kind.SERVICE,
            name=row.name,
            upstream=_first(values, "lading:upstream"),
            version=row.version,
            pin=_PIN.get(_first(values, "lading:pin"), Pin.NONE),
            roles=tuple(_KIND[r] for r in values.get("lading:role", ()) if r in _KIND),
            flags=_flags(values),
            occurrences=tuple(_parsed(_OCCURRENCE, v) for v in values.get("lading:occurrence", ())),
            licenses=_licenses(row.licenses),
            description=row.description,
            url=next((r.url for r in row.external_references if r.type == "distribution"), ""),
            service=_service_facts(row, values),
            properties=_others(row.properties),
        )
        component = msgspec.structs.replace(
            component, supplier=_first(values, "lading:supplier") or (row.provider.name if row.provider else "")
        )
        self.refs[row.bom_ref or component.ref] = component.ref
        self.edges.update(_edges(component.ref, values))
        return component

    def resolved(self, rows: list[wire.Dependency]) -> set[Edge]:
        """The typed edges, and the dependencies that no typed edge tells."""
        known = {(e.source, e.target) for e in self.edges}
        edges = set(self.edges)
        subject = next(iter(self.refs.values()))
        for row in rows:
            source = self.refs.get(row.ref, row.ref)
            if source == subject:
                continue
            for target in row.depends_on:
                pair = (source, self.refs.get(target, target))
                if pair not in known:
                    edges.add(Edge(pair[0], Relation.DEPENDS_ON, pair[1]))
        return edges


def _component(row: wire.Component) -> tuple[Component, list[Edge]]:
    values = _by_name(row.properties) if row.properties else {}
    kind = _KIND.get(_first(values, "lading:kind")) if values else None
    purl = row.purl
    component = Component(
        kind=kind or _kind(row),
        name=f"{row.group}/{row.name}" if row.group and kind is None else row.name,
        upstream=_first(values, "lading:upstream") if values else purl[4:].partition("/")[0],
        version=row.version,
        pin=_PIN.get(_first(values, "lading:pin"), Pin.NONE) if values else Pin.NONE,
        purl=purl,
        roles=tuple(_KIND[r] for r in values["lading:role"] if r in _KIND) if "lading:role" in values else (),
        flags=_flags(values) if "lading:flag" in values else (),
        occurrences=tuple(map(_occurrence, row.evidence.occurrences)) if row.evidence else (),
        digests=_digests(row, values) if row.hashes or "lading:digest" in values else (),
        files=tuple(_file(c) for c in row.components if _is_file_record(c)) if row.components else (),
        licenses=_licenses(row.licenses) if row.licenses else (),
        description=row.description,
        supplier=row.supplier.name if row.supplier else "",
        url=(_first(values, "lading:url") or next((r.url for r in row.external_references if r.type == "distribution"), ""))
        if row.external_references or values
        else "",
        model=_model(row.model_card) if row.model_card else None,
        dataset=_dataset(row, values) if row.data else None,
        properties=_others(row.properties) if row.properties else (),
    )
    return component, (_edges(component.ref, values) if "lading:relation" in values else [])


def _kind(row: wire.Component) -> Kind:
    if row.purl.startswith("pkg:huggingface/"):
        return Kind.DATASET if "repo_type=dataset" in row.purl or row.type == "data" else Kind.MODEL
    return KINDS.get(row.type, Kind.LIBRARY if row.purl else Kind.FILE)


def _by_name(properties: list[wire.Property]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for p in properties:
        values[p.name].append(p.value)
    return values


def _first(values: dict[str, list[str]], name: str) -> str:
    return values[name][0] if name in values else ""


_OWN = re.compile(
    r"lading:(?:kind|pin|upstream|role|flag|digest|relation|url|occurrence|endpoint|region|size|supplier|model:.*|dataset:.*)\Z"
)


def _others(properties: list[wire.Property]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((p.name, p.value) for p in properties if not _OWN.match(p.name)))


def _flags(values: dict[str, list[str]]) -> tuple[Flag, ...]:
    known = {f.value for f in Flag}
    return tuple(Flag(f) for f in values.get("lading:flag", ()) if f in known)


def _edges(ref: str, values: dict[str, list[str]]) -> list[Edge]:
    known = {r.value for r in Relation}
    rows = (value.partition(" ") for value in values.get("lading:relation", ()))
    return [Edge(ref, Relation(relation), target) for relation, _, target in rows if relation in known]


def _digests(row: wire.Component, values: dict[str, list[str]]) -> tuple[Digest, ...]:
    found = [Digest(ALGORITHMS[h.alg], h.content.lower()) for h in row.hashes if h.alg in ALGORITHMS]
    return tuple(sorted([*found, *(Digest.parse(v) for v in values.get("lading:digest", ()))]))


def _is_file_record(row: wire.Component) -> bool:
    return row.type == "file" and bool(row.properties) and row.properties[0].name == "lading:size"


def _file(row: wire.Component) -> FileRecord:
    digest = Digest(ALGORITHMS.get(row.hashes[0].alg, "sha256"), row.hashes[0].content) if row.hashes else Digest("sha256", "")
    return FileRecord(row.name, int(row.properties[0].value), digest, row.mime_type)


def _occurrence(row: wire.Occurrence) -> Occurrence:
    if not row.additional_context.startswith("{"):
        return Occurrence(row.location, row.line, row.symbol)
    try:
        context = _CONTEXT.decode(row.additional_context)
    except msgspec.DecodeError:
        return Occurrence(row.location, row.line, row.symbol)
    return Occurrence(
        row.location,
        row.line,
        row.symbol,
        context.written,
        _CONFIDENCE.get(context.confidence, Confidence.DECLARED),
        _SCOPE.get(context.scope, Scope.RUNTIME),
        context.cell,
        context.cell_line,
    )


def _licenses(rows: list[wire.LicenseChoice]) -> tuple[License, ...]:
    found = []
    for row in rows:
        name = row.license.id or row.license.name if row.license else row.expression
        acknowledgement = (row.license.acknowledgement if row.license else "") or row.acknowledgement
        if name:
            found.append(License(name, acknowledgement == "concluded"))
    return tuple(sorted(found))


def _model(card: wire.ModelCard) -> ModelFacts:
    parameters = card.model_parameters or wire.ModelParameters()
    values = _by_name(card.properties)
    template = _first(values, "lading:model:chat-template")
    return ModelFacts(
        task=parameters.task,
        architecture=parameters.model_architecture,
        architecture_family=parameters.architecture_family,
        parameters=_integer(_first(values, "lading:model:parameters")),
        quantization=_first(values, "lading:model:quantization"),
        format=_first(values, "lading:model:format"),
        context_length=_integer(_first(values, "lading:model:context-length")),
        languages=tuple(values.get("lading:model:language", ())),
        chat_template=Digest.parse(template) if template else None,
        inputs=tuple(i.format for i in parameters.inputs),
        outputs=tuple(o.format for o in parameters.outputs),
        metrics=tuple((m.type, m.value) for m in card.quantitative_analysis.performance_metrics) if card.quantitative_analysis else (),
        limitations=next(iter(card.considerations.technical_limitations), "") if card.considerations else "",
    )


def _integer(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _dataset(row: wire.Component, values: dict[str, list[str]]) -> DatasetFacts | None:
    facts = DatasetFacts(
        records=_integer(_first(values, "lading:dataset:records")),
        size=_integer(_first(values, "lading:dataset:size")),
        languages=tuple(values.get("lading:dataset:language", ())),
        sensitive=next(iter(row.data[0].sensitive_data), ""),
    )
    return facts if facts != DatasetFacts() else None


def _service_facts(row: wire.Service, values: dict[str, list[str]]) -> ServiceFacts | None:
    if not (row.provider or row.endpoints or row.data):
        return None
    return ServiceFacts(
        provider=row.provider.name if row.provider else "",
        endpoint=next(iter(row.endpoints), "") or _first(values, "lading:endpoint"),
        region=_first(values, "lading:region"),
        data_flow=row.data[0].flow if row.data else "bi-directional",
        data=row.data[0].classification if row.data and row.data[0].classification != "unknown" else "",
        authenticated=row.authenticated is not False,
    )
