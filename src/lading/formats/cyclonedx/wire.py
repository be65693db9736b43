"""CycloneDX 1.4 to 1.7 JSON as it stands in a document (ECMA-424): the parts lading writes and reads, unknown fields ignored."""

from msgspec import Struct, field


class Wire(Struct, omit_defaults=True, rename="camel", gc=False):
    """A JSON object whose empty fields are left out; arrays are tuples, so that thousands of empty ones cost nothing."""


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
    """A supplier, provider or custodian."""

    name: str = ""


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


class Identity(Wire):
    """How sure the identity of a component is."""

    about: str = field(name="field")
    confidence: float | None = None
    methods: tuple[Method, ...] = ()


class Evidence(Wire):
    """The evidence of a component; `identity` is one object in 1.5."""

    identity: tuple[Identity, ...] | Identity | None = None
    occurrences: tuple[Occurrence, ...] = ()


class Attachment(Wire):
    """Contents by URL, with properties."""

    url: str = ""
    properties: tuple[Property, ...] = ()


class Custodian(Wire):
    """Who keeps data."""

    organization: Organization | None = None


class Governance(Wire):
    """Who is responsible for data."""

    custodians: tuple[Custodian, ...] = ()


class ComponentData(Wire):
    """What a data component holds; within a model card also a dataset by `ref`."""

    ref: str = ""
    type: str = ""
    name: str = ""
    contents: Attachment | None = None
    sensitive_data: tuple[str, ...] = ()
    description: str = ""
    governance: Governance | None = None


class InputOutput(Wire):
    """The format of an input or output."""

    format: str = ""


class ModelParameters(Wire):
    """How a model is made."""

    task: str = ""
    architecture_family: str = ""
    model_architecture: str = ""
    datasets: tuple[ComponentData, ...] = ()
    inputs: tuple[InputOutput, ...] = ()
    outputs: tuple[InputOutput, ...] = ()


class Metric(Wire):
    """A performance metric."""

    type: str = ""
    value: str = ""


class Quantitative(Wire):
    """What was measured of a model."""

    performance_metrics: tuple[Metric, ...] = ()


class Considerations(Wire):
    """What to consider when a model is used."""

    technical_limitations: tuple[str, ...] = ()


class ModelCard(Wire):
    """A model card."""

    model_parameters: ModelParameters | None = None
    quantitative_analysis: Quantitative | None = None
    considerations: Considerations | None = None
    properties: tuple[Property, ...] = ()


class Pedigree(Wire):
    """Where a component comes from."""

    ancestors: tuple["Component", ...] = ()


class Component(Wire):
    """A component, also a nested one."""

    type: str
    name: str
    bom_ref: str = field(default="", name="bom-ref")
    mime_type: str = field(default="", name="mime-type")
    supplier: Organization | None = None
    publisher: str = ""
    group: str = ""
    version: str = ""
    description: str = ""
    hashes: tuple[Hash, ...] = ()
    licenses: tuple[LicenseChoice, ...] = ()
    purl: str = ""
    pedigree: Pedigree | None = None
    external_references: tuple[Reference, ...] = ()
    components: tuple["Component", ...] = ()
    evidence: Evidence | None = None
    model_card: ModelCard | None = None
    data: tuple[ComponentData, ...] = ()
    properties: tuple[Property, ...] = ()


class ServiceData(Wire):
    """What flows to or from a service."""

    flow: str
    classification: str


class Service(Wire):
    """A hosted service."""

    name: str
    bom_ref: str = field(default="", name="bom-ref")
    provider: Organization | None = None
    group: str = ""
    version: str = ""
    description: str = ""
    endpoints: tuple[str, ...] = ()
    authenticated: bool | None = None
    trust_boundary: bool | None = field(default=None, name="x-trust-boundary")
    data: tuple[ServiceData, ...] = ()
    licenses: tuple[LicenseChoice, ...] = ()
    external_references: tuple[Reference, ...] = ()
    services: tuple["Service", ...] = ()
    properties: tuple[Property, ...] = ()


class Dependency(Wire):
    """What a component depends on."""

    ref: str
    depends_on: tuple[str, ...] = ()


class Composition(Wire):
    """How complete a part of the document is."""

    aggregate: str
    assemblies: tuple[str, ...] = ()


class Citation(Wire):
    """Who states a value (1.7)."""

    pointers: tuple[str, ...]
    timestamp: str
    attributed_to: str
    note: str = ""


class Lifecycle(Wire):
    """The phase a document was made in."""

    phase: str = ""


class Tool(Wire):
    """A tool as CycloneDX 1.4 writes it."""

    name: str = ""
    version: str = ""


class Tools(Wire):
    """The tools that made a document, as components."""

    components: tuple[Component, ...] = ()


class Metadata(Wire):
    """About the document."""

    timestamp: str = ""
    lifecycles: tuple[Lifecycle, ...] = ()
    tools: Tools | tuple[Tool, ...] | None = None
    component: Component | None = None
    properties: tuple[Property, ...] = ()


class Document(Wire):
    """A bill of materials."""

    schema_: str = field(default="", name="$schema")
    bom_format: str = ""
    spec_version: str = ""
    serial_number: str = ""
    version: int = 0
    metadata: Metadata | None = None
    components: tuple[Component, ...] = ()
    services: tuple[Service, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    compositions: tuple[Composition, ...] = ()
    citations: tuple[Citation, ...] = ()
