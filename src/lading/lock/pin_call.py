"""Pins in Python: `revision=` in the call that loads, put after its last argument or in the place of the one that is there."""

import ast
from collections.abc import Iterator

from lading.core.component import Occurrence
from lading.core.errors import LadingError
from lading.lock.pin_text import Left, Made

_TAKES_REVISION = (
    "from_pretrained",
    "load_dataset",
    "pipeline",
    "snapshot_download",
    "hf_hub_download",
    "SentenceTransformer",
    "CrossEncoder",
)
"""Calls whose keyword for it is `revision`."""


def revision(data: bytes, at: Occurrence, commit: str) -> Made:
    """The edit that pins the call in which a name stands; Left says why there is none."""
    if not at.symbol.endswith(_TAKES_REVISION):
        raise Left(f"{at.symbol} takes no revision, or takes it elsewhere")
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as e:
        raise Left("the file is no Python that is read") from e
    calls = [c for c in _calls(tree, at.symbol.rpartition(".")[2]) if _names(c, at)]
    if len(calls) != 1:
        raise Left("two calls on this line load it" if calls else "the name stands elsewhere than in the call that loads it")
    offsets = _offsets(data)
    there = next((k for k in calls[0].keywords if k.arg == "revision"), None)
    return _replaced(there.value, offsets, commit) if there else _added(data, calls[0], offsets, commit)


def _replaced(value: ast.expr, offsets: list[int], commit: str) -> Made:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        raise Left("its revision is computed")
    return *_span(value, offsets), f'"{commit}"'.encode()


def _added(data: bytes, call: ast.Call, offsets: list[int], commit: str) -> Made:
    if any(isinstance(a, ast.GeneratorExp) for a in call.args):
        raise Left("its arguments are a generator")
    ends = [_span(a, offsets)[1] for a in (*call.args, *(k.value for k in call.keywords))]
    inside = _closing(data, max(ends), _span(call, offsets)[1])
    return inside, inside, f', revision="{commit}"'.encode()


def must_parse(data: bytes, path: str) -> None:
    """Return when an edited file is still Python; LadingError otherwise, before anything is written."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as e:
        raise LadingError(f"{path} would not parse once pinned: nothing was written") from e


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            callee = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if callee == name:
                yield node


def _names(call: ast.Call, at: Occurrence) -> bool:
    """Whether the name is an argument of the call itself, at this place."""
    arguments = (*call.args, *(k.value for k in call.keywords))
    return any(isinstance(a, ast.Constant) and a.value == at.written and a.lineno == at.line for a in arguments)


def _closing(data: bytes, end: int, close: int) -> int:
    """The end of the last argument, with the brackets that stand around it; the last bracket before `close` is that of the call."""
    while (at := _next(data, end)) < close - 1 and data[at : at + 1] == b")":
        end = at + 1
    return end


def _next(data: bytes, start: int) -> int:
    """The next byte that is neither blank nor in a comment."""
    while start < len(data) and data[start : start + 1] in {b" ", b"\t", b"\r", b"\n", b"#", b"\\"}:
        start = data.find(b"\n", start) if data[start : start + 1] == b"#" else start + 1
    return start


def _span(node: ast.expr, offsets: list[int]) -> tuple[int, int]:
    return offsets[node.lineno] + node.col_offset, offsets[node.end_lineno or node.lineno] + (node.end_col_offset or 0)


def _offsets(data: bytes) -> list[int]:
    """Where each line begins, counted from 1, after a mark of byte order."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    offsets = [0, start]
    for line in data[start:].splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    return offsets
