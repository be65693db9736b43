"""The code of TorchScript: a language of its own, run by torch, whose operations are named one by one."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_OPERATION = pattern(r"(?<![\w.])ops\.(\w+)\.(\w+)|\btorch\.(save|load|from_file|ops\.\w+\.\w+)\b")
_KNOWN = frozenset(
    {
        "aten",
        "prim",
        "prims",
        "quantized",
        "torchvision",
        "torchaudio",
        "onednn",
        "mkldnn",
        "mkldnn_prepacked",
        "sparse",
        "inductor",
        "_caffe2",
    }
)
_PYTHON = pattern(
    r"(?m)^[ \t]*(?:import[ \t]+(?!__torch__\b|torch\b)\w+|from[ \t]+(?!__torch__\b|torch\b|typing\b|__future__\b)[\w.]+[ \t]+import\b)|\b(?:__import__|exec|eval)\s*\("
)
_STEP = 2
"""Units of work for an operation."""
_REACHES = frozenset({"save", "from_file", "load", "open", "system"})


@scanner("TorchScript code", lambda part: part.context == "torchscript-archive" and part.suffix == ".py")
def scan(part: Part) -> Iterator[Seen]:
    """Judge every operation that the code names."""
    yield Span(0, part.window.size)
    code = part.window.read(0, min(part.window.size, part.limits.text_bytes)).decode("utf-8", "replace")
    python = _PYTHON.search(code)
    if python:
        message = f"it holds {python.group(0).strip()[:60]!r}, which is Python and nothing that TorchScript knows"
        yield part.sees("python-code", message, offset=python.start(), effect="execute", loader="torch.package, or whoever imports it")
    told: set[str] = set()
    for match in _OPERATION.finditer(code):
        part.budget.spend(_STEP)
        if match.group(0) in told:
            continue
        told.add(match.group(0))
        family, name = match.group(1) or "torch", match.group(2) or match.group(3)
        if name in _REACHES:
            yield part.sees(
                "operation",
                f"it calls {match.group(0)}, which reaches files",
                Grade.MALICIOUS,
                offset=match.start(),
                effect="read-file",
                loader="torch.jit.load",
            )
        elif match.group(1) and family not in _KNOWN:
            yield part.sees(
                "onnx-operator",
                f"it calls {match.group(0)}, which a library of its own must bring",
                offset=match.start(),
                effect="native-load",
                loader="torch.jit.load",
            )
