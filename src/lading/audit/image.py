"""A container image on disk: what its layers install, read from the databases of its package managers without unpacking anything.

An OCI layout (a folder, or its tar) and what `docker save` writes are read. Of each layer only a few files are looked at.
"""

import gzip
import io
import json
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from msgspec import Struct

from lading.audit import environment
from lading.core.bom import Bom
from lading.core.component import Component, Occurrence
from lading.core.coverage import Coverage, Skipped
from lading.core.errors import FormatError
from lading.core.kinds import Kind, Pin
from lading.core.merge import merge
from lading.core.purl import purl

LARGEST_FILE = 64 << 20
LARGEST_LAYER = 64 << 30
MOST_MEMBERS = 5_000_000
MOST_LAYERS = 512
_DPKG = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+)\Z")
_PYTHON = re.compile(r"(?:.*/)?[^/]+\.dist-info/METADATA\Z")
_NODE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json\Z")
_RPM = re.compile(r"(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite|Packages|Packages\.db)\Z")
_RELEASE = re.compile(r"(?:etc|usr/lib)/os-release\Z")
_APK = "lib/apk/db/installed"
_DAMAGED = (OSError, EOFError, ValueError, tarfile.TarError, zlib.error, lzma.LZMAError)


class Found(Struct):
    """The files of an image that say what is installed, as the layers leave them, and what could not be read."""

    files: dict[str, bytes] = {}
    unread: list[Skipped] = []
    layers: int = 0


Source = Callable[[str], IO[bytes]]


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
    except _DAMAGED:
        return False
    return False


def read(path: Path) -> Bom:
    """Everything that the package managers of an image say is installed; FormatError when it is no image."""
    try:
        if path.is_dir():
            found = _image(lambda name: (path / _inside(name)).open("rb"))
        else:
            with tarfile.open(path) as archive:
                found = _image(lambda name: _member(archive, name))
    except (*_DAMAGED, KeyError, TypeError, RecursionError, AttributeError, IndexError) as e:
        raise FormatError(f"{path} is no image that can be read: {e}", hint="an OCI layout, or what `docker save` writes") from e
    return _bom(path.name, found)


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


def _document(source: Source, name: str) -> Any:  # noqa: ANN401 - JSON
    with source(name) as stream:
        return json.loads(stream.read(LARGEST_FILE))


def _image(source: Source) -> Found:
    """The layers in their order, each over those before."""
    found = Found()
    for blob in _layers(source)[:MOST_LAYERS]:
        found.layers += 1
        try:
            with source(blob) as stream, tarfile.open(fileobj=_unpacked(stream), mode="r|") as layer:
                _apply(layer, found)
        except _DAMAGED as e:
            found.unread.append(Skipped(blob, f"the layer cannot be read: {e}", "LD202"))
    return found


def _layers(source: Source) -> list[str]:
    try:
        index = _document(source, "index.json")
    except FileNotFoundError:
        return [str(layer) for layer in _document(source, "manifest.json")[0]["Layers"]]
    manifest: Any = index
    for _ in range(4):
        if "layers" in manifest:
            return [_blob(layer["digest"]) for layer in manifest["layers"]]
        manifest = _document(source, _blob(manifest["manifests"][0]["digest"]))
    raise ValueError("its index leads to no manifest")


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if not re.fullmatch(r"[a-z0-9]+", algorithm) or not re.fullmatch(r"[0-9a-f]+", value):
        raise ValueError(f"{digest[:80]!r} is no digest")
    return f"blobs/{algorithm}/{value}"


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    buffered = io.BufferedReader(cast("Any", stream))
    head = buffered.peek(6)[:6]
    if head[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    if head[:4] == b"\x28\xb5\x2f\xfd":
        raise ValueError("it is compressed with zstd, which is not read")
    return buffered


def _apply(layer: tarfile.TarFile, found: Found) -> None:
    """The files of one layer that matter; a whiteout takes away what lower layers had."""
    size = 0
    for number, member in enumerate(layer):
        size += member.size
        if number > MOST_MEMBERS or size > LARGEST_LAYER:
            raise ValueError("it is larger than a layer may be")
        name = member.name.removeprefix("./").lstrip("/")
        folder, _, base = name.rpartition("/")
        if base == ".wh..wh..opq":
            _remove(found, f"{folder}/")
        elif base.startswith(".wh."):
            gone = f"{folder}/{base[4:]}".lstrip("/")
            found.files.pop(gone, None)
            _remove(found, f"{gone}/")
        elif member.isfile() and _wanted(name):
            stream = layer.extractfile(member)
            if stream is None or member.size > LARGEST_FILE:
                found.unread.append(Skipped(name, "larger than such a file may be", "LD201"))
            else:
                found.files[name] = stream.read()


def _remove(found: Found, prefix: str) -> None:
    for name in [n for n in found.files if n.startswith(prefix)]:
        del found.files[name]


def _wanted(name: str) -> bool:
    return name == _APK or any(p.match(name) for p in (_RELEASE, _DPKG, _PYTHON, _NODE, _RPM))


def _bom(name: str, found: Found) -> Bom:
    release = _release(found.files)
    components: list[Component] = []
    unread = list(found.unread)
    distributions = []
    for path, data in sorted(found.files.items()):
        try:
            if _DPKG.match(path):
                components += _debian(path, data, release)
            elif path == _APK:
                components += _alpine(path, data, release)
            elif _PYTHON.match(path):
                distributions.append(environment.distribution(path, data))
            elif _NODE.match(path):
                components += _node(path, data)
            elif _RPM.match(path):
                unread.append(Skipped(path, "the database of RPM is not read", "LD201"))
        except (ValueError, RecursionError) as e:
            unread.append(Skipped(path, f"cannot be read: {e}", "LD200"))
    python = environment.bom(name, distributions)
    return Bom(
        subject=Component(kind=Kind.SYSTEM, name=name),
        components=tuple(merge([*components, *python.components])),
        edges=python.edges,
        coverage=Coverage(files=len(found.files) + len(unread), read=len(found.files), unread=tuple(sorted(unread))),
    )


def _release(files: dict[str, bytes]) -> tuple[str, str]:
    """Id and version of the distribution."""
    text = next((files[n] for n in ("etc/os-release", "usr/lib/os-release") if n in files), b"").decode("utf-8", "replace")
    rows = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return rows.get("ID", "").strip("\"'"), rows.get("VERSION_ID", "").strip("\"'")


def _debian(path: str, data: bytes, release: tuple[str, str]) -> Iterator[Component]:
    """Installed packages, by the source package that advisories name where it is another."""
    for rows in _stanzas(data, ": "):
        if "installed" in rows.get("Status", "installed").split() and "Package" in rows and "Version" in rows:
            source, _, version = rows.get("Source", rows["Package"]).partition(" ")
            told = version.strip("() ") or rows["Version"]
            yield _system("deb", release[0] or "debian", source, told, path, release, rows["Package"])


def _alpine(path: str, data: bytes, release: tuple[str, str]) -> Iterator[Component]:
    for rows in _stanzas(data, ":"):
        if "P" in rows and "V" in rows:
            yield _system("apk", release[0] or "alpine", rows.get("o", rows["P"]), rows["V"], path, release, rows["P"])


def _stanzas(data: bytes, separator: str) -> Iterator[dict[str, str]]:
    for block in data.decode("utf-8", "replace").split("\n\n"):
        rows = (line.split(separator, 1) for line in block.splitlines() if separator in line and not line[:1].isspace())
        yield {k: v.strip() for k, v in rows}


def _system(kind: str, namespace: str, name: str, version: str, path: str, release: tuple[str, str], written: str) -> Component:
    distro = f"{release[0]}-{release[1]}" if all(release) else ""
    return Component(
        kind=Kind.NATIVE_LIBRARY,
        name=name,
        upstream=namespace,
        version=version,
        pin=Pin.MUTABLE,
        purl=purl(kind, name, namespace=namespace, version=version, distro=distro),
        occurrences=(Occurrence(path, 0, "installed", written),),
    )


def _node(path: str, data: bytes) -> Iterator[Component]:
    row = json.loads(data)
    if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("version"), str) and row["name"]:
        namespace, _, short = row["name"].rpartition("/")
        yield Component(
            kind=Kind.LIBRARY,
            name=row["name"],
            upstream="npm",
            version=row["version"],
            pin=Pin.MUTABLE,
            purl=purl("npm", short, namespace=namespace, version=row["version"]),
            occurrences=(Occurrence(path, 0, "installed"),),
        )
