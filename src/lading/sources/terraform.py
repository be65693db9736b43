"""Providers and modules of a Terraform registry: the version that a range means, and what that version is."""

import os
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, SourceError
from lading.sources._git import commit_at
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile, add_source
from lading.sources._versions import newest

_SUMS = re.compile(r"(?P<sum>[0-9a-f]{64})\s+\*?(?P<name>[\w.-]+)\Z")
_LARGEST_SUMS = 1 << 20
UNKNOWN = -1
"""The size of a file of which a registry tells the digest alone."""


@add_source
class Terraform:
    """The provider and the module registry protocol, version 1."""

    upstreams = ("terraform", "terraform-module")

    def __init__(self) -> None:
        self.client = Client(os.environ.get("LADING_TERRAFORM_REGISTRY") or "https://registry.terraform.io")

    def find(self, component: Component, revision: str) -> Found:
        """A provider by the digests of its archives for every platform, a module by the commit that its version leads to."""
        name = component.name.partition("//")[0]
        return self._module(name, revision) if component.upstream == "terraform-module" else self._provider(name, revision)

    def _provider(self, name: str, asked: str) -> Found:
        base = f"v1/providers/{quote(name)}"
        rows = self._rows(self.client.json(f"{base}/versions"), "versions", name)
        chosen = _chosen(name, (str(r.get("version")) for r in rows), asked)
        platforms = next(r for r in rows if r.get("version") == chosen).get("platforms")
        if not isinstance(platforms, list) or not platforms or not isinstance(platforms[0], dict):
            raise SourceError(f"{self.client.host} tells no platform of {name} {chosen}")
        one = platforms[0]
        told = self.client.json(f"{base}/{chosen}/download/{quote(str(one.get('os')))}/{quote(str(one.get('arch')))}")
        url = str(told.get("shasums_url") or "") if isinstance(told, dict) else ""
        with self.client.open(url or f"{base}/{chosen}/shasums") as answer:
            sums = answer.whole(_LARGEST_SUMS)
        files = [
            LockedFile(m["name"], UNKNOWN, Digest("sha256", m["sum"]))
            for m in map(_SUMS.match, sums.decode("utf-8", "replace").splitlines())
            if m
        ]
        if not files:
            raise SourceError(f"{self.client.host} tells no digests of {name} {chosen}")
        return Found(revision=str(Digest.of_bytes(sums)), owner=name.partition("/")[0], version=chosen, files=tuple(sorted(files)))

    def _module(self, name: str, asked: str) -> Found:
        base = f"v1/modules/{quote(name)}"
        modules = self._rows(self.client.json(f"{base}/versions"), "modules", name)
        rows = self._rows(modules[0] if modules else {}, "versions", name)
        chosen = _chosen(name, (str(r.get("version")) for r in rows), asked)
        with self.client.open(f"{base}/{chosen}/download") as answer:
            place = answer.headers.get("X-Terraform-Get") or ""
        parts = urlsplit(place.removeprefix("git::"))
        revision = parse_qs(parts.query).get("ref", [""])[0]
        if not revision or parts.scheme not in {"https", "ssh", "file"}:
            raise SourceError(f"{self.client.host} keeps {name} {chosen} elsewhere than in Git: {place or 'nowhere'}")
        url = f"{parts.scheme}://{parts.netloc}{parts.path.partition('//')[0]}"
        return Found(revision=commit_at(url, revision), owner=name.partition("/")[0], version=chosen)

    def _rows(self, said: Any, key: str, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
        rows = said.get(key) if isinstance(said, dict) else None
        if not isinstance(rows, list):
            raise SourceError(f"{self.client.host} tells no versions of {name}")
        return [row for row in rows if isinstance(row, dict)]


def _chosen(name: str, versions: Any, asked: str) -> str:  # noqa: ANN401 - an iterable of texts
    known = list(versions)
    chosen = asked if asked in known else newest(known, asked)
    if not chosen:
        raise GoneError(f"there is no {name}{f' of version {asked}' if asked else ''}")
    return chosen
