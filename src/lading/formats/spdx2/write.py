"""From a bill of materials to an SPDX 2.3 document: packages and relationships, notes with what SPDX 2.3 has no field for."""

import hashlib
import re
from collections.abc import Iterator

import msgspec

from lading.catalog.licenses import spdx_expression
from lading.core.bom import Bom
from lading.core.component import Component, License
from lading.core.finding import Report
from lading.core.pause import collector_paused
from lading.formats._carried import difference
from lading.formats.spdx2.read import as_subject, native, native_frame
from lading.formats.spdx2.vocabulary import CHECKSUMS, INHERITED, LENGTHS, NAMESPACE, PURPOSES, RELATIONS
from lading.formats.spdx2.wire import Annotation, Checksum, CreationInfo, Document, ExternalRef, LicenseInfo, Package, Relationship

_LOCATION = re.compile(r"(?:https?|ftp)://[A-Za-z0-9._~-]+(?::[0-9]+)?(?:/(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?\Z")
_PURL = re.compile(r"pkg:[A-Za-z.+-][A-Za-z0-9.+-]*/[^\s]+\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._&,+/'-]*\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_EPOCH = "1970-01-01T00:00:00Z"
_DOCUMENT = "SPDXRef-DOCUMENT"


def write(report: Report) -> bytes:
    """The SPDX 2.3 document of a report's bill of materials, indented."""
    with collector_paused():
        return msgspec.json.format(msgspec.json.encode(_Writer(report.bom).document()), indent=1) + b"\n"


class _Writer:
    def __init__(self, bom: Bom) -> None:
        self.bom = bom
        date = _DATE.match(bom.created)
        self.date = f"{date[0]}Z" if date else _EPOCH
        self.creator = f"Tool: {bom.generator.replace(' ', '-')}" if _NAME.match(bom.generator) else "Tool: lading"
        self.ids = {c.ref: _identifier(c) for c in (*bom.components, bom.subject)}
        unlisted = {x.expression for c in (bom.subject, *bom.components) for x in c.licenses if not _is_listed(x)}
        self.texts = {_license_id(License(text)): text or "none" for text in sorted(unlisted)}

    def document(self) -> Document:
        bom = self.bom
        serial = bom.serial.removeprefix("urn:uuid:")
        document = Document(
            spdx_version="SPDX-2.3",
            data_license="CC0-1.0",
            id=_DOCUMENT,
            name=bom.subject.name or "system",
            document_namespace=NAMESPACE + (serial if re.fullmatch(r"[0-9a-f-]{36}", serial) else bom.fingerprint.hex[:16]),
            creation_info=CreationInfo(self.date, (self.creator,)),
            packages=tuple(self.package(c) for c in (bom.subject, *bom.components)),
            relationships=tuple(self.relationships()),
            has_extracted_licensing_infos=tuple(LicenseInfo(i, text, text) for i, text in sorted(self.texts.items())),
        )
        empty = native_frame(document)
        frame = msgspec.structs.replace(bom, subject=empty.subject, components=(), edges=())
        document.annotations = self.note(difference(frame, empty))
        return document

    def package(self, one: Component) -> Package:
        declared, concluded = ([x for x in one.licenses if x.concluded is stated] for stated in (False, True))
        row = Package(
            name=one.name or "system",
            id=self.ids[one.ref],
            download_location=one.url if _LOCATION.match(one.url) else "NOASSERTION",
            files_analyzed=False,
            version_info=one.version,
            supplier=f"Organization: {one.supplier}" if _NAME.match(one.supplier) else "NOASSERTION",
            primary_package_purpose=PURPOSES.get(one.kind, "OTHER"),
            description=one.description,
            license_concluded=_license_id(concluded[0]) if len(concluded) == 1 else "NOASSERTION",
            license_declared=_license_id(declared[0]) if len(declared) == 1 else "NOASSERTION",
            copyright_text="NOASSERTION",
            checksums=tuple(Checksum(CHECKSUMS[d.algorithm], d.hex) for d in one.digests if len(d.hex) == LENGTHS.get(d.algorithm)),
            external_refs=(ExternalRef("PACKAGE-MANAGER", "purl", one.purl),) if _PURL.match(one.purl) else (),
        )
        back = native(row, self.texts)
        row.annotations = self.note(difference(one, as_subject(back) if one is self.bom.subject else back))
        return row

    def note(self, text: str) -> tuple[Annotation, ...]:
        return (Annotation("OTHER", self.creator, self.date, text),) if text else ()

    def relationships(self) -> Iterator[Relationship]:
        """What hangs on what; on the subject hangs everything that hangs on nothing else."""
        root = self.bom.subject.ref
        yield Relationship(_DOCUMENT, "DESCRIBES", self.ids[root])
        reached = {e.target for e in self.bom.edges if e.source != root}
        for one in self.bom.components:
            if one.ref not in reached:
                yield Relationship(self.ids[root], "DEPENDS_ON", self.ids[one.ref], INHERITED)
        for edge in self.bom.edges:
            if edge.source in self.ids and edge.target in self.ids:
                yield Relationship(self.ids[edge.source], RELATIONS[edge.relation], self.ids[edge.target], edge.relation.value)


def _identifier(one: Component) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", one.name)[:40].strip("-")
    return "-".join(filter(None, ("SPDXRef", one.kind, readable, _short(one.ref))))


def _is_listed(license_: License) -> bool:
    text = license_.expression
    return bool(text) and spdx_expression(text) == text and "LicenseRef-" not in text


def _license_id(license_: License) -> str:
    """The expression itself, or the identifier of a license that is not on the list."""
    return license_.expression if _is_listed(license_) else f"LicenseRef-{_short(license_.expression)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
