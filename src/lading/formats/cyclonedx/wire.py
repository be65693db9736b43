"""CycloneDX 1.4 to 1.7 JSON as it stands in a document: the parts lading writes and reads, unknown fields ignored (ECMA-424)."""

import msgspec
from msgspec import UNSET, Struct, UnsetType


class Wire(Struct, omit_defaults=True, rename="camel", gc=False):
    """A JSON object whose empty fields are left out."""


class Hash(Wire):
    """A hash of a component or file."""

    alg: str
    content: str


class Property(Wire):
    """A name and a value of a property taxonomy; lading's begin with `lading:`."""

    name: str
    value: str = ""


class LicenseName(Wire):
    """A license by SPDX id or by name."""

    id: str = ""
    name: str = ""
    acknowledgement: str = ""


class LicenseChoice(Wire):
    """A license or an SPDX expression."""

    license: LicenseName | None = None
    expression: str = ""
    acknowledgement: str = ""


class Reference(Wire):
    """An external reference."""

    type: str
    url: str
    comment: str = ""


class Organization(Wire):
    """A supplier, provider or manufacturer."""

    name: str = ""
    url: list[str] | str = msgspec.field(default_factory=list)


class Occurrence(Wire):
    """A place where a component was seen."""

    location: str
    line: int = 0
    symbol: str = ""
    additional_context: str = ""


class Method(Wire):
    """How an identity was established."""

    technique: str
    confidence: float
    value: str = ""


class Identity(Wire):
    """How sure the identity of a component is."""

    field: str
    confidence: float | None = None
    methods: list[Method] = msgspec.field(default_factory=list)


class Evidence(Wire):
    """The evidence of a component."""

    identity: list[Identity] | Identity | None = None
    occurrences: list[Occurrence] = msgspec.field(default_factory=list)


class DataReference(Wire):
    """A dataset by reference."""

    ref: str = ""


class InputOutput(Wire):
    """The format of an input or output."""

    format: str


class ModelParameters(Wire):
    """How a model is made."""

    task: str = ""
    architecture_family: str = ""
    model_architecture: str = ""
    datasets: list[DataReference] = msgspec.field(default_factory=list)
    inputs: list[InputOutput] = msgspec.field(default_factory=list)
    outputs: list[InputOutput] = msgspec.field(default_factory=list)


class Metric(Wire):
    """A performance metric."""

    type: str = ""
    value: str = ""


class Quantitative(Wire):
    """What was measured of a model."""

    performance_metrics: list[Metric] = msgspec.field(default_factory=list)


class Considerations(Wire):
    """What to consider when a model is used."""

    technical_limitations: list[str] = msgspec.field(default_factory=list)


class ModelCard(Wire):
    """A model card."""

    model_parameters: ModelParameters | None = None
    quantitative_analysis: Quantitative | None = None
    considerations: Considerations | None = None
    properties: list[Property] = msgspec.field(default_factory=list)


class ComponentData(Wire):
    """What a data component holds."""

    type: str
    name: str = ""
    description: str = ""
    sensitive_data: list[str] = msgspec.field(default_factory=list)


class Pedigree(Wire):
    """What a component derives from."""

    ancestors: list["Component"] = msgspec.field(default_factory=list)


class Component(Wire):
    """A component."""

    type: str
    name: str
    bom_ref: str = msgspec.field(default="", name="bom-ref")
    mime_type: str = msgspec.field(default="", name="mime-type")
    supplier: Organization | None = None
    group: str = ""
    version: str = ""
    description: str = ""
    hashes: list[Hash] = msgspec.field(default_factory=list)
    licenses: list[LicenseChoice] = msgspec.field(default_factory=list)
    purl: str = ""
    pedigree: Pedigree | None = None
    external_references: list[Reference] = msgspec.field(default_factory=list)
    components: list["Component"] = msgspec.field(default_factory=list)
    evidence: Evidence | None = None
    model_card: ModelCard | None = None
    data: list[ComponentData] = msgspec.field(default_factory=list)
    properties: list[Property] = msgspec.field(default_factory=list)


class ServiceData(Wire):
    """What flows to or from a service."""

    flow: str
    classification: str = ""
    name: str = ""


class Service(Wire):
    """A hosted service."""

    name: str
    bom_ref: str = msgspec.field(default="", name="bom-ref")
    provider: Organization | None = None
    group: str = ""
    version: str = ""
    description: str = ""
    endpoints: list[str] = msgspec.field(default_factory=list)
    authenticated: bool | None = None
    trust_boundary: bool | None = msgspec.field(default=None, name="x-trust-boundary")
    data: list[ServiceData] = msgspec.field(default_factory=list)
    licenses: list[LicenseChoice] = msgspec.field(default_factory=list)
    external_references: list[Reference] = msgspec.field(default_factory=list)
    properties: list[Property] = msgspec.field(default_factory=list)


class Dependency(Wire):
    """What a component depends on."""

    ref: str
    depends_on: list[str] = msgspec.field(default_factory=list)


class Composition(Wire):
    """How complete a part of the document is."""

    aggregate: str
    assemblies: list[str] = msgspec.field(default_factory=list)


class Citation(Wire):
    """Who states a value (1.7)."""

    pointers: list[str]
    timestamp: str
    attributed_to: str
    note: str = ""


class Lifecycle(Wire):
    """The phase a document was made in."""

    phase: str = ""


class Tools(Wire):
    """The tools that made a document, as components and services."""

    components: list[Component] = msgspec.field(default_factory=list)


class OldTool(Wire):
    """A tool as CycloneDX 1.4 writes it."""

    name: str = ""
    version: str = ""


class Metadata(Wire):
    """About the document."""

    timestamp: str = ""
    lifecycles: list[Lifecycle] = msgspec.field(default_factory=list)
    tools: Tools | list[OldTool] | None = None
    component: Component | None = None
    properties: list[Property] = msgspec.field(default_factory=list)


class Document(Wire):
    """A bill of materials."""

    bom_format: str
    spec_version: str
    schema_: str = msgspec.field(default="", name="$schema")
    serial_number: str = ""
    version: int | UnsetType = UNSET
    metadata: Metadata | None = None
    components: list[Component] = msgspec.field(default_factory=list)
    services: list[Service] = msgspec.field(default_factory=list)
    dependencies: list[Dependency] = msgspec.field(default_factory=list)
    compositions: list[Composition] = msgspec.field(default_factory=list)
    citations: list[Citation] = msgspec.field(default_factory=list)
