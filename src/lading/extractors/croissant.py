"""Croissant: dataset metadata in JSON-LD with distributions and their checksums (MLCommons Croissant 1.0)."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.licenses import stated
from lading.catalog.upstreams import located
from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Kind, Pin
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.json import json_document


@extractor("croissant.json", "*.croissant.json", "metadata.json")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the dataset that Croissant metadata describes; exact when every distributed file has a SHA-256."""
    if file.size > 4 << 20 or b"croissant" not in file.data:
        return
    document = json_document(file)
    if "croissant" not in document.string("conformsTo"):
        return
    name = document.get("name")
    url = document.string("url") or document.string("name")
    at = Occurrence(file.path, name.line if name else 1, "name", document.string("name"))
    dataset = located(Kind.DATASET, url, at)
    files = [d for d in document.elements("distribution") if d.string("contentUrl")]
    digests = tuple(sorted(Digest("sha256", d.string("sha256").lower()) for d in files if len(d.string("sha256")) == 64))  # noqa: PLR2004 - hex digits
    license_ = document.string("license")
    held = bool(files) and len(digests) == len(files)
    yield replace(
        dataset,
        name=document.string("name") or dataset.name,
        digests=digests,
        pin=Pin.EXACT if held else dataset.pin,
        version=document.string("version") or dataset.version,
        licenses=(stated(license_),) if license_ else (),
        description=document.string("description"),
    )
