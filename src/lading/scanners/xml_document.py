"""XML: PMML, OpenVINO, pictures; declarations that reach for other files, and operators that a library must bring."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.syntax.programs import reads_as_program

_LETTERS = 25
"""How many bytes are searched for one unit of work."""
_OPENING = pattern(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|PMML|net|svg|!DOCTYPE|!--)")
_ENTITY = pattern(rb"<!ENTITY\s++(?:%\s++)?\S++\s++(SYSTEM|PUBLIC)?")
_OUTSIDE = pattern(rb"<!DOCTYPE\s+\S+\s+(?:SYSTEM|PUBLIC)|<xi:include\b|xmlns:xi=|<\?xml-stylesheet|<xsl:")
_SCRIPT = pattern(rb"<script\b|\son\w+\s*=\s*[\"']|javascript:", re.IGNORECASE)
_PMML_EXTENSION = pattern(rb"<Extension\b[^<]{0,4000}(?:</Extension>)?")
_EXTENSION = pattern(rb"<layer\b[^<>]{0,2000}\b(?:version=[\"'](?!opset\d+[\"'])|library=[\"']|type=[\"'](?=Python[\"']))([^\"']{0,60})")


@scanner(
    "XML",
    lambda part: (
        part.suffix in {".xml", ".pmml", ".svg"} or (bool(_OPENING.match(part.head)) and part.suffix not in {".html", ".htm", ".md"})
    ),
)
def scan(part: Part) -> Iterator[Seen]:
    """Search the text; it is never parsed, so that nothing in it can unfold."""
    if part.window.size > part.limits.text_bytes:
        yield part.sees("limit", "a document longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    data = part.window.read(0, part.window.size)
    part.budget.spend(len(data) // _LETTERS)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in data[:200]:
        yield part.sees("broken-file", "it is encoded in a way that is not read here", Grade.UNSCANNABLE)
    entities = Counter(bool(m.group(1)) for m in _ENTITY.finditer(data))
    if entities[True] or _OUTSIDE.search(data):
        yield part.sees(
            "external-link", "it declares a text that lies in another file or at an address", effect="read-file", loader="XML readers"
        )
    elif entities:
        yield part.sees(
            "archive-bomb",
            f"it declares {entities[False]} texts that can unfold into each other",
            effect="exhaustion",
            loader="XML readers",
        )
    if _SCRIPT.search(data):
        yield part.sees("data-code", "it holds a script", Grade.SUSPICIOUS, effect="execute", loader="browsers")
    program = next((m for m in _PMML_EXTENSION.finditer(data) if reads_as_program(m.group(0).decode("utf-8", "replace"))), None)
    if program:
        yield part.sees("data-code", "an extension of it holds a program", offset=program.start(), effect="execute", loader="PMML readers")
    custom = _EXTENSION.search(data) if b"<net" in data[:400] else None
    if custom:
        kind = custom.group(1).decode("latin-1")
        yield part.sees(
            "onnx-operator",
            f"a layer is of {kind!r}, which is no set of operators of OpenVINO and must be brought by a library",
            offset=custom.start(),
            effect="native-load",
            loader="OpenVINO",
        )
    yield Span(0, part.window.size)
