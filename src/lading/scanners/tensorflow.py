"""TensorFlow: saved models, frozen graphs, metadata of Keras, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lading.binary.protobuf import BYTES, VARINT, BrokenMessageError, Field, fields, looks_like, text
from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._operations import operations
from lading.scanners._registry import Nested, Part, Seen, Span, scanner
from lading.scanners._text_messages import OPERATION, told

_SAVED = {1: VARINT, 2: BYTES}
_META = dict.fromkeys(range(1, 9), BYTES)
_GRAPH = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
LOADER = "tf.saved_model.load, tf.import_graph_def, Keras, TensorFlow Serving"


def _has_graphs(part: Part) -> bool:
    """Whether it is a message with something where graphs stand, whatever else stands in it."""
    try:
        return any(f.number == 2 and f.kind == BYTES for f in list(fields(part.window)))  # noqa: PLR2004 - a graph
    except BrokenMessageError:
        return False


@scanner("TensorFlow saved model", lambda part: (part.base == "saved_model.pb" and _has_graphs(part)) or (part.head[:2] == b"\x08\x01" and part.head[2:3] == b"\x12" and part.suffix != ".mlmodel" and (part.base == "saved_model.pb" or looks_like(part.window, _SAVED, frozenset({1, 2})))))  # fmt: skip
def saved(part: Part) -> Iterator[Seen]:
    """Walk every graph of a saved model."""
    yield from _guarded(part, lambda: _metas(part))


@scanner("TensorFlow graph", lambda part: part.suffix == ".pb" and part.head[:1] == b"\x0a" and part.base not in {"keras_metadata.pb", "fingerprint.pb"} and looks_like(part.window, _GRAPH, frozenset({1})))  # fmt: skip
def graph(part: Part) -> Iterator[Seen]:
    """Walk one graph."""
    yield from _guarded(part, lambda: _graph(part, Field(0, BYTES, 0, 0, part.window.size)))


@scanner("TensorFlow graph of a checkpoint", lambda part: part.suffix == ".meta" and looks_like(part.window, _META, frozenset({2})))
def meta(part: Part) -> Iterator[Seen]:
    """Walk the graph that stands beside a checkpoint."""
    yield from _guarded(part, lambda: _meta(part, Field(0, BYTES, 0, 0, part.window.size)))


_MESSAGES = (".pbtxt", ".prototxt", ".textproto", ".pbtext")


@scanner("protocol buffer as text", lambda part: (part.suffix in _MESSAGES or part.base == "checkpoint") and b"\x00" not in part.head)
def as_text(part: Part) -> Iterator[Seen]:
    """Search a graph, a network, or the configuration of a server, that is written as text."""
    data = part.window.read(0, part.limits.text_bytes)
    part.budget.spend(len(data) // 50)
    used: dict[str, int] = {}
    for match in OPERATION.finditer(data):
        used.setdefault(match.group(1).decode("ascii", "replace"), match.start())
    yield from _operations(part, used)
    yield from told(part, data)
    yield Span(0, len(data))


def _metas(part: Part) -> Iterator[Seen]:
    for field in fields(part.window):
        if field.number == 2 and field.kind == BYTES:  # noqa: PLR2004 - a meta graph
            yield from _meta(part, field)


def _guarded(part: Part, walk: Callable[[], Iterator[Seen]]) -> Iterator[Seen]:
    try:
        yield from walk()
        yield Span(0, part.window.size)
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE)


def _meta(part: Part, meta: Field) -> Iterator[Seen]:
    for field in fields(part.window, meta.begin, meta.end):
        if field.number == 2 and field.kind == BYTES:  # noqa: PLR2004 - its graph
            yield from _graph(part, field)
        elif field.number == 6 and field.kind == BYTES:  # noqa: PLR2004 - files that belong to it
            yield from _asset(part, field)


def _asset(part: Part, asset: Field) -> Iterator[Seen]:
    name = next((text(part.window, f) for f in fields(part.window, asset.begin, asset.end) if f.number == 2 and f.kind == BYTES), "")  # noqa: PLR2004
    if name.startswith("/") or ".." in name.replace("\\", "/").split("/"):
        yield part.sees("index-escape", f"the asset {name} lies outside of the folder", Grade.MALICIOUS, effect="read-file", loader=LOADER)


def _graph(part: Part, graph_: Field) -> Iterator[Seen]:
    used: dict[str, int] = {}
    own: set[str] = set()
    for field in fields(part.window, graph_.begin, graph_.end):
        if field.number == 1 and field.kind == BYTES:
            _node(part, field, used)
        elif field.number == 2 and field.kind == BYTES:  # noqa: PLR2004 - the library of functions
            for function in fields(part.window, field.begin, field.end):
                if function.number == 1 and function.kind == BYTES:
                    _function(part, function, used, own)
    yield from _operations(part, {kind: place for kind, place in used.items() if kind not in own})


def _function(part: Part, function: Field, used: dict[str, int], own: set[str]) -> None:
    """The name of a function, which its callers use as an operation, and the nodes of it."""
    for field in fields(part.window, function.begin, function.end):
        if field.number == 1 and field.kind == BYTES:
            own.update(text(part.window, f) for f in fields(part.window, field.begin, field.end) if f.number == 1 and f.kind == BYTES)
        elif field.number == 3 and field.kind == BYTES:  # noqa: PLR2004 - a node of it
            _node(part, field, used)


def _node(part: Part, node: Field, used: dict[str, int]) -> None:
    for field in fields(part.window, node.begin, node.end):
        if field.number == 2 and field.kind == BYTES:  # noqa: PLR2004 - the operation; where it stands twice, the last one counts
            used.setdefault(text(part.window, field), node.begin)


_MOST_NAMED = 20


def _operations(part: Part, used: dict[str, int]) -> Iterator[Seen]:
    """What counts against operations, each with its first place."""
    known, unknown = operations(), 0
    for kind, offset in used.items():
        if kind in known.runs:
            message = f"the graph holds the operation {kind}"
            yield part.sees("operation", message, Grade.MALICIOUS, offset=offset, effect="execute", loader=LOADER)
        elif kind in known.reaches:
            if not _saves(part, kind):
                message = f"the graph holds the operation {kind}, which reaches files or the network"
                yield part.sees("operation", message, offset=offset, effect="read-file", loader=LOADER)
        elif kind not in known.computes and unknown < _MOST_NAMED:
            unknown += 1
            message = f"the operation {kind} is not of TensorFlow: a library that a program loads must bring it"
            yield part.sees("onnx-operator", message, offset=offset, effect="native-load", loader=LOADER)


@scanner("metadata of Keras", lambda part: part.base == "keras_metadata.pb")
def metadata(part: Part) -> Iterator[Seen]:
    """Every layer of a saved model as Keras describes it, in JSON."""

    def every() -> Iterator[Seen]:
        for node in fields(part.window):
            if node.kind == BYTES:
                for field in fields(part.window, node.begin, node.end):
                    content = part.window.read(field.begin, field.end - field.begin) if field.kind == BYTES and field.number == 5 else b""  # noqa: PLR2004
                    if content.startswith(b"{"):
                        yield Nested(Window(content), "layer", "keras-config")

    yield from _guarded(part, every)


_CHECKPOINT = pattern(r".*\.data-\d{5}-of-\d{5}")
_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def _is_checkpoint(part: Part) -> bool:
    return bool(_CHECKPOINT.fullmatch(part.base)) or (part.suffix == ".index" and part.window.read(part.window.size - 8, 8) == _TABLE_END)


@scanner("TensorFlow checkpoint", _is_checkpoint, weak=1)
def checkpoint(part: Part) -> Iterator[Seen]:
    """Numbers, and the table of where they are: nothing interprets more of them."""
    yield Span(0, part.window.size, inert=True)


@scanner("fingerprint of a saved model", lambda part: part.base == "fingerprint.pb" and part.window.size < 4096)  # noqa: PLR2004 - a few numbers
def fingerprint(part: Part) -> Iterator[Seen]:
    """A few checksums."""
    yield Span(0, part.window.size, inert=True)


def _saves(part: Part, kind: str) -> bool:
    """Whether an operation belongs to how every saved model saves itself when somebody asks it to."""
    return kind == "MergeV2Checkpoints" and part.window.find(b"ShardedFilename", 0) >= 0 and part.window.find(b"SaveV2", 0) >= 0
