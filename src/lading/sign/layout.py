"""OCI image layouts on disk: blobs by digest, an index of manifests (OCI image specification 1.1)."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lading.core.digest import Digest
from lading.core.errors import LadingError, TrustError, UsageError
from lading.sign.oci import (
    INDEXES,
    LARGEST,
    MANIFEST,
    Attached,
    Descriptor,
    descriptor_of,
    is_attached,
    manifest_of,
    names_subject,
    tags_of,
)
from lading.trust.strict import canonical, load

_NAME = "org.opencontainers.image.ref.name"
DEEPEST = 4


class Layout:
    """An image layout; UsageError when the folder is none."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "oci-layout").is_file() or not (folder / "index.json").is_file():
            raise UsageError(f"{folder} is no OCI image layout", hint="skopeo copy docker://IMAGE oci:FOLDER:TAG makes one")
        self.folder = folder
        self.place = f"oci:{folder}"

    def image(self, tag: str) -> Descriptor:
        """The image of a tag, or the only one there is; UsageError names what there is otherwise."""
        entries = [descriptor_of(e) for e in self._index()]
        images = [e for e in entries if not is_attached(e.annotations.get(_NAME, "")) and not self._refers(e)]
        found = [e for e in images if e.annotations.get(_NAME) == tag] if tag else images
        if len({e.digest for e in found}) != 1:
            names = sorted({e.annotations.get(_NAME, str(e.digest)) for e in images})
            raise UsageError(
                f"{self.folder} has {len(found)} images{f' with the tag {tag!r}' if tag else ''}",
                hint=f"{self.place}:TAG with one of: {', '.join(names)}",
            )
        return found[0]

    def attached(self, image: Digest) -> Iterator[Attached]:
        """Every manifest that belongs to an image, each once; one that cannot be read may, and is told."""
        seen: set[Digest] = set()
        tags = tags_of(image)
        for descriptor, manifest in self._manifests([descriptor_of(e) for e in self._index()], 0):
            tagged = tags.get(descriptor.annotations.get(_NAME, ""))
            if descriptor.digest in seen:
                continue
            if isinstance(manifest, TrustError):
                yield "unreadable", manifest
            elif names_subject(manifest, image):
                yield "referrer", manifest
            elif tagged:
                yield tagged, manifest
            else:
                continue
            seen.add(descriptor.digest)

    def held(self, image: Descriptor) -> None:
        """Return when the manifest of the image is there with the bytes that its digest says; TrustError otherwise."""
        self.blob(image.digest)

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

    def _manifests(self, descriptors: list[Descriptor], depth: int) -> Iterator[tuple[Descriptor, dict[str, Any] | TrustError]]:
        """Manifests, also those of indexes within indexes; one that is broken does not hide the others."""
        for descriptor in descriptors:
            try:
                manifest = self._manifest(descriptor)
                inner = manifest.get("manifests")
                nested = [descriptor_of(e) for e in inner] if descriptor.media_type in INDEXES and isinstance(inner, list) else []
            except TrustError as e:
                yield descriptor, e
                continue
            if depth < DEEPEST:
                yield from self._manifests(nested, depth + 1)
            yield descriptor, manifest

    def _manifest(self, descriptor: Descriptor) -> dict[str, Any]:
        if not (self.folder / "blobs" / descriptor.digest.algorithm / descriptor.digest.hex).exists():
            return {}  # a layout need not hold every platform of an index
        return manifest_of(self.blob(descriptor.digest), descriptor.digest)

    def _refers(self, descriptor: Descriptor) -> bool:
        try:
            return "subject" in self._manifest(descriptor)
        except TrustError:
            return not descriptor.annotations.get(_NAME)

    def _index(self) -> list[dict[str, Any]]:
        index = load((self.folder / "index.json").read_bytes(), "the index of the layout")
        entries = index.get("manifests") if isinstance(index, dict) else None
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise TrustError("the index of the layout has no list of manifests")
        return entries

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
