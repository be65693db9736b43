"""From a CycloneDX document to a bill of materials: our own without loss, others' as far as they say what lading knows."""

from collections.abc import Iterator

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge, FileRecord, Occurrence, Unresolved
from lading.core.coverage import Coverage, Skipped
from lading.core.errors import FormatError
from lading.core.kinds import Kind, Phase, Pin, Relation
from lading.core.merge import sole
from lading.core.pause import collector_paused
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.facts import dataset_in, facts_in, model_in, service_in
from lading.formats.cyclonedx.parts import (
    ROLE,
    Values,
    digests_in,
    file_in,
    flags_in,
    from_json,
    is_file,
    kind_in,
    licenses_in,
    pin_in,
    place_in,
    roles_in,
    sole_pin,
    url_in,
)
from lading.formats.cyclonedx.vocabulary import PHASES, usual

_decode = msgspec.json.Decoder(wire.Document).decode
_PHASES = {name: phase for phase, name in PHASES.items()}
_RELATIONS = {r.value: r for r in Relation}
DEEPEST = 64
SUPPORTED = ("1.4", "1.5", "1.6", "1.7")


def detects(data: bytes) -> bool:
    """Whether bytes look like a CycloneDX JSON document; some tools sort the keys, so the mark may stand anywhere."""
    return b'"bomFormat"' in data and b'"CycloneDX"' in data


def read(data: bytes) -> Bom:
    """The bill of materials of a document; FormatError names the place of what is wrong."""
    with collector_paused():
        return _Reader(decoded(data)).bom()


def decoded(data: bytes) -> wire.Document:
    """The document as it stands, in a version that is read."""
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"not a CycloneDX document: {e}") from e
    if document.bom_format != "CycloneDX" or document.spec_version not in SUPPORTED:
        found = f"{document.bom_format or 'a document without bomFormat'} {document.spec_version}".strip()
        raise FormatError(f"{found} is not read; CycloneDX {', '.join(SUPPORTED)} are", hint="convert it with the tool that wrote it")
    return document


class _Reader:
    def __init__(self, document: wire.Document) -> None:
        self.document = document
        self.metadata = document.metadata or wire.Metadata()
        self.values = Values(self.metadata.properties)
        self.ours = bool(self.values.first("coverage"))
        self.refs: dict[str, str] = {}
        self.told: list[tuple[str, Relation, str]] = []

    def bom(self) -> Bom:
        metadata = self.metadata
        subject = self.subject(metadata.component)
        root = subject.ref
        found = sole(self.components())
        found.pop(root, None)
        return Bom(
            subject=subject,
            components=tuple(found.values()),
            edges=tuple(self.edges(root, {root, *found})),
            unresolved=tuple(from_json(v, Unresolved, "lading:unresolved") for v in self.values.all("unresolved")),
            coverage=self.coverage(),
            created=metadata.timestamp,
            serial=self.document.serial_number or self.values.first("serial"),
            phase=next((_PHASES[c.phase] for c in metadata.lifecycles if c.phase in _PHASES), Phase.SOURCE),
            generator=_generator(metadata),
        )

    def coverage(self) -> Coverage:
        counts = from_json(self.values.first("coverage", "{}"), Coverage, "lading:coverage")
        left_out = {name: tuple(from_json(v, Skipped, f"lading:{name}") for v in self.values.all(name)) for name in ("unread", "excluded")}
        return msgspec.structs.replace(counts, **left_out)

    def subject(self, row: wire.Component | None) -> Component:
        if row is None:
            return Component(kind=Kind.SYSTEM, name="")
        values = Values(row.properties)
        subject = msgspec.structs.replace(_component(row, values), kind=Kind.SYSTEM)
        self.refs[row.bom_ref] = subject.ref
        self.relations(subject.ref, values)
        return subject

    def components(self) -> Iterator[tuple[str, Component]]:
        """Every component and service with its reference, nested ones beside those that contain them; not the subject listed again."""
        top = self.metadata.component or wire.Component("", "")
        again = next((c for c in self.document.components if top.bom_ref and c.bom_ref == top.bom_ref), top)
        listed = (*self.document.components, *top.components, *(again.components if again is not top else ()))
        waiting = [("", 0, listed)]
        while waiting:
            parent, depth, rows = waiting.pop()
            for row in rows:
                if row is again or (row.type == "file" and is_file(row)):
                    continue
                pin = sole_pin(row.properties)
                values = None if pin else Values(row.properties)
                component = _component(row, values) if values else _plain(row, pin or Pin.NONE)
                ref = component.ref
                self.refs[row.bom_ref or ref] = ref
                if values:
                    self.relations(ref, values)
                if row.pedigree or row.model_card:
                    yield from self.lineage(row, ref)
                if parent:
                    self.told.append((parent, Relation.CONTAINS, ref))
                if row.components:
                    if depth > DEEPEST:
                        raise FormatError(f"components nest deeper than {DEEPEST} levels")
                    waiting.append((ref, depth + 1, row.components))
                yield ref, component
        yield from self.services()

    def services(self) -> Iterator[tuple[str, Component]]:
        waiting = [(s, 0) for s in self.document.services]
        while waiting:
            row, depth = waiting.pop()
            if depth > DEEPEST:
                raise FormatError(f"services nest deeper than {DEEPEST} levels")
            values = Values(row.properties)
            component = _service(row, values)
            self.refs[row.bom_ref or component.ref] = component.ref
            self.relations(component.ref, values)
            waiting += [(s, depth + 1) for s in row.services]
            yield component.ref, component

    def relations(self, ref: str, values: Values) -> None:
        for value in values.all("relation"):
            relation, _, target = value.partition(" ")
            if relation in _RELATIONS:
                self.told.append((ref, _RELATIONS[relation], target))

    def lineage(self, row: wire.Component, ref: str) -> Iterator[tuple[str, Component]]:
        """Ancestors and the datasets of a card, which others write in place; lading refers to them."""
        parameters = row.model_card.model_parameters if row.model_card else None
        for one in parameters.datasets if parameters else ():
            target = one.ref or (f"dataset:/{one.name}" if one.name else "")
            if target:
                self.told.append((ref, Relation.TRAINED_ON, target))
            if target and not one.ref:
                url = one.contents.url if one.contents else ""
                yield target, Component(kind=Kind.DATASET, name=one.name, description=one.description, url=url, dataset=dataset_in([one]))
        for ancestor in row.pedigree.ancestors if row.pedigree and not self.ours else ():
            component = _plain(ancestor)
            self.told.append((ref, Relation.DERIVED_FROM, component.ref))
            yield component.ref, component

    def edges(self, root: str, known: set[str]) -> Iterator[Edge]:
        """What was told of relations, and the dependencies that are not told already; nothing that leads out of the document."""
        refs = self.refs
        told = {(refs.get(s, s), relation, refs.get(t, t)) for s, relation, t in self.told}
        typed = {(s, t) for s, _, t in told}
        for row in self.document.dependencies:
            if row.depends_on and not (self.ours and refs.get(row.ref) == root):
                source = refs.get(row.ref, row.ref)
                targets = [refs.get(target, target) for target in row.depends_on]
                told.update([(source, Relation.DEPENDS_ON, t) for t in targets if (source, t) not in typed])
        return (Edge(*one) for one in sorted(told) if one[0] in known and one[2] in known)


def _plain(row: wire.Component, pin: Pin = Pin.NONE) -> Component:
    """A component of which `lading:` properties tell no more than the pin."""
    purl = row.purl
    kind, upstream = usual(row.type, purl.partition("/")[0])
    if kind is Kind.MODEL and row.type == "library" and "repo_type=dataset" in purl:
        kind = Kind.DATASET
    return Component(
        kind=kind,
        name=f"{row.group}/{row.name}" if row.group else row.name,
        upstream=upstream,
        version=row.version,
        pin=pin,
        purl=purl,
        roles=ROLE[kind],
        occurrences=_occurrences(row) if row.evidence else (),
        digests=digests_in(row.hashes, None) if row.hashes else (),
        files=_files(row) if row.components else (),
        licenses=licenses_in(row.licenses) if row.licenses else (),
        description=row.description,
        supplier=row.supplier.name if row.supplier else row.publisher,
        url=url_in(row.external_references, None, ours=bool(row.properties)) if row.external_references else "",
        model=model_in(row.model_card) if row.model_card else None,
        dataset=dataset_in(row.data) if row.data else None,
    )


def _component(row: wire.Component, values: Values) -> Component:
    facts = facts_in(values)
    kind, upstream = usual(row.type, row.purl.partition("/")[0])
    if marked := kind_in(values):
        kind, upstream = marked, values.first("upstream")
    return Component(
        kind=kind,
        name=f"{row.group}/{row.name}" if row.group else row.name,
        upstream=upstream,
        version=row.version,
        pin=pin_in(values),
        purl=row.purl,
        roles=roles_in(values, kind),
        flags=flags_in(values),
        occurrences=_occurrences(row),
        digests=digests_in(row.hashes, values),
        files=_files(row),
        licenses=licenses_in(row.licenses),
        description=row.description,
        supplier=row.supplier.name if row.supplier else row.publisher,
        url=url_in(row.external_references, values, ours=bool(values.first("pin"))),
        model=facts.model or model_in(row.model_card),
        dataset=facts.dataset or dataset_in(row.data),
        service=facts.service,
        properties=values.others(),
    )


def _files(row: wire.Component) -> tuple[FileRecord, ...]:
    return tuple(file_in(c) for c in row.components if is_file(c))


def _occurrences(row: wire.Component) -> tuple[Occurrence, ...]:
    return tuple([place_in(o) for o in row.evidence.occurrences]) if row.evidence else ()


def _service(row: wire.Service, values: Values) -> Component:
    provider = row.provider.name if row.provider else ""
    facts = facts_in(values)
    return Component(
        kind=Kind.SERVICE,
        name=f"{row.group}/{row.name}" if row.group else row.name,
        upstream=values.first("upstream"),
        version=row.version,
        pin=pin_in(values),
        purl=values.first("purl"),
        roles=roles_in(values, Kind.SERVICE),
        flags=flags_in(values),
        occurrences=tuple(from_json(v, Occurrence, "lading:occurrence") for v in values.all("occurrence")),
        digests=digests_in((), values),
        files=tuple(from_json(v, FileRecord, "lading:file") for v in values.all("file")),
        licenses=licenses_in(row.licenses),
        description=row.description,
        supplier=values.first("supplier") if values.all("pin") else provider,
        url=next((r.url for r in row.external_references if r.type in {"documentation", "website"}), "") or values.first("url"),
        model=facts.model,
        dataset=facts.dataset,
        service=facts.service or service_in(row, values),
        properties=values.others(),
    )


def _generator(metadata: wire.Metadata) -> str:
    tools = metadata.tools.components if isinstance(metadata.tools, wire.Tools) else metadata.tools or ()
    return f"{tools[0].name} {tools[0].version}".strip() if tools else ""
