"""SPDX 3.0.1 JSON-LD as it stands in a document: one flat graph of elements; the properties lading writes and reads, others ignored."""

from typing import Any

from msgspec import Struct, field


class Wire(Struct, omit_defaults=True, gc=False):
    """A JSON object whose empty properties are left out."""


class Hash(Wire):
    """A hash of an element; other integrity methods have no algorithm here."""

    algorithm: str = ""
    hash_value: str = field(default="", name="hashValue")
    type: str = field(default="", name="type")


class Entry(Wire):
    """A key and a value."""

    key: str
    value: str = ""
    type: str = field(default="", name="type")


class Element(Wire):
    """An element of any class; `type` says which, and with it which properties mean something."""

    type: str = ""
    id: str = field(default="", name="@id")
    spdx_id: str = field(default="", name="spdxId")
    creation_info: Any = field(default=None, name="creationInfo")
    name: str = ""
    description: str = ""
    comment: str = ""
    # CreationInfo
    spec_version: str = field(default="", name="specVersion")
    created: str = ""
    created_by: tuple[Any, ...] = field(default=(), name="createdBy")
    created_using: tuple[Any, ...] = field(default=(), name="createdUsing")
    # artifacts
    verified_using: tuple[Hash, ...] = field(default=(), name="verifiedUsing")
    supplied_by: Any = field(default=None, name="suppliedBy")
    originated_by: tuple[Any, ...] = field(default=(), name="originatedBy")
    purpose: str = field(default="", name="software_primaryPurpose")
    version: str = field(default="", name="software_packageVersion")
    purl: str = field(default="", name="software_packageUrl")
    download_location: str = field(default="", name="software_downloadLocation")
    content_type: str = field(default="", name="contentType")
    # AI and Dataset profiles
    domain: tuple[str, ...] = field(default=(), name="ai_domain")
    type_of_model: tuple[str, ...] = field(default=(), name="ai_typeOfModel")
    application: str = field(default="", name="ai_informationAboutApplication")
    hyperparameter: tuple[Entry, ...] = field(default=(), name="ai_hyperparameter")
    metric: tuple[Entry, ...] = field(default=(), name="ai_metric")
    limitation: str = field(default="", name="ai_limitation")
    dataset_type: tuple[str, ...] = field(default=(), name="dataset_datasetType")
    dataset_size: int = field(default=0, name="dataset_datasetSize")
    sensitive: str = field(default="", name="dataset_hasSensitivePersonalInformation")
    # licenses
    license_expression: str = field(default="", name="simplelicensing_licenseExpression")
    license_text: str = field(default="", name="simplelicensing_licenseText")
    # relationships and annotations
    from_: Any = field(default=None, name="from")
    relationship: str = field(default="", name="relationshipType")
    to: tuple[Any, ...] = ()
    completeness: str = ""
    annotation: str = field(default="", name="annotationType")
    subject: Any = None
    statement: str = ""
    # collections
    root: tuple[Any, ...] = field(default=(), name="rootElement")
    element: tuple[Any, ...] = ()
    sbom_type: tuple[str, ...] = field(default=(), name="software_sbomType")
    profiles: tuple[str, ...] = field(default=(), name="profileConformance")


class Document(Wire):
    """A document."""

    context: Any = field(default=None, name="@context")
    graph: tuple[Element, ...] = field(default=(), name="@graph")
