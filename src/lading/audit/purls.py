"""A list of package URLs, one on each line, as a bill of materials."""

from pathlib import PurePath

from lading.core.bom import Bom
from lading.core.component import Component, Occurrence
from lading.core.coverage import Coverage, Skipped
from lading.core.kinds import Kind, Pin
from lading.core.merge import merge
from lading.core.purl import parse

MOST = 5_000_000
_KINDS = {"huggingface": Kind.MODEL, "oci": Kind.IMAGE, "github": Kind.ACTION}


def is_list(data: bytes) -> bool:
    """Whether the first line that says something is a package URL."""
    for line in data[:4096].splitlines():
        text = line.strip()
        if text and not text.startswith(b"#"):
            return text.startswith(b"pkg:")
    return False


def read(data: bytes, name: str) -> Bom:
    """Every package URL as a component; a line that is none is told as not read."""
    components, unread = [], []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            found = parse(text)
        except ValueError:
            unread.append(Skipped(name, f"{text[:80]!r} is no package URL", "LD200", number))
            continue
        full = f"{found.namespace}/{found.name}" if found.namespace else found.name
        components.append(
            Component(
                kind=_KINDS.get(found.type, Kind.LIBRARY),
                name=full,
                upstream=found.type,
                version=found.version,
                pin=Pin.MUTABLE if found.version else Pin.NONE,
                purl=text,
                occurrences=(Occurrence(name, number, "purl", text),),
            )
        )
    subject = Component(kind=Kind.SYSTEM, name=PurePath(name).name)
    return Bom(subject=subject, components=tuple(merge(components)), coverage=Coverage(files=1, read=1, unread=tuple(unread)))
