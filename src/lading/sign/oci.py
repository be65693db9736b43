"""What OCI layouts and registries have in common: descriptors, manifests, the names of what is attached (OCI image specification 1.1)."""

import re
from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import TrustError
from lading.trust.strict import load

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
LARGEST = 64 << 20
"""Bytes of a blob that is read."""


class Descriptor(Struct, frozen=True):
    """A blob by digest, with what the manifest that names it says of it."""

    digest: Digest
    media_type: str
    size: int
    annotations: dict[str, str] = {}


Attached = tuple[str, "dict[str, Any] | TrustError"]
"""How something was found that belongs to an image, and its manifest; or why that could not be read."""


class Images(Protocol):
    """Where images and what is attached to them lie."""

    place: str
    """As people name it: `oci:FOLDER` or `docker://HOST/NAME`."""

    def image(self, tag: str) -> Descriptor:
        """The image of a tag; UsageError when there is none."""
        ...

    def attached(self, image: Digest) -> Iterator[Attached]:
        """Everything that belongs to an image, each once: by tag, or by naming the image as its subject."""
        ...

    def blob(self, digest: Digest) -> bytes:
        """The bytes of a blob; TrustError when they are not there, too many, or not those of the digest."""
        ...

    def held(self, image: Descriptor) -> None:
        """Return when the image itself is there with the bytes that its digest says; TrustError otherwise."""
        ...

    def put(self, data: bytes) -> Digest:
        """Add a blob."""
        ...

    def attach(self, manifest: dict[str, Any], name: str = "") -> Digest:
        """Add a manifest, in the place of the one of the same name, where it has one."""
        ...


def empty(images: Images) -> dict[str, Any]:
    """The descriptor of the empty configuration, which is put where it is not."""
    return {"mediaType": EMPTY_TYPE, "digest": str(images.put(EMPTY)), "size": len(EMPTY)}


def manifest_of(data: bytes, digest: Digest) -> dict[str, Any]:
    """A manifest from bytes; TrustError when they are not those of the digest, or no manifest."""
    if digest.algorithm not in {"sha256", "sha512"}:
        raise TrustError(f"a blob is named by {digest.algorithm}, by which nothing is named")
    if Digest.of_bytes(data, digest.algorithm) != digest:
        raise TrustError(f"the manifest {digest} has other bytes than its name says")
    manifest = load(data, f"the manifest {digest}")
    if not isinstance(manifest, dict):
        raise TrustError(f"the manifest {digest} is no JSON object")
    return manifest


def layers_of(manifest: dict[str, Any]) -> list[Descriptor]:
    """The layers of a manifest; TrustError when they are none."""
    layers = manifest.get("layers")
    if not isinstance(layers, list):
        raise TrustError("a manifest has no layers")
    return [descriptor_of(layer) for layer in layers]


def descriptor_of(value: object) -> Descriptor:
    """A descriptor from JSON; TrustError when it is none."""
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


def tags_of(image: Digest) -> dict[str, str]:
    """The tags under which cosign, and registries without referrers, keep what belongs to an image, with how that is called."""
    return {f"{image.algorithm}-{image.hex}{suffix}": f"tag {suffix}".rstrip() for suffix in (".sig", ".att", "")}


def is_attached(tag: str) -> bool:
    """Whether a tag is one of those of `tags_of`, and so no image of its own."""
    return re.fullmatch(r"sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?", tag) is not None


def names_subject(manifest: dict[str, Any], image: Digest) -> bool:
    """Whether a manifest says that it belongs to an image."""
    subject = manifest.get("subject")
    return isinstance(subject, dict) and subject.get("digest") == str(image)
