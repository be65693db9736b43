"""lading's own JSON: the whole report as it is, lossless, with the name and version of the format."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from lading.core.bom import Bom
from lading.core.errors import FormatError
from lading.core.finding import Finding, Report, Rule
from lading.formats._registry import Format, add_format
from lading.formats._values import bad_date, bad_purl, repeated

NAME = "lading-report/1"


class _Document(Struct, omit_defaults=True):
    """A report with the name of its format."""

    format: str
    bom: Bom
    findings: tuple[Finding, ...] = ()
    rules: tuple[Rule, ...] = ()


def write(report: Report) -> bytes:
    """The report as indented JSON."""
    encoded = msgspec.json.encode(_Document(NAME, report.bom, report.findings, report.rules))
    return msgspec.json.format(encoded, indent=1) + b"\n"


def read(data: bytes) -> Bom:
    """The bill of materials of a report; FormatError when it is none."""
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"not a lading report: {e}") from e
    if document.format != NAME:
        raise FormatError(f"{document.format!r} is not read; {NAME!r} is", hint="write it again with this version of lading")
    return document.bom


def problems(data: bytes) -> Iterator[str]:
    """What is wrong with a report that can be read: references, package URLs, the date."""
    bom = read(data)
    refs = [bom.subject.ref, *(c.ref for c in bom.components)]
    yield from bad_date("$.bom.created", bom.created)
    yield from repeated("the reference", refs)
    for number, one in enumerate(bom.components):
        yield from bad_purl(f"$.bom.components[{number}].purl", one.purl)
    known = set(refs)
    for number, edge in enumerate(bom.edges):
        yield from (f"$.bom.edges[{number}]: {end!r} is no component" for end in (edge.source, edge.target) if end not in known)


def detects(data: bytes) -> bool:
    """Whether bytes look like a lading report."""
    return b'"lading-report/' in data[:200]


add_format(
    Format(
        name="json",
        title="lading's own JSON, lossless",
        media_type="application/json",
        suffix=".json",
        write=write,
        read=read,
        detects=detects,
        problems=problems,
    )
)
