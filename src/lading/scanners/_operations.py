"""What is known of the operations of TensorFlow and ONNX: which run code, which reach files or the network, and which compute."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from lading.core.shipped import files


class Operations(Struct, frozen=True):
    """The names of operations by what they do; one that is in none of the three comes from another library."""

    runs: frozenset[str]
    reaches: frozenset[str]
    computes: frozenset[str]
    lite: frozenset[str]
    """Those of them that stand in graphs of TensorFlow Lite every day."""
    onnx: frozenset[str]
    """The operators of ONNX's own domain."""


@cache
def operations() -> Operations:
    """The operations of one registry, and of the libraries of its own project."""
    import tomllib  # noqa: PLC0415 - when there is a graph

    table = tomllib.loads(files("lading.scanners").joinpath("operations.toml").read_text("utf-8"))
    named = {kind: frozenset(table[kind].split()) for kind in ("runs", "reaches", "computes", "libraries", "lite", "onnx")}
    return Operations(named["runs"], named["reaches"], named["computes"] | named["libraries"], named["lite"], named["onnx"])


DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc", "pkg.onnxscript.torch_lib",
                     "pkg.onnxscript.torch_lib.common", "com.ms.internal.nhwc", "com.microsoft.experimental", "local", "pkg.torch"})  # fmt: skip
"""Domains of operators that ONNX Runtime has, or that models define for themselves."""
PYTHON = frozenset({"PyOp", "PyFunc", "PythonOp", "PythonOpGrad", "EagerPyFunc"})
"""Operators of ONNX that run Python."""
