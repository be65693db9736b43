"""Pipelines of spaCy: wheels among the releases of explosion/spacy-models, with the digest that GitHub tells of each."""

import os
from contextlib import AbstractContextManager
from typing import Any

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.sources._http import Client, token_from
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.sources._versions import newest

_REPOSITORY = "repos/explosion/spacy-models"
_TABLE = "https://raw.githubusercontent.com/explosion/spacy-models/master/compatibility.json"


@add_source
class Pipelines:
    """`GET /repos/explosion/spacy-models/releases/tags/NAME-VERSION`; without a version, the newest of compatibility.json."""

    upstreams = ("spacy",)

    def __init__(self) -> None:
        self.client = Client(os.environ.get("GITHUB_API_URL") or "https://api.github.com", token_from("GITHUB_TOKEN"))
        self._table = os.environ.get("LADING_SPACY_TABLE") or _TABLE

    def find(self, component: Component, revision: str) -> Found:
        """The wheel of a version."""
        name = component.name
        version = revision or self._newest(name)
        said = self.client.json(f"{_REPOSITORY}/releases/tags/{name}-{version}")
        assets = said.get("assets") if isinstance(said, dict) else None
        for asset in assets if isinstance(assets, list) else ():
            if str(asset.get("name", "")).endswith(".whl"):
                return self._found(asset, name, version)
        raise SourceError(f"the release {name}-{version} has no wheel")

    def _newest(self, name: str) -> str:
        table = self.client.json(self._table).get("spacy")
        versions = {v for row in (table or {}).values() for v in row.get(name, ())} if isinstance(table, dict) else set()
        if not (chosen := newest(versions, "")):
            raise GoneError(f"there is no pipeline {name}")
        return chosen

    def _found(self, asset: dict[str, Any], name: str, version: str) -> Found:
        try:
            digest = Digest.parse(str(asset.get("digest")))
        except ValueError as e:
            raise SourceError(f"{self.client.host} tells no digest of the wheel of {name} {version}") from e
        file = LockedFile(str(asset["name"]), int(asset.get("size", 0)), digest, str(asset.get("browser_download_url", "")))
        return Found(revision=str(digest), owner="explosion", version=version, files=(file,))

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """The wheel, from a byte on."""
        return Client(file.url).open(file.url, {"Range": f"bytes={start}-"} if start else {})
