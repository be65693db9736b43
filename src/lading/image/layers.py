"""The files of an image that matter, as its layers leave them: what an upper layer replaces or removes is not there."""

import contextlib
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any, cast

from msgspec import Struct

from lading.core.coverage import Skipped
from lading.image.blobs import Held, Layer, Source

LARGEST_FILE = 256 << 20
"""Bytes of a database or of metadata that are read."""
LARGEST_APP_FILE = 8 << 20
LARGEST_LAYER = 64 << 30
MOST_MEMBERS = 5_000_000
MOST_KEPT = 200_000
"""Files of applications that are laid aside to be scanned."""
DAMAGED = (OSError, EOFError, ValueError, tarfile.TarError, zlib.error, lzma.LZMAError)
DPKG = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+)\Z")
PYTHON = re.compile(r"(?:.*/)?[^/]+(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info)\Z")
NODE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json\Z")
RPM = re.compile(r"(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite(?:-wal)?|Packages|Packages\.db)\Z")
RELEASE = re.compile(r"(?:etc|usr/lib)/os-release\Z")
APK = "lib/apk/db/installed"
_SYSTEM = re.compile(r"(?:usr|lib|lib32|lib64|bin|sbin|etc|var|proc|dev|sys|run|boot|tmp)/")
_INSTALLED = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|__pycache__|\.git)/")
_WEIGHTS = re.compile(r"\.(?:safetensors|gguf|ggml|pt|pth|ckpt|onnx|h5|hdf5|keras|tflite|mlmodel|nemo|pdparams)\Z")
_VIRTUAL = ("proc", "sys", "dev", "run")


class Found(Struct):
    """What was found: databases and metadata by path, which layer each is of, and what could not be read."""

    kept: Path
    """Where files of applications and weights are laid aside."""
    files: dict[str, bytes] = {}
    layer_of: dict[str, str] = {}
    aside: set[str] = set()
    unread: list[Skipped] = []

    def remove(self, path: str) -> None:
        """Take away a file, or everything in a folder."""
        below = f"{path}/"
        for name in [n for n in self.layer_of if n == path or n.startswith(below)]:
            self._forget(name)

    def empty(self, folder: str) -> None:
        """Take away everything in a folder."""
        for name in [n for n in self.layer_of if n.startswith(f"{folder}/" if folder else "")]:
            self._forget(name)

    def take(self, path: str, size: int, stream: IO[bytes], layer: str) -> None:
        """Keep a file: in memory what is read here, aside what is scanned."""
        if is_database(path):
            if size > LARGEST_FILE:
                self.unread.append(Skipped(path, f"{size} bytes are more than such a file may have", "LD201"))
                return
            self.files[path] = stream.read(LARGEST_FILE)
        elif not self._lay(path, stream):
            return
        self.layer_of[path] = layer

    def _lay(self, path: str, stream: IO[bytes]) -> bool:
        if len(self.aside) >= MOST_KEPT:
            self.unread.append(Skipped(path, f"more than {MOST_KEPT} files are not scanned", "LD201"))
            return False
        place = self.kept / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as target:
                shutil.copyfileobj(stream, target, 1 << 20)
        except OSError as e:
            place.unlink(missing_ok=True)
            self.unread.append(Skipped(path, f"cannot be laid aside to be scanned: {e.strerror or e}", "LD202"))
            return False
        self.aside.add(path)
        return True

    def _forget(self, path: str) -> None:
        del self.layer_of[path]
        self.files.pop(path, None)
        if path in self.aside:
            self.aside.remove(path)
            (self.kept / path).unlink(missing_ok=True)


def is_database(path: str) -> bool:
    """Whether a file tells what is installed."""
    return path == APK or any(p.match(path) for p in (RELEASE, DPKG, PYTHON, NODE, RPM))


def is_wanted(path: str, size: int) -> bool:
    """Whether a file is looked at: databases, weights wherever they lie, and what applications brought."""
    if is_database(path) or _WEIGHTS.search(path):
        return True
    return size <= LARGEST_APP_FILE and not _SYSTEM.match(path) and not _INSTALLED.search(path)


def apply(source: Source, layer: Layer, found: Found) -> None:
    """Lay a layer over those before; what cannot be read of it is told."""
    try:
        with source(layer.blob) as stream:
            held = Held(stream, layer.digest) if layer.digest and layer.blob.startswith("blobs/") else None
            with tarfile.open(fileobj=_unpacked(cast("IO[bytes]", held or stream)), mode="r|") as archive:
                _members(archive, layer.name, found)
            if held:
                held.finish()
    except _damaged() as e:
        found.unread.append(Skipped(layer.name, f"the layer cannot be read: {e}", "LD202"))


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    buffered = io.BufferedReader(cast("Any", stream), 1 << 20)
    head = buffered.peek(6)[:6]
    if head[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    if head[:4] == b"\x28\xb5\x2f\xfd":
        return _zstd(buffered)
    return buffered


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    module = _zstd_module()
    if module is None:
        raise ValueError("it is compressed with zstd: pip install 'lading[zstd]'")
    return cast("IO[bytes]", module.ZstdFile(stream))


@cache
def _zstd_module() -> ModuleType | None:
    """What reads zstd: Python's own from 3.14, else the extra of the same interface."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return import_module(name)
    return None


def _damaged() -> tuple[type[BaseException], ...]:
    module = _zstd_module()
    return (*DAMAGED, module.ZstdError) if module else DAMAGED


def _members(archive: tarfile.TarFile, layer: str, found: Found) -> None:
    """The files of one layer that matter; a whiteout takes away what lower layers had, never what its own layer brings."""
    size = 0
    hidden: list[tuple[str, bool]] = []
    for number, member in enumerate(archive):
        size += member.size
        if number > MOST_MEMBERS or size > LARGEST_LAYER:
            raise ValueError("it is larger than a layer may be")
        name = _normal(member.name)
        folder, _, base = name.rpartition("/")
        if not name:
            continue
        if base == ".wh..wh..opq":
            hidden.append((folder, True))
        elif base.startswith(".wh."):
            hidden.append((f"{folder}/{base[4:]}".lstrip("/"), False))
        else:
            if name in found.layer_of and not member.isdir():
                found.remove(name)
            if member.isfile() and is_wanted(name, member.size) and (stream := archive.extractfile(member)):
                found.take(name, member.size, stream, layer)
            elif member.islnk() and is_database(name):
                _linked(name, _normal(member.linkname), layer, found)
    _hide(found, hidden, layer)


def _linked(name: str, target: str, layer: str, found: Found) -> None:
    """A second name of a file: what tells what is installed counts under it too, or is told as not read."""
    if target in found.files:
        found.files[name] = found.files[target]
        found.layer_of[name] = layer
    else:
        found.unread.append(Skipped(name, f"it is a second name of {target}, which is not kept", "LD200"))


def _hide(found: Found, hidden: list[tuple[str, bool]], layer: str) -> None:
    """Whiteouts apply to lower layers only, wherever in their layer they stand (OCI image specification, layer, whiteouts)."""
    for path, inside in hidden:
        below = f"{path}/" if path else ""
        for name in [n for n, of in found.layer_of.items() if of != layer and (n.startswith(below) or (n == path and not inside))]:
            found._forget(name)  # noqa: SLF001 - of this module


def _normal(name: str) -> str:
    """A path within the image, as from its root; names that lead upwards lead to the root, as they do for who unpacks it there."""
    return os.path.normpath(f"/{name}").lstrip("/")


def read_folder(root: Path, found: Found) -> None:
    """The files of an unpacked root folder; links are not followed, for they lead out of it."""

    def shut(e: OSError) -> None:
        place = os.path.relpath(e.filename, root)
        found.unread.append(Skipped(place, f"the folder cannot be read: {e.strerror or e}", "LD202"))

    for here, folders, names in os.walk(root, onerror=shut):
        inner = os.path.relpath(here, root)
        inner = "" if inner == "." else f"{inner}/"
        folders[:] = sorted(f for f in folders if not (not inner and f in _VIRTUAL))
        for name, path in _regular(Path(here), names):
            if is_wanted(f"{inner}{name}", path.stat().st_size):
                try:
                    with path.open("rb") as stream:
                        found.take(f"{inner}{name}", path.stat().st_size, stream, "")
                except OSError as e:
                    found.unread.append(Skipped(f"{inner}{name}", f"cannot be read: {e.strerror or e}", "LD202"))


def _regular(folder: Path, names: list[str]) -> Iterator[tuple[str, Path]]:
    for name in sorted(names):
        path = folder / name
        if stat.S_ISREG(path.lstat().st_mode):
            yield name, path
