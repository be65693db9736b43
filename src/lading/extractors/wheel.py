"""Wheels that lie in a folder, by their metadata; what is inside of one is read when it is scanned itself."""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec.structs import replace

from lading.catalog import license_words
from lading.catalog.upstreams import library
from lading.core.component import Component, FileRecord, License, Occurrence
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Confidence, Pin
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

LARGEST = 4 << 20


@extractor("*.whl")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the distribution, held to the bytes of its wheel."""
    from email.parser import HeaderParser  # noqa: PLC0415 - for this kind of file alone

    with file.open() as stream:
        head = HeaderParser().parsestr(_metadata(stream, file).decode("utf-8", "replace"))
    name, version = str(head.get("Name") or "").strip(), str(head.get("Version") or "").strip()
    if not name or not version:
        raise ExtractError(f"{file.path} tells no name or no version in its METADATA")
    at = Occurrence(file.path, 0, "wheel", f"{name} {version}", Confidence.VERIFIED)
    spdx = license_words.expression(str(head.get("License-Expression") or head.get("License") or ""))
    yield replace(
        library(name, at, version=version, pin=Pin.EXACT),
        digests=(file.digest,),
        files=(FileRecord(file.path, file.size, file.digest),),
        licenses=(License(spdx),) if spdx else (),
        properties=(("inside", f"not looked at here: lading scan {file.path}"),),
    )


def _metadata(stream: BinaryIO, file: SourceFile) -> bytes:
    import zipfile  # noqa: PLC0415 - as above
    import zlib  # noqa: PLC0415 - as above

    damaged = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = [n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA")]
            if len(names) != 1:
                raise ExtractError(f"{file.path} is no wheel: it has {len(names)} METADATA files in a .dist-info folder")
            with archive.open(names[0]) as member:
                data = member.read(LARGEST + 1)
    except damaged as e:
        raise ExtractError(f"{file.path} is no wheel that can be read: {e}") from e
    if len(data) > LARGEST:
        raise LimitError(f"{file.path} has METADATA of more than the {LARGEST} bytes that are read")
    return data
