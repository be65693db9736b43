"""From a bill of materials to a CycloneDX document: sorted, dated by the bill, the same bytes each time."""

import re
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, DatasetFacts, FileRecord, ModelFacts, Occurrence
from lading.core.finding import Report
from lading.core.kinds import Confidence, Kind, Relation, Scope
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.vocabulary import CONFIDENCE, HASHES, LENGTHS, TYPES

_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`]+\Z")
_CONTEXT = msgspec.json.Encoder()


def write(report: Report, version: str) -> bytes:
    """The document of a report's bill of materials in a version of CycloneDX, indented."""
    return msgspec.json.format(msgspec.json.encode(document(report.bom, version)), indent=1) + b"\n"


def document(bom: Bom, version: str) -> wire.Document:
    """The document of a bill of materials."""
    writer = _Writer(bom)
    return wire.Document(
        schema_=f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        bom_format="CycloneDX",
        spec_version=version,
        serial_number=bom.serial,
        version=1,
        metadata=writer.metadata(),
        components=[writer.component(c) for c in bom.components if c.kind is not Kind.SERVICE],
        services=[writer.service(c) for c in bom.components if c.kind is Kind.SERVICE],
        dependencies=writer.dependencies(),
        compositions=[wire.Composition("complete" if bom.complete else "incomplete", [writer.subject])],
        citations=writer.citations() if version >= "1.7" else [],
    )


class _Writer:
    def __init__(self, bom: Bom) -> None:
        self.bom = bom
        self.subject = bom.subject.ref
        self.by_ref = {c.ref: c for c in bom.components}
        self.edges: dict[str, list[tuple[Relation, str]]] = defaultdict(list)
        for edge in bom.edges:
            self.edges[edge.source].append((edge.relation, edge.target))

    def metadata(self) -> wire.Metadata:
        bom = self.bom
        name, _, version = bom.generator.rpartition(" ")
        tool = wire.Component("application", name or bom.generator, bom_ref=TOOL, version=version) if bom.generator else None
        coverage = bom.coverage
        counts = msgspec.structs.replace(coverage, excluded=(), unread=())
        rows = [
            *(wire.Property("lading:unresolved", _json(u)) for u in bom.unresolved),
            wire.Property("lading:coverage", _json(counts)),
            *(wire.Property("lading:unread", _json(s)) for s in coverage.unread),
            *(wire.Property("lading:excluded", _json(s)) for s in coverage.excluded),
        ]
        return wire.Metadata(
            timestamp=bom.created,
            lifecycles=[wire.Lifecycle("pre-build")],
            tools=wire.Tools([tool]) if tool else None,
            component=self.component(bom.subject),
            properties=rows,
        )

    def component(self, one: Component) -> wire.Component:
        ref = one.ref
        edges = self.edges.get(ref, ())
        digests = [d for d in one.digests if len(d.hex) == LENGTHS.get(d.algorithm, -1)]
        return wire.Component(
            type=TYPES[one.kind],
            name=one.name,
            bom_ref=ref,
            supplier=wire.Organization(one.supplier) if one.supplier else None,
            version=one.version,
            description=one.description,
            hashes=[wire.Hash(HASHES[d.algorithm], d.hex) for d in digests] if digests else [],
            licenses=_licenses(one),
            purl=one.purl,
            pedigree=self.pedigree(edges) if edges else None,
            external_references=_references(one) if one.url else [],
            components=[_file(f, ref) for f in one.files] if one.files else [],
            evidence=_evidence(one) if one.occurrences else None,
            model_card=self.model_card(one, edges) if one.model or (edges and TYPES[one.kind] == "machine-learning-model") else None,
            data=_data(one) if one.kind is Kind.DATASET else [],
            properties=_properties(one, edges),
        )

    def pedigree(self, edges: Sequence[tuple[Relation, str]]) -> wire.Pedigree | None:
        ancestors = [self.by_ref[t] for r, t in edges if r is Relation.DERIVED_FROM and t in self.by_ref]
        rows = [wire.Component(TYPES[a.kind], a.name, version=a.version, purl=a.purl) for a in ancestors if a.kind in TYPES]
        return wire.Pedigree(rows) if rows else None

    def model_card(self, one: Component, edges: Sequence[tuple[Relation, str]]) -> wire.ModelCard | None:
        facts = one.model or ModelFacts()
        datasets = [t for r, t in edges if r is Relation.TRAINED_ON and t in self.by_ref]
        parameters = wire.ModelParameters(
            task=facts.task,
            architecture_family=facts.architecture_family,
            model_architecture=facts.architecture,
            datasets=[wire.DataReference(t) for t in datasets],
            inputs=[wire.InputOutput(i) for i in facts.inputs],
            outputs=[wire.InputOutput(o) for o in facts.outputs],
        )
        card = wire.ModelCard(
            model_parameters=parameters if parameters != wire.ModelParameters() else None,
            quantitative_analysis=wire.Quantitative([wire.Metric(t, v) for t, v in facts.metrics]) if facts.metrics else None,
            considerations=wire.Considerations([facts.limitations]) if facts.limitations else None,
            properties=_facts(facts),
        )
        return card if card != wire.ModelCard() or one.model else None

    def service(self, one: Component) -> wire.Service:
        facts = one.service
        edges = self.edges.get(one.ref, ())
        rows = [wire.Property("lading:occurrence", _json(o)) for o in one.occurrences]
        if facts and facts.endpoint and not _URI.match(facts.endpoint):
            rows.append(wire.Property("lading:endpoint", facts.endpoint))
        if facts and facts.region:
            rows.append(wire.Property("lading:region", facts.region))
        return wire.Service(
            name=one.name,
            bom_ref=one.ref,
            provider=wire.Organization(facts.provider) if facts and facts.provider else None,
            version=one.version,
            description=one.description,
            endpoints=[facts.endpoint] if facts and _URI.match(facts.endpoint) else [],
            authenticated=facts.authenticated if facts else None,
            trust_boundary=True if facts else None,
            data=[wire.ServiceData(facts.data_flow, facts.data or "unknown")] if facts else [],
            licenses=_licenses(one),
            external_references=_references(one),
            properties=[*_properties(one, edges), *rows],
        )

    def dependencies(self) -> list[wire.Dependency]:
        targets: dict[str, set[str]] = defaultdict(set)
        for edge in self.bom.edges:
            targets[edge.source].add(edge.target)
        reached = {t for e in self.bom.edges if e.source != self.subject for t in (e.target,)}
        targets[self.subject] |= self.by_ref.keys() - reached
        return [wire.Dependency(ref, sorted(targets.get(ref, ()))) for ref in (self.subject, *self.by_ref)]

    def citations(self) -> list[wire.Citation]:
        """Who stated the values that lading did not see in bytes itself: the cards of models and datasets."""
        rows = []
        for number, one in enumerate(c for c in self.bom.components if c.kind is not Kind.SERVICE):
            stated = [v for n, v in one.properties if n == "lading:declared-by"]
            if stated and (
                pointers := [f"/components/{number}/{field}" for field in ("licenses", "description", "modelCard") if _has(one, field)]
            ):
                rows.append(wire.Citation(pointers, self.bom.created or "1970-01-01T00:00:00Z", TOOL, f"declared by {stated[0]}"))
        return rows


TOOL = "tool:lading"


def _has(one: Component, field: str) -> bool:
    return bool({"licenses": one.licenses, "description": one.description, "modelCard": one.model}[field])


def _json(value: object) -> str:
    return _CONTEXT.encode(value).decode()


def _licenses(one: Component) -> list[wire.LicenseChoice]:
    rows = []
    for stated in one.licenses:
        acknowledgement = "concluded" if stated.concluded else "declared"
        if " " in stated.expression and re.search(r"\b(?:AND|OR|WITH)\b", stated.expression) and len(one.licenses) == 1:
            rows.append(wire.LicenseChoice(expression=stated.expression, acknowledgement=acknowledgement))
        else:
            rows.append(wire.LicenseChoice(wire.LicenseName(name=stated.expression, acknowledgement=acknowledgement)))
    return rows


def _references(one: Component) -> list[wire.Reference]:
    return [wire.Reference("distribution", one.url)] if _URI.match(one.url) else []


def _file(file: FileRecord, ref: str) -> wire.Component:
    name = HASHES.get(file.digest.algorithm)
    return wire.Component(
        type="file",
        name=file.path,
        bom_ref=f"{ref}#{file.path}",
        mime_type=file.media_type,
        hashes=[wire.Hash(name, file.digest.hex)] if name else [],
        properties=[wire.Property("lading:size", str(file.size))],
    )


def _evidence(one: Component) -> wire.Evidence:
    surest = max((CONFIDENCE[o.confidence] for o in one.occurrences), default=0.9)
    technique = "binary-analysis" if surest == 1.0 else "source-code-analysis"
    identity = [wire.Identity("purl", surest, [wire.Method(technique, surest)])] if one.purl else []
    return wire.Evidence(identity or None, [_occurrence(o) for o in one.occurrences])


class _Context(msgspec.Struct, omit_defaults=True):
    """What an occurrence says beyond location, line and symbol."""

    written: str = ""
    confidence: str = "declared"
    scope: str = "runtime"
    cell: int = 0
    cell_line: int = 0


def _occurrence(o: Occurrence) -> wire.Occurrence:
    plain = o.confidence is Confidence.DECLARED and o.scope is Scope.RUNTIME and not o.written and not o.cell
    context = "" if plain else _json(_Context(o.written, o.confidence.value, o.scope.value, o.cell, o.cell_line))
    return wire.Occurrence(o.path, o.line, o.symbol, context)


def _properties(one: Component, edges: Sequence[tuple[Relation, str]]) -> list[wire.Property]:
    rows = [wire.Property("lading:kind", one.kind.value), wire.Property("lading:pin", one.pin.value)]
    if one.upstream:
        rows.append(wire.Property("lading:upstream", one.upstream))
    rows += [wire.Property("lading:role", r.value) for r in one.roles]
    rows += [wire.Property("lading:flag", f.value) for f in one.flags]
    rows += [wire.Property("lading:digest", str(d)) for d in one.digests if len(d.hex) != LENGTHS.get(d.algorithm, -1)]
    rows += [wire.Property("lading:relation", f"{relation.value} {target}") for relation, target in edges]
    rows += [wire.Property(n, v) for n, v in one.properties]
    if one.url and not _URI.match(one.url):
        rows.append(wire.Property("lading:url", one.url))
    if one.dataset and one.kind is Kind.DATASET:
        rows += _dataset_facts(one.dataset)
    return rows


def _facts(facts: ModelFacts) -> list[wire.Property]:
    values = (
        ("lading:model:parameters", str(facts.parameters or "")),
        ("lading:model:quantization", facts.quantization),
        ("lading:model:format", facts.format),
        ("lading:model:context-length", str(facts.context_length or "")),
        ("lading:model:chat-template", str(facts.chat_template or "")),
        *(("lading:model:language", language) for language in facts.languages),
    )
    return [wire.Property(n, v) for n, v in values if v]


def _dataset_facts(facts: DatasetFacts) -> list[wire.Property]:
    values = (
        ("lading:dataset:records", str(facts.records or "")),
        ("lading:dataset:size", str(facts.size or "")),
        *(("lading:dataset:language", language) for language in facts.languages),
    )
    return [wire.Property(n, v) for n, v in values if v]


def _data(one: Component) -> list[wire.ComponentData]:
    facts = one.dataset or DatasetFacts()
    return [wire.ComponentData("dataset", one.name, sensitive_data=[facts.sensitive] if facts.sensitive else [])]
