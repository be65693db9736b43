"""JSON: configurations of models, tokenizers and adapters, indexes of shards, notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.json import encode

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.scanners._encoded import encoded
from lading.scanners._json import loads, repeated, too_large, walk
from lading.scanners._registry import Nested, Part, Seen, Span, scanner
from lading.scanners._secrets import MESSAGE, secret
from lading.scanners._values import first_telling, telling, values

_BLOCK = 1 << 20
_TOLD = 1000
_READ_TWICE = 1 << 18
_NAMES = (".json", ".ipynb", ".webmanifest", ".jsonl", ".avsc", ".mapping")


def _is_json(part: Part) -> bool:
    if (
        part.context in {"keras-config", "template", "python"}
        or (part.context == "skops" and part.base == "schema.json")
        or part.head[:2] == b"PK"
        or part.head[:1] == b"\x80"
        or b"\x00" in part.head
    ):
        return False
    return part.suffix in _NAMES[:2] or (
        part.context != "template" and part.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and _opens(part)
    )


def _opens(part: Part) -> bool:
    rest = part.head.lstrip(b"\xef\xbb\xbf \t\r\n")[1:].lstrip()[:1]
    return rest in {b'"', b"{", b"[", b"}", b"]"} and part.suffix not in {
        ".py",
        ".j2",
        ".jinja",
        ".safetensors",
        ".toml",
        ".txt",
        ".md",
        ".pkl",
        ".p",
    }


@scanner("JSON", _is_json)
def scan(part: Part) -> Iterator[Seen]:
    """Judge every value by the loaders that read it."""
    limit = too_large(part)
    if limit:
        yield limit
        return
    try:
        document = loads(part.window.view)
    except ValueError as e:
        yield from _lines(part, e)
        return
    yield Span(0, part.window.size)
    yield from judge(part, document)


def judge(part: Part, document: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in JSON
    """Yield what counts against a document, and what lies in it."""
    if isinstance(document, dict) and "nbformat" in document and (cells := _cells(document)) is not None:
        yield from _notebook(part, cells)
        return
    yield from encoded(part.window)
    if part.window.size <= _READ_TWICE and (name := first_telling(repeated(part.window.read(0, part.window.size)))):
        yield part.sees(
            "header-keys", f"{name} stands twice in one table: one loader reads the first, another the last", effect="integrity"
        )
    if part.window.size <= _BLOCK and (place := secret(part.window.read(0, part.window.size))) >= 0:
        yield part.sees("secret", MESSAGE, offset=place, effect="integrity")
    if isinstance(document, dict) and "class_name" in document and "config" in document:
        yield Nested(part.window, part.name, "keras-config")
    elif isinstance(document, dict) and isinstance(document.get("modelTopology"), dict):
        yield Nested(Window(encode(document["modelTopology"])), "modelTopology", "keras-config")
    if isinstance(document, dict) and "learner" in document and "version" in document:
        return
    yield from values(part, walk(document, telling))


def _cells(document: dict[str, Any]) -> list[Any] | None:
    """The cells of a notebook; those of older ones stand in worksheets."""
    if isinstance(document.get("cells"), list):
        return list(document["cells"])
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [c for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list) for c in sheet["cells"]]


def _notebook(part: Part, cells: list[Any]) -> Iterator[Seen]:
    """Every cell with code, as one program; lines for the shell are told."""
    lines: list[str] = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input"))
            text = (
                "".join(s for s in source if isinstance(s, str)) if isinstance(source, list) else source if isinstance(source, str) else ""
            )
            shell = [line for line in text.splitlines() if line.lstrip().startswith(("!", "%"))]
            if any(
                not line.lstrip("!% ").startswith(("pip ", "matplotlib", "load_ext", "time", "autoreload", "cd ", "ls")) for line in shell
            ):
                yield part.sees(
                    "code-file", f"a cell runs a program: {shell[0].strip()[:120]}", effect="execute", loader="whoever runs the notebook"
                )
            told = set(shell)
            lines += [line for line in text.splitlines() if line not in told]
            lines.append("")
    code = "\n".join(lines)
    if code.strip():
        yield Nested(Window(code.encode("utf-8", "replace")), "cells", "python")


def _lines(part: Part, error: ValueError) -> Iterator[Seen]:
    """JSON lines, or no JSON at all."""
    seen: list[Seen] = []
    count = 0
    try:
        for line in _each(part):
            part.budget.spend(2)
            count += 1
            seen += values(part, walk(loads(line), telling)) if len(seen) < _TOLD else ()
    except ValueError:
        count = 0
    if count > 1:
        yield Span(0, part.window.size)
        yield from seen
        return
    yield part.sees("broken-file", f"it is no JSON: {str(error)[:120]}", Grade.UNSCANNABLE)


def _each(part: Part) -> Iterator[bytes]:
    """Every line that is not empty."""
    rest = b""
    for start in range(0, part.window.size, _BLOCK):
        *lines, rest = (rest + part.window.read(start, _BLOCK)).split(b"\n")
        yield from (line for line in lines if line.strip())
    if rest.strip():
        yield rest
