"""TensorFlow Lite and ExecuTorch: flat tables with the operators that a program must bring."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.flatbuffer import BrokenTableError, root
from lading.core.inspection import Grade
from lading.scanners._operations import operations
from lading.scanners._registry import Part, Seen, Span, scanner

_HARMLESS = frozenset({"TFLite_Detection_PostProcess", "VisualWordEmbedding"})
_GRAPHS = frozenset({"XnnpackBackend"})
"""Delegates whose part of a program is a graph of their own operators, and never code."""
LOADER = "TensorFlow Lite"


@scanner("TensorFlow Lite", lambda part: part.head[4:8] == b"TFL3")
def scan(part: Part) -> Iterator[Seen]:
    """Name every operator that is not built in."""
    known = operations()
    try:
        for code in root(part.window).tables(1):
            part.budget.spend(15)
            name = code.text(1)
            kind = name.removeprefix("Flex")
            if kind != name and (kind in known.runs or kind in known.reaches):
                message = f"it holds the operation {name}"
                yield part.sees("operation", message, Grade.MALICIOUS, offset=code.position, effect="execute", loader=LOADER)
            elif name and name not in _HARMLESS and kind not in known.lite:
                message = f"the operator {name} is not built in"
                yield part.sees("onnx-operator", message, offset=code.position, effect="native-load", loader=LOADER)
    except BrokenTableError as e:
        yield part.sees("tensor-bounds", f"{e}", Grade.SUSPICIOUS, effect="integrity", loader=LOADER)
        return
    yield Span(0, part.window.size, inert=True)


@scanner("ExecuTorch program", lambda part: part.head[4:6] == b"ET" and part.head[6:8].isdigit())
def executorch(part: Part) -> Iterator[Seen]:
    """A program for a runtime with parts for its delegates, which are not looked into."""
    place = part.window.find(b"\x7fELF", 0)
    try:
        delegates = {d.text(0) for plan in root(part.window).tables(1) for d in plan.tables(7)}
    except BrokenTableError as e:
        yield part.sees("tensor-bounds", f"{e}", Grade.SUSPICIOUS, effect="integrity", loader="ExecuTorch")
        return
    if place >= 0:
        yield part.sees("native-code", "it holds machine code", Grade.SUSPICIOUS, offset=place, effect="native-load", loader="ExecuTorch")
    elif delegates - _GRAPHS:
        names = ", ".join(sorted(delegates - _GRAPHS))[:200]
        yield part.sees(
            "native-code",
            f"what its delegates run was not looked at: {names}",
            Grade.UNSCANNABLE,
            effect="native-load",
            loader="ExecuTorch",
        )
    yield Span(0, part.window.size)
