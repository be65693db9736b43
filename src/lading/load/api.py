"""What a program calls: a model opened by a policy, its tensors and files, and the same by the path of a single file."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from lading.load.enforcement import Enforced
    from lading.load.lazy import SafeOpen
    from lading.load.model import Model
    from lading.load.policy import Policy

    PathLike = str | os.PathLike[str]

T = TypeVar("T")


def verify_and_open(path: PathLike, *, policy: PathLike | Policy | None = None, now: datetime | None = None) -> Model:
    """The model in a folder or file, if the policy lets it be loaded; LoadError refuses, EvidenceError does not know: neither opens.

    The policy is a settings file; without one that of the variable LADING_POLICY, else the nearest lading.toml from the working folder
    upwards. Files are verified when they are read.
    """
    from lading.load.opening import opened  # noqa: PLC0415 - X.509 and the like only when something is opened

    return opened(Path(path), policy, now)


def open_file(path: PathLike, *, policy: PathLike | Policy | None = None) -> tuple[Model, str]:
    """The model that a file belongs to, and the file's path in it: the nearest folder upwards with a signature, or the file alone."""
    from lading.load.opening import belonging  # noqa: PLC0415 - as above

    root, within = belonging(Path(path))
    return verify_and_open(root, policy=policy), within


def load_file(path: PathLike, framework: str = "numpy", device: Any = "cpu", *, policy: PathLike | Policy | None = None) -> dict[str, Any]:  # noqa: ANN401 - a device is whatever the framework takes
    """Every tensor of a safetensors file (`np` or `pt`), verified in the memory that it stays in."""
    model, within = open_file(path, policy=policy)
    return model.load_file(within, framework, device)


def safe_open(path: PathLike, framework: str = "numpy", device: Any = "cpu", *, policy: PathLike | Policy | None = None) -> SafeOpen:  # noqa: ANN401 - as above
    """A safetensors file as safetensors' own `safe_open` gives it; each tensor is verified when it is asked for."""
    model, within = open_file(path, policy=policy)
    return model.safe_open(within, framework, device)


@contextmanager
def sealed_path(path: PathLike, *, policy: PathLike | Policy | None = None) -> Iterator[str]:
    """A path of verified, sealed memory for loaders that take only paths."""
    model, within = open_file(path, policy=policy)
    try:
        yield model.sealed_path(within)
    finally:
        model.close()


@contextmanager
def verified_directory(path: PathLike, *, policy: PathLike | Policy | None = None, copies: bool = False) -> Iterator[Path]:
    """A folder with the files of a model, each verified and sealed, for loaders that take a folder; it is gone afterwards.

    The files are links to sealed memory. Loaders that want to know where links lead get copies, which other processes of this user could change.
    """
    from lading.load.staging import staged  # noqa: PLC0415 - as above

    model = verify_and_open(path, policy=policy)
    try:
        with staged(model, copies=copies) as folder:
            yield folder
    finally:
        model.close()


def load_with(
    loader: Callable[..., T],
    path: PathLike,
    *arguments: Any,  # noqa: ANN401 - whatever the loader takes
    policy: PathLike | Policy | None = None,
    copies: bool = False,
    **options: Any,  # noqa: ANN401 - as above
) -> T:
    """What a loader makes of a path, given the verified files in its place: `load_with(torch.load, "model/weights.pt", weights_only=True)`.

    The path is a model or a file of one; every file of the model is there for the loader as it was signed, and nothing else is.
    """
    root, within = _root_of(Path(path))
    with verified_directory(root, policy=policy, copies=copies) as folder:
        place = folder / (root.resolve().name if root.is_file() else within)
        return loader(str(place), *arguments, **options)


def enforce(*models: PathLike, policy: PathLike | Policy | None = None, read: Iterable[PathLike] = ()) -> Enforced:
    """Verify models and give up reading any other weights for good, for this process and its children, whatever language reads them.

    Call it before threads start: before numpy or torch is imported. EnforcementError when it cannot be shown to hold.
    """
    from lading.load.enforcement import enforce as enforced  # noqa: PLC0415 - ctypes and the like only when it is asked for

    held = enforced(*models, policy=policy, read=read)
    os.environ.update(held.environment())
    tempfile.tempdir = None  # found anew, where this process may read what it writes
    return held


def _root_of(path: Path) -> tuple[Path, str]:
    from lading.load.opening import belonging  # noqa: PLC0415 - as above

    return (path, ".") if path.is_dir() else belonging(path)
