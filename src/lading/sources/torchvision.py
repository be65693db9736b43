"""Weights of torchvision: the files that its enumerations name, each held to the start of its SHA-256 that stands in its name."""

import os
import re
from contextlib import AbstractContextManager
from functools import cache

from msgspec.structs import replace

from lading.catalog.tables import table
from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import SourceError
from lading.core.kinds import Kind
from lading.sources._files import Files
from lading.sources._registry import Found, LockedFile, Stream, add_source

_DIGEST = re.compile(r"[-_]([0-9a-f]{8,64})\.pth$")


@add_source
class Weights:
    """`GET` of every file that a builder knows (catalog/torchvision_weights.toml): which one is loaded its arguments tell."""

    upstreams = ("torchvision",)

    def __init__(self) -> None:
        self._files = Files()

    def find(self, component: Component, revision: str) -> Found:
        """The SHA-256 and size of each file."""
        found = [self._found(name, url, revision) for name, url in addresses(component).items()]
        files = tuple(sorted(file for one in found for file in one.files))
        told = [one.validator for one in found]
        return Found(
            revision=str(
                files[0].digest if len(files) == 1 else Digest.of_bytes("\n".join(f"{f.digest} {f.path}" for f in files).encode())
            ),
            owner="torchvision",
            validator="\n".join(told) if all(told) else "",
            files=files,
        )

    def _found(self, name: str, url: str, revision: str) -> Found:
        found = self._files.find(_at(url), revision)
        start = _DIGEST.search(name)
        if start and not found.files[0].digest.hex.startswith(start[1]):
            raise SourceError(f"{url} is not the file of its name: its SHA-256 does not begin with {start[1]}")
        return replace(found, files=(replace(found.files[0], path=name),))

    def unchanged(self, component: Component, before: Found) -> bool:
        """Whether the server says so of each file."""
        told = before.validator.split("\n")
        urls = [file.url for file in before.files]
        if len(told) != len(urls) or set(urls) != set(addresses(component).values()):
            return False
        by_url = dict(zip(addresses(component).values(), told, strict=True))
        return all(self._files.unchanged(_at(url), replace(before, validator=by_url[url])) for url in urls)

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:
        """The file, from a byte on."""
        return self._files.fetch(kind, name, revision, file, start)


def addresses(component: Component) -> dict[str, str]:
    """The URL of each file of weights, by its name; SourceError for what is no builder of models."""
    names = _weights().get(component.name.lower()) if component.kind is Kind.MODEL else None
    if not names:
        raise SourceError(
            f"torchvision says nowhere what {component.name} consists of", hint="its own code fetches it, and compares an MD5"
        )
    base = os.environ.get("LADING_TORCHVISION_URL") or str(table("torchvision_weights")["base"])
    return {name: f"{base.rstrip('/')}/{name}" for name in names}


@cache
def _weights() -> dict[str, list[str]]:
    found: dict[str, list[str]] = table("torchvision_weights")["weights"]
    return found


def _at(url: str) -> Component:
    return Component(kind=Kind.FILE, name=url, upstream="http", url=url)
