"""Where the blobs of an image lie: an OCI layout in a folder, a tar of one, what `docker save` writes, or a registry."""

import hashlib
import io
import json
import platform
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from msgspec import Struct

LARGEST_DOCUMENT = 64 << 20
MOST_LAYERS = 512
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}

Source = Callable[[str], IO[bytes]]
"""Opens a file of the image by its name in an OCI layout."""


class Layer(Struct, frozen=True):
    """One layer: where its blob lies, its digest where it has one, and the step that made it."""

    blob: str
    digest: str = ""
    made_by: str = ""

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.digest or self.blob


class Manifest(Struct, frozen=True):
    """What an image is made of."""

    layers: tuple[Layer, ...]
    digest: str = ""
    config: dict[str, Any] = {}
    annotations: dict[str, str] = {}


def is_image(path: Path) -> bool:
    """Whether a path is an OCI layout, or a tar of an image."""
    if path.is_dir():
        return (path / "oci-layout").is_file() and (path / "index.json").is_file()
    try:
        with tarfile.open(path) as archive:
            for _ in range(64):
                member = archive.next()
                if member is None:
                    return False
                if member.name.removeprefix("./") in {"oci-layout", "index.json", "manifest.json"}:
                    return True
    except (OSError, EOFError, ValueError, tarfile.TarError):
        return False
    return False


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The files of a layout, or of a tar."""
    if path.is_dir():
        yield lambda name: (path / _inside(name)).open("rb")
        return
    with tarfile.open(path) as archive:
        yield lambda name: _member(archive, name)


def manifest(source: Source) -> Manifest:
    """The manifest that the index of an image leads to, by way of this machine's platform; ValueError and its like when there is none."""
    try:
        document, digest = _document(source, "index.json"), ""
    except FileNotFoundError:
        return _saved(source)
    for _ in range(4):
        if "layers" in document:
            return _made(source, document, digest)
        digest = str(_chosen(document["manifests"])["digest"])
        document = _held(source, digest)
    raise ValueError("its index leads to no manifest")


def blob(digest: str) -> str:
    """Where a layout keeps the blob of a digest; ValueError when it is none."""
    algorithm, _, value = digest.partition(":")
    if not re.fullmatch(r"[a-z0-9]+", algorithm) or not re.fullmatch(r"[0-9a-f]+", value):
        raise ValueError(f"{digest[:80]!r} is no digest")
    return f"blobs/{algorithm}/{value}"


def _made(source: Source, document: dict[str, Any], digest: str) -> Manifest:
    config: dict[str, Any] = {}
    if "config" in document:
        try:
            config = dict(_held(source, str(document["config"]["digest"])))
        except FileNotFoundError:
            config = {}
    steps = _steps(config)
    layers = [Layer(blob(d := str(row["digest"])), d, next(steps, "")) for row in _bounded(document["layers"])]
    annotations = document.get("annotations") or {}
    return Manifest(tuple(layers), digest, config, {str(k): str(v) for k, v in annotations.items()})


def _saved(source: Source) -> Manifest:
    """What `docker save` writes: the layers by their paths in the tar."""
    document = _document(source, "manifest.json")[0]
    config = dict(_document(source, str(document["Config"]))) if "Config" in document else {}
    steps = _steps(config)
    told = config.get("rootfs", {}).get("diff_ids", []) if isinstance(config.get("rootfs"), dict) else []
    names = [str(name) for name in _bounded(document["Layers"])]
    digests = [str(d) for d in told] if len(told) == len(names) else [""] * len(names)
    return Manifest(tuple(Layer(n, d, next(steps, "")) for n, d in zip(names, digests, strict=True)), "", config)


def _bounded(layers: list[Any]) -> list[Any]:
    """The layers; ValueError when there are more than any real image has, for an image without its last layers is another one."""
    if len(layers) > MOST_LAYERS:
        raise ValueError(f"it has {len(layers)} layers, more than the {MOST_LAYERS} that are read")
    return layers


def _chosen(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The entry of this machine's platform, else the first that is an image."""
    wanted = _MACHINES.get(platform.machine(), platform.machine())
    images = [e for e in entries if (e.get("platform") or {}).get("os") != "unknown"] or entries
    return next((e for e in images if (e.get("platform") or {}).get("architecture") == wanted), images[0])


def _steps(config: dict[str, Any]) -> Iterator[str]:
    """What made each layer, as the history of an image tells it."""
    for row in config.get("history") or ():
        if isinstance(row, dict) and not row.get("empty_layer"):
            yield str(row.get("created_by", ""))


def _held(source: Source, digest: str) -> Any:  # noqa: ANN401 - JSON
    """A document by its digest; ValueError when it has other bytes."""
    with source(blob(digest)) as stream:
        held = Held(stream, digest)
        data = held.read(LARGEST_DOCUMENT)
        held.finish()
    return json.loads(data or b"")


def _document(source: Source, name: str) -> Any:  # noqa: ANN401 - JSON
    with source(name) as stream:
        return json.loads(stream.read(LARGEST_DOCUMENT))


def _inside(name: str) -> str:
    """A name that leads nowhere else."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/"):
        raise ValueError(f"{name[:80]!r} leads out of the image")
    return name


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    for spelling in (name, f"./{name}"):
        try:
            stream = archive.extractfile(spelling)
        except KeyError:
            continue
        if stream:
            return stream
    raise FileNotFoundError(f"it has no {name}")


class Held(io.RawIOBase):
    """A stream that knows the digest of what was read from it."""

    def __init__(self, stream: IO[bytes], digest: str) -> None:
        self._stream, self._algorithm, self._wanted = stream, *digest.split(":", 1)
        self._found = hashlib.new(self._algorithm)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - what io asks for
        """Read into a buffer, and count it."""
        data = self._stream.read(len(buffer))
        self._found.update(data)
        buffer[: len(data)] = data
        return len(data)

    def finish(self) -> None:
        """Read what is left; ValueError when all of it is not what its digest says."""
        while self.read(1 << 20):
            pass
        if self._found.hexdigest() != self._wanted:
            raise ValueError("it has other bytes than its digest says")
