"""Verified memory as arrays of numpy or tensors of torch: views, not copies."""

import importlib
from collections.abc import Callable
from typing import Any

from lading.core.errors import LoadError, UsageError
from lading.load.safetensors import Tensor

_NUMPY = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "U64": "uint64", "I32": "int32", "U32": "uint32",
    "I16": "int16", "U16": "uint16", "I8": "int8", "U8": "uint8", "BOOL": "bool", "C64": "complex64",
}  # fmt: skip
_NUMPY_EXTRA = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"}
"""Types that numpy has by the package ml_dtypes."""
_TORCH = {
    **_NUMPY,
    "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip

View = Callable[[memoryview, Tensor], Any]
"""The memory of a tensor as the framework has tensors."""


def view_for(framework: str, device: Any = "cpu") -> View:  # noqa: ANN401 - a device is whatever the framework takes
    """How a framework (`np`, `numpy`, `pt`, `torch`) sees memory; UsageError for one that is not known or not installed."""
    names: dict[str, Callable[[], View]] = {"np": _numpy, "numpy": _numpy, "pt": lambda: _torch(device), "torch": lambda: _torch(device)}
    if framework not in names:
        raise UsageError(f"there is no framework {framework!r}", hint=f"one of: {', '.join(names)}")
    try:
        return names[framework]()
    except ImportError as e:
        raise UsageError(f"{e.name} is not installed", hint=f"python -m pip install {e.name}") from e


def _numpy() -> View:
    numpy = importlib.import_module("numpy")

    def view(memory: memoryview, tensor: Tensor) -> Any:  # noqa: ANN401 - an array
        dtype = _NUMPY.get(tensor.dtype) or getattr(_ml_dtypes(tensor), _NUMPY_EXTRA.get(tensor.dtype, ""), None)
        if dtype is None:
            raise _no_type(tensor, "numpy")
        return numpy.frombuffer(memory, dtype=dtype).reshape(tensor.shape) if memory.nbytes else numpy.empty(tensor.shape, dtype)

    return view


def _ml_dtypes(tensor: Tensor) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module("ml_dtypes")
    except ImportError as e:
        raise LoadError(
            f"the tensor {tensor.name[:100]!r} has elements of type {tensor.dtype}, which numpy does not have",
            hint="python -m pip install ml_dtypes, or framework='pt'",
        ) from e


def _torch(device: Any) -> View:  # noqa: ANN401 - as above
    torch = importlib.import_module("torch")

    def view(memory: memoryview, tensor: Tensor) -> Any:  # noqa: ANN401 - a tensor
        dtype = getattr(torch, _TORCH.get(tensor.dtype, ""), None)
        if dtype is None:
            raise _no_type(tensor, "torch")
        found = torch.frombuffer(memory, dtype=dtype).reshape(tensor.shape) if memory.nbytes else torch.empty(tensor.shape, dtype=dtype)
        return found if str(device) == "cpu" else found.to(device)

    return view


def _no_type(tensor: Tensor, framework: str) -> LoadError:
    return LoadError(f"the tensor {tensor.name[:100]!r} has elements of type {tensor.dtype}, which {framework} does not have")
