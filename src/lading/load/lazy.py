"""Some tensors of a file: `safe_open` in the shape of safetensors' own, which reads and verifies only the chunks that cover them."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from lading.core.errors import LoadError
from lading.load.engine import Source
from lading.load.frameworks import view_for
from lading.load.memory import private
from lading.load.safetensors import BITS, Header, Tensor, header_of


class SafeOpen:
    """An open safetensors file whose tensors are verified when they are asked for."""

    def __init__(self, source: Source, framework: str = "numpy", device: Any = "cpu") -> None:  # noqa: ANN401 - a device is whatever the framework takes
        self._source = source
        self._view = view_for(framework, device)
        self._header: Header = header_of(source)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; tensors stay."""
        self._source.close()

    def keys(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._header.tensors)

    def offset_keys(self) -> list[str]:
        """The names of the tensors in the order of their bytes."""
        return list(self._header.tensors)

    def metadata(self) -> dict[str, str] | None:
        """The free text of the file; None when it has none."""
        return dict(self._header.metadata) or None

    def get_tensor(self, name: str) -> Any:  # noqa: ANN401 - a tensor of the framework
        """A tensor by its name; LoadError when there is none."""
        tensor = self._tensor(name)
        return self._read(tensor, tensor.start, tensor.end)

    def get_slice(self, name: str) -> "Slice":
        """A tensor of which parts can be taken: `get_slice(name)[:, 10:20]`."""
        return Slice(self._tensor(name), self._read)

    def _tensor(self, name: str) -> Tensor:
        if name not in self._header.tensors:
            raise LoadError(f"{self._source.name} has no tensor {name[:100]!r}")
        return self._header.tensors[name]

    def _read(self, tensor: Tensor, start: int, end: int) -> Any:  # noqa: ANN401 - as above
        memory = private(end - start)
        self._source.read(start, end, memory)
        return self._view(memory, tensor)


class Slice:
    """A tensor that was not read yet; taking a part reads and verifies the rows of the first dimension that it needs."""

    def __init__(self, tensor: Tensor, read: Callable[[Tensor, int, int], Any]) -> None:
        self._tensor = tensor
        self._read = read

    def get_shape(self) -> list[int]:
        """The shape of the whole tensor."""
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        """The type of its elements, as the format names it."""
        return self._tensor.dtype

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - an index, a slice, a tuple of them
        tensor, keys = self._tensor, key if isinstance(key, tuple) else (key,)
        row = _row_bytes(tensor)
        if not (keys and tensor.shape and row and _steps_forward(keys[0])):
            return self._read(tensor, tensor.start, tensor.end)[key]
        first, last = _rows(keys[0], tensor.shape[0])
        part = Tensor(tensor.name, tensor.dtype, (last - first, *tensor.shape[1:]), tensor.start + first * row, tensor.start + last * row)
        found = self._read(part, part.start, part.end)
        return found[(0 if isinstance(keys[0], int) else slice(None), *keys[1:])]


def _row_bytes(tensor: Tensor) -> int:
    """Bytes of one row of the first dimension; 0 when rows do not end with bytes."""
    rows = tensor.shape[0] if tensor.shape else 0
    bits = (tensor.end - tensor.start) * 8 // rows if rows else 0
    return bits // 8 if bits % 8 == 0 and BITS[tensor.dtype] >= 8 else 0  # noqa: PLR2004 - bits of a byte


def _steps_forward(key: object) -> bool:
    return (isinstance(key, int) and not isinstance(key, bool)) or (isinstance(key, slice) and key.step in {None, 1})


def _rows(key: int | slice, count: int) -> tuple[int, int]:
    """The rows that a key of the first dimension takes; IndexError when it lies outside."""
    if isinstance(key, slice):
        first, last, _ = key.indices(count)
        return first, max(first, last)
    if not -count <= key < count:
        raise IndexError(f"row {key} of {count}")
    return key % count, key % count + 1
