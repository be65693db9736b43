"""What in an SPDX 2 document is against the standard: required fields, identifiers, relationships, purls, checksums, dates."""

import re
from collections.abc import Iterator

from lading.formats._values import bad_date, bad_hash, bad_purl, bad_word, repeated
from lading.formats.spdx2.read import decoded
from lading.formats.spdx2.vocabulary import ALGORITHMS, LENGTHS, RELATIONSHIPS, WORDS
from lading.formats.spdx2.wire import CreationInfo, Document, Package

_ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+\Z")
_ELSEWHERE = ("DocumentRef-", "NONE", "NOASSERTION")


def problems(data: bytes) -> Iterator[str]:
    """What is wrong with a document, each as a sentence that begins with its place."""
    document = decoded(data)
    yield from _head(document)
    ids = [document.id, *(p.id for p in document.packages), *(f.id for f in document.files)]
    yield from repeated("the SPDXID", ids)
    for number, package in enumerate(document.packages):
        yield from _package(f"$.packages[{number}]", package)
    known = {*ids, *(s.id for s in document.snippets)}
    for number, row in enumerate(document.relationships):
        at = f"$.relationships[{number}]"
        yield from bad_word(f"{at}.relationshipType", row.type or "''", RELATIONSHIPS)
        for ref in (row.source, row.target):
            if ref not in known and not ref.startswith(_ELSEWHERE):
                yield f"{at}: {ref!r} is no element of the document"


def _head(document: Document) -> Iterator[str]:
    info = document.creation_info or CreationInfo()
    if document.id != "SPDXRef-DOCUMENT":
        yield f"$.SPDXID: {document.id!r} instead of 'SPDXRef-DOCUMENT'"
    if document.data_license != "CC0-1.0":
        yield f"$.dataLicense: {document.data_license!r} instead of 'CC0-1.0'"
    for name, value in (
        ("name", document.name),
        ("documentNamespace", document.document_namespace),
        ("creationInfo.created", info.created),
    ):
        if not value:
            yield f"$.{name}: there is none"
    if not info.creators:
        yield "$.creationInfo.creators: nobody is named"
    yield from bad_date("$.creationInfo.created", info.created)


def _package(at: str, package: Package) -> Iterator[str]:
    if not _ID.match(package.id):
        yield f"{at}.SPDXID: {package.id!r} is not of the form SPDXRef-…"
    if not package.download_location:
        yield f"{at}.downloadLocation: there is none; NOASSERTION says so"
    yield from bad_word(f"{at}.primaryPackagePurpose", package.primary_package_purpose.replace("_", "-"), WORDS)
    for n, one in enumerate(package.checksums):
        digits = LENGTHS.get(ALGORITHMS.get(one.algorithm, ""))
        yield from bad_hash(f"{at}.checksums[{n}]", one.algorithm, one.value, digits)
    for ref in package.external_refs:
        yield from bad_purl(f"{at}.externalRefs", ref.locator if ref.type == "purl" else "")
