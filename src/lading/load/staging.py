"""A folder whose files are what was signed: links to sealed memory, or copies that were verified while they were written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lading.core.errors import LoadError, UsageError
from lading.load.engine import Source
from lading.load.model import Model
from lading.load.sealed import write_all


@contextmanager
def staged(model: Model, *, copies: bool = False) -> Iterator[Path]:
    """A folder of links to the sealed files of a model, or of copies; removed afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix="lading-"))
    folder = scratch / (model.path.resolve().name or "model")
    try:
        (copy if copies else link_to_sealed)(model, folder)
        yield folder
    finally:
        _remove(scratch)


def link_to_sealed(model: Model, folder: Path) -> None:
    """Fill a folder with links to the sealed files of a model; a model of one file gets a link of its name."""
    model.seal()
    for path in model.files:
        target = _target(model, folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(model.sealed(path).shared_path)


def stage(model: Model, folder: Path) -> bool:
    """Fill a folder that is new or empty with verified copies; False when it held exactly these files already.

    UsageError when it holds anything else; LoadError when a file is not what was signed, and then it stays as it was.
    """
    if not folder.exists():
        copy(model, folder)
        return True
    if not any(folder.iterdir()):
        scratch = folder / ".lading"
        copy(model, scratch)
        scratch.chmod(0o755)
        for entry in sorted(scratch.iterdir()):
            entry.rename(folder / entry.name)
        scratch.rmdir()
        return True
    try:
        there = model.at(folder)
        there.listed(())
        there.compare()
    except LoadError as e:
        raise UsageError(f"{folder} exists and holds something else: {e.sentence}", hint="name a folder that is new or empty") from e
    return False


def copy(model: Model, folder: Path) -> None:
    """Write verified copies of every file to a new folder, which appears whole or not at all; nobody needs to write to it afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for path in model.files:
            target = _target(model, scratch, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            with model.source(path) as source:
                _write(source, target)
        for inner in (p for p in scratch.rglob("*") if p.is_dir()):
            inner.chmod(0o555)
        scratch.chmod(0o755)
        scratch.rename(folder)
        folder.chmod(0o555)
    except OSError as e:
        _remove(scratch)
        raise LoadError(f"{folder} cannot be written: {e.strerror}", hint="nothing of it was left behind; make room and try again") from e
    except BaseException:
        _remove(scratch)
        raise


def _target(model: Model, folder: Path, path: str) -> Path:
    return folder / (model.path.resolve().name if path == "." else path)


def _write(source: Source, target: Path) -> None:
    """Copy a file in parts that were verified before they are written."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444)
    try:
        source.pour(partial(write_all, descriptor))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    for inner in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        inner.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
