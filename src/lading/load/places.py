"""What a process behind the gate may read beside its models: the system, its interpreter, its code; no other weights."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lading.catalog.file_formats import FORMATS
from lading.core.errors import EnforcementError

SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/nix/store", "/proc", "/sys",
    "/run/systemd/resolve", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
    "/dev/ptmx", "/dev/pts", "/dev/dri", "/dev/kfd", "/dev/infiniband",
)  # fmt: skip
"""Where no models lie; devices by name, since a disk read as a device is every file on it."""
_DEVICES = ("nvidia*", "accel*", "davinci*")
_WEIGHTS = frozenset({"safetensors", "gguf", "pickle", "pytorch", "onnx", "keras", "hdf5", "tensorflow", "tflite", "numpy", "msgpack"})
WEIGHTS = tuple(suffix for form in FORMATS if form.name in _WEIGHTS for suffix in form.suffixes)
"""Endings of files that a loader takes weights from."""
MOST_FILES = 200_000
_SHEBANG = 256


def places(command: Sequence[str], work: Path, named: Iterable[Path], hidden: Iterable[Path]) -> list[Path]:
    """Every file and folder that may be read; nothing of `hidden`, and of the working folder no weights, unless they are `named`."""
    named = [n.resolve() for n in named]
    folders = [Path(p) for p in SYSTEM]
    folders += [found for pattern in _DEVICES for found in Path("/dev").glob(pattern)]
    folders += _programs(command)
    folders += [Path(p) for name in ("PYTHONPATH", "LD_LIBRARY_PATH") for p in os.environ.get(name, "").split(":") if p]
    kept_out = {h.resolve() for h in hidden}
    resolved = {f.resolve() for f in folders if f.exists()}
    open_to = [place for folder in sorted(resolved) for place in _around(folder, kept_out)]
    weights = {w for w in weights_in(work.resolve()) if not any(n == w or n in w.parents for n in named)}
    open_to += list(_around(work.resolve(), kept_out | weights))
    return [*open_to, *(place for folder in named for place in _around(folder, kept_out))]


def weights_in(folder: Path) -> Iterator[Path]:
    """Files in a folder, at any depth, whose name says that they hold weights; EnforcementError where there is too much to look through."""
    seen = 0
    for here, folders, names in os.walk(folder):
        seen += len(names) + len(folders)
        if seen > MOST_FILES:
            raise EnforcementError(
                f"the working folder {folder} holds more than {MOST_FILES} files, too many to look for weights",
                hint="start the command in the folder of its code, and name other places with --read",
            )
        yield from (Path(here, name) for name in names if name.lower().endswith(WEIGHTS))


def _around(folder: Path, hidden: set[Path]) -> Iterator[Path]:
    """The folder, or where it holds what is hidden, everything in it beside that."""
    pending = [folder]
    leading = {parent for path in hidden for parent in path.parents}
    while pending:
        place = pending.pop()
        if place in hidden or any(parent in hidden for parent in place.parents):
            continue
        if place not in leading:
            yield place
        elif place.is_dir():
            pending += place.iterdir()


def _programs(command: Sequence[str]) -> Iterator[Path]:
    """Where the program of a command and its interpreter are installed, and lading itself."""
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent.parent)
    found = shutil.which(command[0]) if command else None
    if found:
        yield from _installed(Path(found))
        interpreter = _shebang(Path(found))
        if interpreter:
            yield from _installed(interpreter)


def _installed(program: Path) -> Iterator[Path]:
    """The file, and the tree of which it is the `bin`, or the `shims` of a version manager: that of its virtual environment too."""
    for one in {Path(os.path.abspath(program)), program.resolve()}:  # noqa: PTH100 - the link of an environment is not followed here
        yield one
        if one.parent.name in {"bin", "shims"} and one.parent.parent not in {Path("/"), Path.home()}:
            yield one.parent.parent


def _shebang(program: Path) -> Path | None:
    """The interpreter that a script names in its first line."""
    try:
        with program.open("rb") as stream:
            line = stream.readline(_SHEBANG)
    except OSError:
        return None
    words = line.removeprefix(b"#!").split()
    if not line.startswith(b"#!") or not words:
        return None
    name = os.fsdecode(words[1] if words[0].endswith(b"/env") and len(words) > 1 else words[0])
    found = shutil.which(name)
    return Path(found) if found else None
