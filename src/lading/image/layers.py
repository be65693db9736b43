"""Layers laid one over the other: what an upper one replaces or removes is not in the image."""

import gzip
import io
import lzma
import os
import stat
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any, cast

from lading.binary import zstd
from lading.core.coverage import Skipped
from lading.image.blobs import Held, Layer, Source
from lading.image.files import Found

LARGEST_LAYER = 64 << 30
MOST_MEMBERS = 5_000_000
DAMAGED = (OSError, EOFError, ValueError, tarfile.TarError, zlib.error, lzma.LZMAError)
_VIRTUAL = ("proc", "sys", "dev", "run")


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
    if head[:4] == zstd.MAGIC:
        return cast("IO[bytes]", zstd.module().ZstdFile(buffered))
    return buffered


def _damaged() -> tuple[type[BaseException], ...]:
    return (*DAMAGED, zstd.module().ZstdError)


def _members(archive: tarfile.TarFile, layer: str, found: Found) -> None:
    """The files of one layer; a whiteout takes away what lower layers had, never what its own layer brings.

    It does so wherever in its layer it stands (OCI image specification, layer, whiteouts).
    """
    size = 0
    hidden: set[str] = set()
    emptied: set[str] = set()
    for number, member in enumerate(archive):
        size += member.size
        if number > MOST_MEMBERS or size > LARGEST_LAYER:
            raise ValueError("it is larger than a layer may be")
        name = _normal(member.name)
        folder, _, base = name.rpartition("/")
        if not name:
            continue
        if base == ".wh..wh..opq":
            emptied.add(folder)
        elif base.startswith(".wh."):
            hidden.add(f"{folder}/{base[4:]}".lstrip("/"))
        elif member.isdir():
            found.folder(name)
        else:
            found.name(name, layer)
            if member.isfile() and found.wants(name, member.size) and (stream := archive.extractfile(member)):
                found.take(name, member.size, stream)
            elif member.islnk():
                found.link(name, _normal(member.linkname))
    if hidden or emptied:
        found.remove(hidden, emptied, but_of=layer)


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
        for name in sorted(names):
            path, place = f"{inner}{name}", Path(here) / name
            found.name(path, "")
            try:
                told = place.lstat()
                if stat.S_ISREG(told.st_mode) and found.wants(path, told.st_size):
                    with place.open("rb") as stream:
                        found.take(path, told.st_size, stream)
            except OSError as e:
                found.unread.append(Skipped(path, f"cannot be read: {e.strerror or e}", "LD202"))
