"""ONNX: graphs, sub-graphs and functions, for tensors in other files and for operators that are not of ONNX."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.protobuf import BYTES, FIXED32, FIXED64, VARINT, BrokenMessageError, Field, fields, looks_like, text
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._operations import DOMAINS, PYTHON, operations
from lading.scanners._reached import leads_out
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.syntax.programs import reads_as_program

_MODEL = {1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES, 8: BYTES, 14: BYTES, 20: BYTES, 25: BYTES, 26: BYTES}
_COMPILED = "EPContext"
"""An operator whose part of the graph was compiled for an accelerator, here or in a file that it names."""
LOADER = "onnx.load, ONNX Runtime"
_DEEPEST = 12
_STANDARD = frozenset({"", "ai.onnx"})
_DEFINED = frozenset({"local", "pkg.torch", "pkg.onnxscript.torch_lib", "pkg.onnxscript.torch_lib.common"})
"""Domains whose operators a model defines for itself."""
_MOST_ITEMS = 1 << 62
_TENSOR = {1: {VARINT, BYTES}, 2: {VARINT}, 4: {BYTES, FIXED32}, 5: {BYTES, VARINT}, 6: {BYTES}, 7: {BYTES, VARINT}, 8: {BYTES}, 9: {BYTES},
           10: {BYTES, FIXED64}, 11: {BYTES, VARINT}, 12: {BYTES}, 13: {BYTES}, 14: {VARINT}}  # fmt: skip
"""Fields of one tensor, with their kinds."""
_KINDS = 30
"""Types of numbers that a tensor can be of."""


def _is_onnx(part: Part) -> bool:
    if part.suffix == ".onnx" and part.head[:1] in {b"\x08", b"\x12", b"\x3a", b"\x42"}:
        return True
    return (
        part.head[:1] == b"\x08"
        and part.suffix != ".mlmodel"
        and part.base != "saved_model.pb"
        and looks_like(part.window, _MODEL, frozenset({7, 8}))
    )


@scanner("ONNX", _is_onnx)
def scan(part: Part) -> Iterator[Seen]:
    """Walk the model; every field of it belongs to the schema or is told."""
    walk = _Walk(part)
    try:
        for field in fields(part.window):
            if _MODEL.get(field.number) != field.kind:
                yield part.sees("broken-file", f"field {field.number} is not of an ONNX model", Grade.SUSPICIOUS, offset=field.begin)
                return
            if field.number == 7:  # noqa: PLR2004 - the graph
                yield from walk.graph(field, 0)
            elif field.number == 25:  # noqa: PLR2004 - a function of the model's own
                yield from walk.function(field)
            elif field.number == 14:  # noqa: PLR2004 - a text about the model
                yield from _about(part, field)
            elif field.number == 20:  # noqa: PLR2004 - how it is trained: two more graphs
                for inner in fields(part.window, field.begin, field.end):
                    if inner.number in {1, 2} and inner.kind == BYTES:
                        yield from walk.graph(inner, 0)
            yield Span(walk.position, field.end)
            walk.position = field.end
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE, offset=walk.position)
    yield from walk.operators()


def _about(part: Part, entry: Field) -> Iterator[Seen]:
    """A text about the model that is a program: nothing runs it but who is told to."""
    for field in fields(part.window, entry.begin, entry.end):
        if field.kind == BYTES and reads_as_program(text(part.window, field)):
            message = "a text about the model is a program"
            yield part.sees("data-code", message, offset=field.begin, effect="execute", loader="whoever reads the metadata")
            return


def _is_tensor(part: Part) -> bool:
    """Whether the whole is one tensor, as the tests of ONNX keep inputs and outputs."""
    if part.suffix != ".pb" or part.head[:1] not in {b"\x08", b"\x0a", b"\x10"}:
        return False
    found: dict[int, int] = {}
    try:
        for field in fields(part.window):
            if field.kind not in _TENSOR.get(field.number, ()):
                return False
            found[field.number] = field.value
    except BrokenMessageError:
        return False
    return 0 < found.get(2, 0) < _KINDS and bool(found.keys() & {4, 5, 6, 7, 9, 10, 11, 13})


@scanner("ONNX tensor", _is_tensor)
def tensor(part: Part) -> Iterator[Seen]:
    """One tensor: its numbers, or the file that they lie in."""
    walk = _Walk(part)
    try:
        yield from walk.tensor(Field(0, BYTES, 0, 0, part.window.size))
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE, offset=walk.position)
    yield Span(walk.position, part.window.size)


class _Walk:
    """What is gathered on the way through a model."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.window = part.window
        self.position = 0
        self.used: dict[tuple[str, str], int] = {}
        self.own: set[tuple[str, str]] = set()
        self.places: set[str] = set()

    def graph(self, graph: Field, depth: int) -> Iterator[Seen]:
        """Nodes, initializers and sparse initializers of one graph."""
        if depth > _DEEPEST:
            yield self.part.sees("limit", "graphs nested deeper than is followed", Grade.UNSCANNABLE, effect="exhaustion")
            return
        for field in fields(self.window, graph.begin, graph.end):
            if field.number == 1 and field.kind == BYTES:
                yield from self.node(field, depth)
            elif field.number == 5 and field.kind == BYTES:  # noqa: PLR2004 - an initializer
                yield from self.tensor(field)
            elif field.number == 15 and field.kind == BYTES:  # noqa: PLR2004 - a sparse initializer
                yield from self.sparse(field)

    def function(self, function: Field) -> Iterator[Seen]:
        """The nodes of a function, whose name is one of the model's own operators from here on."""
        name = domain = ""
        for field in fields(self.window, function.begin, function.end):
            if field.number == 1:
                name = text(self.window, field)
            elif field.number == 10:  # noqa: PLR2004 - the domain
                domain = text(self.window, field)
            elif field.number == 7:  # noqa: PLR2004 - a node
                yield from self.node(field, 1)
        self.own.add((domain, name))

    def node(self, node: Field, depth: int) -> Iterator[Seen]:
        """One operator and its attributes, which may hold tensors and graphs."""
        kind = domain = ""
        for field in fields(self.window, node.begin, node.end):
            if field.number == 4:  # noqa: PLR2004 - the operator
                kind = text(self.window, field)
            elif field.number == 7:  # noqa: PLR2004 - its domain
                domain = text(self.window, field)
            elif field.number == 5 and field.kind == BYTES:  # noqa: PLR2004 - an attribute
                yield from self.attribute(field, depth)
        self.used.setdefault((domain, kind), node.begin)

    def attribute(self, attribute: Field, depth: int) -> Iterator[Seen]:
        """Tensors and graphs in an attribute."""
        for field in fields(self.window, attribute.begin, attribute.end):
            if field.number in {5, 10} and field.kind == BYTES:
                yield from self.tensor(field)
            elif field.number in {6, 11} and field.kind == BYTES:
                yield from self.graph(field, depth + 1)
            elif field.number in {22, 23} and field.kind == BYTES:
                yield from self.sparse(field)

    def sparse(self, tensor: Field) -> Iterator[Seen]:
        """The two tensors of a sparse one: values and indices."""
        for field in fields(self.window, tensor.begin, tensor.end):
            if field.number in {1, 2} and field.kind == BYTES:
                yield from self.tensor(field)

    def tensor(self, tensor: Field) -> Iterator[Seen]:
        """Where the numbers of a tensor are: here, or in a file beside the model."""
        count = 1
        for field in fields(self.window, tensor.begin, tensor.end):
            if field.number == 9 and field.kind == BYTES and field.end > field.begin:  # noqa: PLR2004 - the numbers
                yield Span(self.position, field.begin)
                yield Span(field.begin, field.end, inert=True)
                self.position = field.end
            elif field.number == 13 and field.kind == BYTES:  # noqa: PLR2004 - an entry about another file
                yield from self.elsewhere(field)
            elif field.number == 1 and field.kind == VARINT:
                count *= field.value
        if count > _MOST_ITEMS:
            message = "a tensor has more items than 63 bits count, or a negative number of them"
            yield self.part.sees("tensor-bounds", message, offset=tensor.begin, effect="integrity", loader=LOADER)

    def elsewhere(self, entry: Field) -> Iterator[Seen]:
        """The file that a tensor lies in."""
        pair = {f.number: text(self.window, f) for f in fields(self.window, entry.begin, entry.end) if f.kind == BYTES}
        place = pair.get(2, "")
        if pair.get(1) == "location" and place not in self.places:
            plain = place.replace("\\", "/")
            if plain.startswith(("/", "~")) or ".." in plain.split("/") or plain[1:2] == ":" or "://" in plain:
                message = f"a tensor lies at {place}, outside of the folder of the model"
                if len(self.places) < 200:  # noqa: PLR2004 - enough to see what it is
                    self.places.add(place)
                    yield self.part.sees("onnx-external", message, Grade.MALICIOUS, offset=entry.begin, effect="read-file", loader=LOADER)
        elif pair.get(1) in {"offset", "length"} and not (place.isdigit() and len(place) < 20):  # noqa: PLR2004 - digits of 63 bits
            message = f"the {pair[1]} of a tensor elsewhere is {place[:40]!r}, which is no place in a file"
            yield self.part.sees("tensor-bounds", message, offset=entry.begin, effect="integrity", loader=LOADER)
        elif pair.get(1) not in {"location", "offset", "length", "checksum", "basepath"}:
            message = f"a tensor elsewhere has the attribute {pair.get(1, '')[:60]!r}, which onnx sets on an object"
            yield self.part.sees("onnx-external", message, Grade.SUSPICIOUS, offset=entry.begin, effect="integrity", loader=LOADER)

    def known(self, domain: str, kind: str) -> bool:
        """Whether the runtime has an operator, or the model defines it."""
        if (domain, kind) in self.own:
            return True
        return kind in operations().onnx if domain in _STANDARD else domain in DOMAINS and domain not in _DEFINED

    def operators(self) -> Iterator[Seen]:
        """Operators that a library other than the runtime must bring."""
        told = 0
        for (domain, kind), offset in self.used.items():
            if kind in PYTHON:
                yield self.part.sees(
                    "operation",
                    f"the operator {domain}.{kind} runs Python",
                    Grade.MALICIOUS,
                    offset=offset,
                    effect="execute",
                    loader=LOADER,
                )
            elif kind == _COMPILED:
                message = f"the operator {domain}.{kind} hands a program to an accelerator, which nobody can look into"
                yield self.part.sees("onnx-operator", message, offset=offset, effect="native-load", loader="ONNX Runtime")
            elif not self.known(domain, kind) and told < 20:  # noqa: PLR2004 - as above
                told += 1
                yield self.part.sees(
                    "onnx-operator", f"the operator {domain}.{kind} is not of ONNX", offset=offset, effect="native-load", loader=LOADER
                )


_OPSETS = pattern(rb"\bopset_import\s*:\s*\[([^\[\]]{0,4000})\]")
_OPSET = pattern(rb"\"([^\"]{0,200})\"\s*:\s*\d")
_LOCATION = pattern(rb"\"location\"\s*:\s*\"([^\"\n]{1,1000})\"")
_RUNS = pattern(rb"\.(?:%s)\s*[<(]" % "|".join(sorted(PYTHON)).encode())


@scanner("ONNX as text", lambda part: part.suffix == ".onnxtxt" and b"\x00" not in part.head)
def as_text(part: Part) -> Iterator[Seen]:
    """Search a model in the spelling of ONNX for operators and files from elsewhere."""
    data = part.window.read(0, part.limits.text_bytes)
    part.budget.spend(len(data) // 50)
    if runs := _RUNS.search(data):
        yield part.sees("operation", "an operator runs Python", Grade.MALICIOUS, offset=runs.start(), effect="execute", loader=LOADER)
    for opsets in _OPSETS.finditer(data):
        for domain in {m.group(1).decode("utf-8", "replace") for m in _OPSET.finditer(opsets.group(1))} - DOMAINS:
            message = f"its operators of {domain} are not of ONNX"
            yield part.sees("onnx-operator", message, offset=opsets.start(), effect="native-load", loader=LOADER)
    for match in _LOCATION.finditer(data):
        place = match.group(1).decode("utf-8", "replace")
        if leads_out(place):
            message = f"a tensor lies at {place[:200]}, outside of the folder of the model"
            yield part.sees("onnx-external", message, Grade.MALICIOUS, offset=match.start(), effect="read-file", loader=LOADER)
            break
    yield Span(0, len(data))
