"""Many files inspected, on as many cores as there are; the answer is the same however many that is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from lading.core.inspection import Grade, Inspection, Observation, readable
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.inspect.run import inspect_path

_LEFT_OUT = frozenset({".git", "__pycache__", ".venv", "node_modules", ".locks", ".no_exist"})
_WORTH_IT = 200
"""From so many files on, starting processes costs less than it saves."""
_AT_ONCE = 16


def inspect_all(
    paths: list[Path], *, limits: Limits = DEFAULT_LIMITS, hashed: bool = True, kept: Path | None = None
) -> Iterator[Inspection]:
    """The verdict over every file of some files and folders, in the order of their names."""
    groups = [(path, list(files_of(path)) if path.is_dir() else [path]) for path in paths]
    each = _each([f for _, files in groups for f in files], limits=limits, hashed=hashed, kept=kept)
    for path, files in groups:
        if not path.is_dir():
            yield from islice(each, len(files))
            continue
        from lading.inspect.idle import settled  # noqa: PLC0415 - for folders only

        yield from settled(list(islice(each, len(files))), path)


def _each(files: list[Path], *, limits: Limits, hashed: bool, kept: Path | None) -> Iterator[Inspection]:
    """The verdict over each file by itself."""
    look = partial(inspect_path, limits=limits, hashed=hashed, kept=kept)
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 16)
    if len(files) < _WORTH_IT or cores < 2:  # noqa: PLR2004 - nothing to divide
        yield from map(look, files)
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - when there is enough to divide
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - as above

    done = 0
    try:
        with ProcessPoolExecutor(cores) as pool:
            for inspection in pool.map(look, files, chunksize=_AT_ONCE):
                done += 1
                yield inspection
    except BrokenProcessPool:
        for path in files[done:]:
            seen = Observation(
                rule="unreadable", grade=Grade.UNSCANNABLE, message="a process that looked at files died before it had answered"
            )
            yield Inspection(path=readable(str(path)), grade=Grade.UNSCANNABLE, format="unreadable", size=0, observations=(seen,))


def files_of(folder: Path) -> Iterator[Path]:
    """Every file below a folder, without the insides of version control; links to folders are not followed."""
    for root, folders, names in os.walk(folder, followlinks=False):
        if "__pycache__" in folders:
            yield from _unchecked(Path(root) / "__pycache__")
        if ".git" in folders:
            yield from _followed(Path(root) / ".git")
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT)
        yield from (Path(root) / name for name in sorted([*names, *(f for f in folders if (Path(root) / f).is_symlink())]))


def _followed(folder: Path) -> Iterator[Path]:
    """What Git runs or obeys without being asked: its settings here, and hooks that are switched on."""
    names = [folder / "config", folder / "config.worktree", *sorted(folder.glob("hooks/*"))]
    yield from (p for p in names if p.is_file() and p.suffix != ".sample" and (p.parent.name != "hooks" or os.access(p, os.X_OK)))


def _unchecked(folder: Path) -> Iterator[Path]:
    """Compiled Python that is run whatever its source says: those that are marked as checked by nobody."""
    for path in sorted(folder.glob("*.pyc")):
        with suppress(OSError), path.open("rb") as stream:
            if stream.read(8)[4:8] == b"\x01\0\0\0":
                yield path
