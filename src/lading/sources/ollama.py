"""Models of Ollama's registry: the manifest that a tag is now, which names every layer by digest."""

import os
from contextlib import AbstractContextManager
from typing import Any

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import SourceError, TrustError
from lading.core.kinds import Kind
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.trust.strict import load

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@add_source
class Models:
    """`GET /v2/{library|OWNER}/NAME/manifests/TAG`; files are named as in the store of Ollama (`blobs/sha256-…`)."""

    upstreams = ("ollama",)

    def __init__(self) -> None:
        self.client = Client(os.environ.get("LADING_OLLAMA_REGISTRY") or "https://registry.ollama.ai")

    def find(self, component: Component, revision: str) -> Found:
        """The manifest of a tag, `latest` without one."""
        name, _, tag = component.name.partition(":")
        name = name if "/" in name else f"library/{name}"
        asked = revision or tag or "latest"
        with self.client.open(f"v2/{name}/manifests/{asked}", {"Accept": _MANIFEST}) as answer:
            data = answer.whole()
        digest = Digest.of_bytes(data)
        if asked.startswith("sha256:") and asked != str(digest):
            raise SourceError(f"{self.client.host} was asked for {asked} of {name} and answers with {digest}")
        files = [LockedFile(f"manifests/registry.ollama.ai/{name}/{tag or 'latest'}", len(data), digest)]
        return Found(revision=str(digest), owner=name.partition("/")[0], files=tuple(sorted([*files, *_layers(data, name)])))

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - by digest
        """The manifest or a layer, from a byte on."""
        name = name.partition(":")[0]
        name = name if "/" in name else f"library/{name}"
        place = f"blobs/{file.digest}" if file.path.startswith("blobs/") else f"manifests/{file.path.rpartition('/')[2]}"
        return self.client.open(f"v2/{name}/{place}", {"Accept": _MANIFEST, **({"Range": f"bytes={start}-"} if start else {})})


def _layers(data: bytes, name: str) -> list[LockedFile]:
    try:
        manifest: Any = load(data, name)
        rows = [(Digest.parse(row["digest"]), int(row["size"])) for row in (manifest["config"], *manifest["layers"])]
        return [LockedFile(f"blobs/{digest.algorithm}-{digest.hex}", size, digest) for digest, size in rows]
    except (KeyError, TypeError, ValueError, AttributeError, TrustError) as e:
        raise SourceError(f"the manifest of {name} does not tell its layers") from e
