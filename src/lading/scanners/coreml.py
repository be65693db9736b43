"""Core ML and PaddlePaddle: messages with operators that a program must bring."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.protobuf import BYTES, BrokenMessageError, Field, fields, text
from lading.core.inspection import Grade
from lading.scanners._registry import Part, Seen, Span, scanner

_NETWORKS = frozenset({303, 403, 500})
_CUSTOM_MODEL, _LINKED_MODEL, _CUSTOM_LAYER = 555, 556, 500
_PADDLE = {
    "py_func": Grade.MALICIOUS,
    "py_layer": Grade.MALICIOUS,
    "load": Grade.SUSPICIOUS,
    "load_combine": Grade.SUSPICIOUS,
    "save": Grade.MALICIOUS,
    "save_combine": Grade.MALICIOUS,
}


@scanner("Core ML", lambda part: part.suffix == ".mlmodel" and part.head[:1] == b"\x08")
def scan(part: Part) -> Iterator[Seen]:
    """Name models and layers that are not built in."""
    try:
        for field in fields(part.window):
            part.budget.spend(6 if field.number in {_CUSTOM_MODEL, _LINKED_MODEL} else 0)
            if field.number == _CUSTOM_MODEL:
                yield part.sees(
                    "onnx-operator",
                    "the model is a class of the program that loads it",
                    offset=field.begin,
                    effect="native-load",
                    loader="Core ML",
                )
            elif field.number == _LINKED_MODEL:
                yield part.sees("external-link", "the model lies in another file", offset=field.begin, effect="read-file", loader="Core ML")
            elif field.number in _NETWORKS and field.kind == BYTES and _has_custom_layer(part, field):
                yield part.sees(
                    "onnx-operator",
                    "a layer is a class of the program that loads it",
                    offset=field.begin,
                    effect="native-load",
                    loader="Core ML",
                )
        yield Span(0, part.window.size, inert=True)
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE)


def _has_custom_layer(part: Part, network: Field) -> bool:
    return any(
        layer.number == 1 and layer.kind == BYTES and any(f.number == _CUSTOM_LAYER for f in fields(part.window, layer.begin, layer.end))
        for layer in fields(part.window, network.begin, network.end)
    )


@scanner("PaddlePaddle program", lambda part: part.suffix == ".pdmodel")
def paddle(part: Part) -> Iterator[Seen]:
    """Name the operators that run Python or reach files."""
    told: set[str] = set()
    try:
        for kind, offset in _operators(part):
            if kind in _PADDLE and kind not in told:
                told.add(kind)
                yield part.sees(
                    "operation",
                    f"the program holds the operator {kind}",
                    _PADDLE[kind],
                    offset=offset,
                    effect="execute",
                    loader="PaddlePaddle",
                )
        yield Span(0, part.window.size, inert=True)
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE)


_BLOCKS, _OPERATOR, _TYPE = 1, 4, 3


def _operators(part: Part) -> Iterator[tuple[str, int]]:
    """Every operator of every block with its place."""
    for block in (b for b in fields(part.window) if b.number == _BLOCKS and b.kind == BYTES):
        for operator in (o for o in fields(part.window, block.begin, block.end) if o.number == _OPERATOR and o.kind == BYTES):
            inner = fields(part.window, operator.begin, operator.end)
            yield next((text(part.window, f) for f in inner if f.number == _TYPE and f.kind == BYTES), ""), operator.begin
