"""Protocol buffers that are written as text: what servers and frameworks import, open or need a library for."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._operations import DOMAINS, PYTHON
from lading.scanners._reached import leads_out
from lading.scanners._registry import Part, Seen

_BREAK = rb"(?:\s|#[^\n]*\n)*"
OPERATION = pattern(rb"\bop" + _BREAK + rb":" + _BREAK + rb"[\"']([^\"'\n]{1,80})[\"']")
"""An operation of TensorFlow; one that is spelled with escapes or in pieces is none that is known."""
_LIBRARY = pattern(
    rb"\b(?:op_library_filename|model_repository_agents|EXECUTION_ENV_PATH|LD_PRELOAD)\b|\bbackend"
    + _BREAK
    + rb":"
    + _BREAK
    + rb"[\"']python[\"']"
)
_LAYER = pattern(rb"\bpython_param\b|\btype" + _BREAK + rb":" + _BREAK + rb"[\"']Python[\"']")
_PATH = pattern(
    rb"\b(?:default_model_filename|runtime|(?:all_)?model_checkpoint_paths?|key" + _BREAK + rb":" + _BREAK + rb"[\"']location[\"'],?" + _BREAK + rb"value)"
    + _BREAK + rb":" + _BREAK + rb"[\"']([^\"'\n]{1,1000})[\"']"
)  # fmt: skip
_DOMAIN = pattern(rb"\bdomain" + _BREAK + rb":" + _BREAK + rb"[\"']([^\"'\n]{1,200})[\"']")
_RUNS = pattern(rb"\bop_type" + _BREAK + rb":" + _BREAK + rb"[\"'](?:%s)[\"']" % "|".join(sorted(PYTHON)).encode())
_CHECKPOINT = "checkpoint"
_MOST_TOLD = 20


def told(part: Part, data: bytes) -> Iterator[Seen]:
    """Yield what counts against a message, whatever its type is."""
    library, layer = _LIBRARY.search(data), _LAYER.search(data)
    if library:
        yield part.sees("remote-code", "a model server loads code that it names", offset=library.start(), effect="execute", loader="Triton")
    if layer:
        yield part.sees(
            "remote-code", "a layer of it is Python that the network imports", offset=layer.start(), effect="execute", loader="Caffe"
        )
    if b"op_type" in data:
        yield from _operators(part, data)
    for match in _PATH.finditer(data):
        place = match.group(1).decode("utf-8", "replace")
        if leads_out(place) and (part.base != _CHECKPOINT or ".." in place):  # a checkpoint that was trained here tells where
            message = f"it leads to {place[:200]}, outside of the folder"
            grade = Grade.SUSPICIOUS if part.base == _CHECKPOINT else Grade.MALICIOUS
            yield part.sees("index-escape", message, grade, offset=match.start(), effect="read-file", loader="Triton, ONNX, TensorFlow")
            return


def _operators(part: Part, data: bytes) -> Iterator[Seen]:
    """Operators of ONNX that run Python, and those of domains that ONNX Runtime does not have."""
    if runs := _RUNS.search(data):
        yield part.sees("operation", "an operator runs Python", Grade.MALICIOUS, offset=runs.start(), effect="execute", loader="ONNX")
    for domain in sorted({m.group(1).decode("utf-8", "replace") for m in _DOMAIN.finditer(data)} - DOMAINS)[:_MOST_TOLD]:
        yield part.sees("onnx-operator", f"its operators of {domain} are not of ONNX", effect="native-load", loader="ONNX")
