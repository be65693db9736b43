"""SPDX 2.2 and 2.3 JSON as it stands in a document: the fields lading writes and reads, others ignored."""

from msgspec import Struct, field


class Wire(Struct, omit_defaults=True, rename="camel", gc=False):
    """A JSON object whose empty fields are left out."""


class Checksum(Wire):
    """A checksum of a package or file."""

    algorithm: str
    value: str = field(name="checksumValue")


class ExternalRef(Wire):
    """An identifier of a package in another system."""

    category: str = field(name="referenceCategory")
    type: str = field(name="referenceType")
    locator: str = field(name="referenceLocator")


class Annotation(Wire):
    """A note."""

    annotation_type: str
    annotator: str
    annotation_date: str
    comment: str


class Package(Wire):
    """A package."""

    name: str
    id: str = field(name="SPDXID")
    download_location: str = ""
    files_analyzed: bool = True
    version_info: str = ""
    supplier: str = ""
    originator: str = ""
    primary_package_purpose: str = ""
    description: str = ""
    license_concluded: str = ""
    license_declared: str = ""
    license_comments: str = ""
    copyright_text: str = ""
    checksums: tuple[Checksum, ...] = ()
    external_refs: tuple[ExternalRef, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    has_files: tuple[str, ...] = ()


class File(Wire):
    """A file."""

    name: str = field(name="fileName")
    id: str = field(name="SPDXID")
    checksums: tuple[Checksum, ...] = ()


class Snippet(Wire):
    """A part of a file."""

    id: str = field(name="SPDXID")


class LicenseInfo(Wire):
    """A license that is not on the SPDX list."""

    id: str = field(name="licenseId")
    text: str = field(name="extractedText")
    name: str = ""


class Relationship(Wire):
    """How one element stands to another."""

    source: str = field(name="spdxElementId")
    type: str = field(name="relationshipType")
    target: str = field(name="relatedSpdxElement")
    comment: str = ""


class CreationInfo(Wire):
    """Who made the document, when and with what."""

    created: str = ""
    creators: tuple[str, ...] = ()
    comment: str = ""


class Document(Wire):
    """A document."""

    spdx_version: str
    data_license: str = ""
    id: str = field(default="", name="SPDXID")
    name: str = ""
    document_namespace: str = ""
    creation_info: CreationInfo | None = None
    document_describes: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    files: tuple[File, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    has_extracted_licensing_infos: tuple[LicenseInfo, ...] = ()
    annotations: tuple[Annotation, ...] = ()
