"""The Hugging Face Hub, or whatever HF_ENDPOINT names: one question tells commit, identity, license and every file with its digest."""

import os
import re
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import SourceError
from lading.core.kinds import Kind
from lading.sources._http import Client, token_from
from lading.sources._registry import Found, LockedFile, Stream, add_source

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "git": _COMMIT}


@add_source
class Hub:
    """`GET /api/{models,datasets}/NAME/revision/REVISION?blobs=true` (huggingface_hub asks the same for `files_metadata`)."""

    upstreams = ("huggingface", "timm")

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client(os.environ.get("HF_ENDPOINT") or "https://huggingface.co", token_from("HF_TOKEN"))

    def find(self, component: Component, revision: str) -> Found:
        """The commit that a branch, tag or commit is, `main` without one, with its files."""
        name = _name(component)
        asked = quote(revision or "main", safe="")
        said = self.client.json(f"api/{section(component)}/{quote(name)}/revision/{asked}?blobs=true")
        if not isinstance(said, dict) or not _COMMIT.fullmatch(str(said.get("sha"))):
            raise SourceError(f"{self.client.host} does not tell the commit of {name}")
        if _COMMIT.fullmatch(revision) and said["sha"] != revision:
            raise SourceError(f"{self.client.host} was asked for the commit {revision} of {name} and answers with {said['sha']}")
        card = said.get("cardData")
        return Found(
            revision=said["sha"],
            identity=str(said.get("_id") or ""),
            owner=str(said.get("id") or name).rpartition("/")[0],
            license=str(card.get("license") or "") if isinstance(card, dict) else "",
            gated=str(said.get("gated") or ""),
            files=tuple(sorted(_file(row, name) for row in said.get("siblings") or ())),
        )

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:
        """A file of a repository at a commit, from a byte on (`/NAME/resolve/COMMIT/PATH`)."""
        prefix = "datasets/" if kind is Kind.DATASET else ""
        headers = {"Range": f"bytes={start}-"} if start else {}
        return self.client.open(f"{prefix}{quote(name)}/resolve/{revision}/{quote(file.path)}", headers)


def _name(component: Component) -> str:
    """The name on the hub; timm keeps each set of weights in a repository of its own there."""
    name = component.name.partition(":")[0]
    if component.upstream != "timm" or name.startswith("timm/"):
        return name
    if "." not in name:
        raise SourceError(f"which weights timm takes for {name} depends on its version", hint=f"name them: {name}.TAG")
    return f"timm/{name}"


def section(component: Component) -> str:
    """The part of the hub that an artifact is in."""
    return "datasets" if component.kind is Kind.DATASET else "models"


def _file(row: Any, name: str) -> LockedFile:  # noqa: ANN401 - JSON
    """A file as the hub tells it: by SHA-256 where it is kept in large file storage, else by its Git blob."""
    if not isinstance(row, dict) or not isinstance(row.get("rfilename"), str):
        raise SourceError(f"the hub lists a file of {name} without a name")
    path, large = row["rfilename"], row.get("lfs")
    algorithm, value = ("sha256", large.get("sha256") or large.get("oid")) if isinstance(large, dict) else ("git", row.get("blobId"))
    size = large.get("size", row.get("size")) if isinstance(large, dict) else row.get("size")
    if not isinstance(value, str) or not _HEX[algorithm].fullmatch(value) or not isinstance(size, int) or size < 0:
        raise SourceError(f"the hub tells no digest and size of {path} in {name}")
    if path.startswith("/") or any(part in {"", ".", ".."} for part in path.split("/")):
        raise SourceError(f"the hub lists {path!r} in {name}, which is no path")
    return LockedFile(path, size, Digest(algorithm, value))
