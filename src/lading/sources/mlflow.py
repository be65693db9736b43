"""Models of an MLflow registry: the version that an alias or a number is, and its files as the tracking server hands them out."""

import hashlib
import os
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, urlencode

from lading.core.component import Component
from lading.core.digest import BLOCK, Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.sources._http import Client, token_from
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.trust.strict import canonical

_API = "api/2.0/mlflow"
_FILES = "api/2.0/mlflow-artifacts/artifacts"
_PROXIED = "mlflow-artifacts:/"
_MOST = 10_000


@add_source
class Registered:
    """`model-versions/get` or `registered-models/alias` of MLFLOW_TRACKING_URI; each file is read once: MLflow keeps no digests."""

    upstreams = ("mlflow",)

    def __init__(self) -> None:
        self._address = os.environ.get("MLFLOW_TRACKING_URI", "")
        self.client = Client(self._address, token_from("MLFLOW_TRACKING_TOKEN"))

    def find(self, component: Component, revision: str) -> Found:
        """A version by its number or an alias, the newest without one; the digest is that of all its files."""
        if not self._address.startswith(("http://", "https://")):
            raise SourceError("nothing tells where the MLflow registry is", hint="set MLFLOW_TRACKING_URI to its http(s) address")
        name = component.name
        version = self._version(name, revision)
        number = str(version.get("version"))
        place = str(self._asked("model-versions/get-download-uri", name=name, version=number).get("artifact_uri") or "")
        if not place.startswith(_PROXIED):
            raise SourceError(
                f"the files of {name} {number} lie at {place.partition(':')[0] or 'no place'}:, which the server does not hand out"
            )
        base = place.removeprefix(_PROXIED).strip("/")
        files = tuple(sorted(self._file(path, base) for path in self._listed(base)))
        content = Digest.of_bytes(canonical([[f.path, str(f.digest)] for f in files]))
        return Found(
            revision=str(content),
            version=number,
            identity=f"{version.get('run_id', '')} {version.get('creation_timestamp', '')}",
            files=files,
        )

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """A file of a version; MLflow begins at the first byte whatever is asked."""
        return self.client.open(file.url)

    def _version(self, name: str, asked: str) -> dict[str, Any]:
        if asked.isdigit():
            said = self._asked("model-versions/get", name=name, version=asked)
        elif asked and asked != "latest":
            said = self._asked("registered-models/alias", name=name, alias=asked)
        else:
            model = self._asked("registered-models/get", name=name).get("registered_model") or {}
            rows = [r for r in model.get("latest_versions") or () if str(r.get("version", "")).isdigit()]
            said = {"model_version": max(rows, key=lambda r: int(r["version"]), default=None)}
        version = said.get("model_version")
        if not isinstance(version, dict):
            raise GoneError(f"{self.client.host} has no version {asked or 'at all'} of {name}")
        return version

    def _asked(self, question: str, **fields: str) -> dict[str, Any]:
        said = self.client.json(f"{_API}/{question}?{urlencode(fields)}")
        if not isinstance(said, dict):
            raise SourceError(f"{self.client.host} answers {question} with something else than an object")
        return said

    def _listed(self, base: str) -> list[str]:
        """The files below a place, by their paths in it."""
        found: list[str] = []
        folders = [""]
        while folders:
            folder = folders.pop()
            said = self.client.json(f"{_FILES}?{urlencode({'path': f'{base}/{folder}'.rstrip('/')})}")
            for row in said.get("files") or () if isinstance(said, dict) else ():
                path = f"{folder}/{str(row.get('path')).rpartition('/')[2]}".lstrip("/")
                (folders if row.get("is_dir") else found).append(path)
            if len(found) + len(folders) > _MOST:
                raise SourceError(f"{base} holds more than {_MOST} files")
        return found

    def _file(self, path: str, base: str) -> LockedFile:
        url = f"{_FILES}/{quote(base)}/{quote(path)}"
        running, size = hashlib.sha256(), 0
        with self.client.open(url) as answer:
            while block := answer.read(BLOCK):
                running.update(block)
                size += len(block)
        return LockedFile(path, size, Digest("sha256", running.hexdigest()), url)
