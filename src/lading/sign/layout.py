"""OCI image layouts on disk: blobs by digest, an index of manifests, what refers to what (OCI image specification 1.1)."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import LadingError, TrustError, UsageError
from lading.trust.strict import canonical, load

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
_EMPTY = b"{}"
_NAME = "org.opencontainers.image.ref.name"
LARGEST = 64 << 20
DEEPEST = 4


class Descriptor(Struct, frozen=True):
    """A blob by digest, with what the manifest that names it says of it."""

    digest: Digest
    media_type: str
    size: int
    annotations: dict[str, str] = {}


class Layout:
    """An image layout; UsageError when the folder is none."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "oci-layout").is_file() or not (folder / "index.json").is_file():
            raise UsageError(f"{folder} is no OCI image layout", hint="skopeo copy docker://IMAGE oci:FOLDER:TAG makes one")
        self.folder = folder

    def image(self, tag: str) -> Descriptor:
        """The image of a tag, or the only one there is; UsageError names what there is otherwise."""
        entries = [self._descriptor(e) for e in self._index()]
        images = [e for e in entries if not _is_attached(e.annotations.get(_NAME, "")) and not self._refers(e)]
        found = [e for e in images if e.annotations.get(_NAME) == tag] if tag else images
        if len({e.digest for e in found}) != 1:
            names = sorted({e.annotations.get(_NAME, str(e.digest)) for e in images})
            raise UsageError(
                f"{self.folder} has {len(found)} images{f' with the tag {tag!r}' if tag else ''}",
                hint=f"oci:{self.folder}:TAG with one of: {', '.join(names)}",
            )
        return found[0]

    def attached(self, image: Digest) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every manifest that belongs to an image, each once, with how it was found: by tag, or by naming the image as its subject."""
        seen: set[Digest] = set()
        tags = {f"sha256-{image.hex}{suffix}": suffix.lstrip(".") for suffix in (".sig", ".att", "")}
        for descriptor, manifest in self._manifests([self._descriptor(e) for e in self._index()], 0):
            subject = manifest.get("subject")
            refers = isinstance(subject, dict) and subject.get("digest") == str(image)
            tagged = tags.get(descriptor.annotations.get(_NAME, ""))
            if descriptor.digest not in seen and (refers or tagged):
                seen.add(descriptor.digest)
                yield ("referrer" if refers else f"tag .{tagged}"), manifest

    def blob(self, digest: Digest) -> bytes:
        """The bytes of a blob; TrustError when they are not there, too many, or not those of the digest."""
        if digest.algorithm not in {"sha256", "sha512"}:
            raise TrustError(f"a blob is named by {digest.algorithm}, which no layout has")
        path = self.folder / "blobs" / digest.algorithm / digest.hex
        try:
            if path.stat().st_size > LARGEST:
                raise TrustError(f"the blob {digest} has more than {LARGEST} bytes")
            data = path.read_bytes()
        except OSError as e:
            raise TrustError(f"the blob {digest} cannot be read: {e.strerror}") from e
        if Digest.of_bytes(data, digest.algorithm) != digest:
            raise TrustError(f"the blob {digest} has other bytes than its name says")
        return data

    def layers(self, manifest: dict[str, Any]) -> list[Descriptor]:
        """The layers of a manifest; TrustError when they are none."""
        layers = manifest.get("layers")
        if not isinstance(layers, list):
            raise TrustError("a manifest has no layers")
        return [self._descriptor(layer) for layer in layers]

    def put(self, data: bytes) -> Digest:
        """Add a blob."""
        digest = Digest.of_bytes(data)
        self._write(self.folder / "blobs" / "sha256" / digest.hex, data)
        return digest

    def attach(self, manifest: dict[str, Any], name: str = "") -> Digest:
        """Add a manifest to the index, in the place of the one of the same name, where it has one."""
        data = canonical(manifest)
        digest = self.put(data)
        entry: dict[str, Any] = {"mediaType": MANIFEST, "digest": str(digest), "size": len(data)}
        if name:
            entry["annotations"] = {_NAME: name}
        if "artifactType" in manifest:
            entry["artifactType"] = manifest["artifactType"]
        index = load((self.folder / "index.json").read_bytes(), "the index of the layout")
        kept = [e for e in self._index() if e.get("digest") != str(digest) and (not name or e.get("annotations", {}).get(_NAME) != name)]
        self._write(self.folder / "index.json", canonical({**index, "manifests": [*kept, entry]}))
        return digest

    def empty(self) -> dict[str, Any]:
        """The descriptor of the empty configuration, which is put where it is not."""
        return {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(self.put(_EMPTY)), "size": len(_EMPTY)}

    def _manifests(self, descriptors: list[Descriptor], depth: int) -> Iterator[tuple[Descriptor, dict[str, Any]]]:
        """Manifests, also those of indexes within indexes."""
        for descriptor in descriptors:
            manifest = self._manifest(descriptor)
            inner = manifest.get("manifests")
            if descriptor.media_type in _INDEXES and isinstance(inner, list) and depth < DEEPEST:
                yield from self._manifests([self._descriptor(e) for e in inner], depth + 1)
            yield descriptor, manifest

    def _manifest(self, descriptor: Descriptor) -> dict[str, Any]:
        try:
            manifest = load(self.blob(descriptor.digest), f"the manifest {descriptor.digest}")
        except TrustError:
            if (self.folder / "blobs" / descriptor.digest.algorithm / descriptor.digest.hex).exists():
                raise
            return {}  # a layout need not hold every platform of an index
        if not isinstance(manifest, dict):
            raise TrustError(f"the manifest {descriptor.digest} is no JSON object")
        return manifest

    def _refers(self, descriptor: Descriptor) -> bool:
        return "subject" in self._manifest(descriptor)

    def _index(self) -> list[dict[str, Any]]:
        index = load((self.folder / "index.json").read_bytes(), "the index of the layout")
        entries = index.get("manifests") if isinstance(index, dict) else None
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise TrustError("the index of the layout has no list of manifests")
        return entries

    def _descriptor(self, value: object) -> Descriptor:
        if not isinstance(value, dict):
            raise TrustError("a descriptor is no JSON object")
        annotations = value.get("annotations") or {}
        try:
            digest = Digest.parse(str(value.get("digest")))
        except ValueError as e:
            raise TrustError(f"a descriptor has no digest: {e}") from e
        if not isinstance(annotations, dict) or not all(isinstance(v, str) for v in annotations.values()):
            raise TrustError(f"the annotations of {digest} are no texts")
        size = value.get("size")
        return Descriptor(digest, str(value.get("mediaType", "")), size if isinstance(size, int) else -1, annotations)

    def _write(self, path: Path, data: bytes) -> None:
        """A file that appears whole or not at all."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(scratch).chmod(0o644)
            Path(scratch).replace(path)
        except OSError as e:
            raise LadingError(f"{path} cannot be written: {e.strerror}") from e


def _is_attached(name: str) -> bool:
    return re.fullmatch(r"sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?", name) is not None
