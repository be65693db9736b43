"""Helm charts: the archive that a version is in the index of a repository, or in a registry."""

from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, LadingError, SourceError, UsageError
from lading.core.kinds import Kind
from lading.sign.registry import Registry
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.sources._versions import newest

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

_LARGEST_CHART = 16 << 20


@add_source
class Charts:
    """`GET REPOSITORY/index.yaml`, then the archive, which must have the digest that the index tells."""

    upstreams = ("helm",)

    def find(self, component: Component, revision: str) -> Found:
        """The chart of a version or range, the newest release without one."""
        name = component.name.rpartition("/")[2]
        if component.url.startswith("oci://"):
            return _in_registry(component.url.removeprefix("oci://"), name, revision)
        if not component.url.startswith(("http://", "https://")):
            raise SourceError(
                f"nothing tells the repository of the chart {component.name}", hint="name it by its URL where it is installed"
            )
        base = component.url.rstrip("/") + "/"
        client = Client(base)
        entry = _entry(_index(client, base), name, revision, base)
        url = urljoin(base, str((entry.get("urls") or [""])[0]))
        with client.open(url) as answer:
            data = answer.whole(_LARGEST_CHART)
        digest = Digest.of_bytes(data)
        told = str(entry.get("digest") or "").removeprefix("sha256:")
        if told and told != digest.hex:
            raise SourceError(f"the index of {base} says sha256:{told} of {name}, the archive is {digest}")
        file = LockedFile(urlsplit(url).path.rpartition("/")[2] or f"{name}.tgz", len(data), digest, url)
        return Found(revision=str(digest), owner=urlsplit(base).hostname or "", version=str(entry.get("version")), files=(file,))

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """The archive of a chart, from a byte on."""
        if not file.url:
            raise SourceError(f"{name} lies in a registry", hint="helm pull takes it by its digest")
        return Client(file.url).open(file.url, {"Range": f"bytes={start}-"} if start else {})


def _index(client: Client, base: str) -> dict[str, Any]:
    with client.open(f"{base}index.yaml") as answer:
        data = answer.whole()
    try:
        index = yaml.load(data, Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise SourceError(f"the index of {base} is no YAML") from e
    entries = index.get("entries") if isinstance(index, dict) else None
    if not isinstance(entries, dict):
        raise SourceError(f"{base}index.yaml is no index of charts")
    return entries


def _entry(entries: dict[str, Any], name: str, asked: str, base: str) -> dict[str, Any]:
    rows = entries.get(name)
    known = {str(r.get("version")): r for r in rows if isinstance(r, dict)} if isinstance(rows, list) else {}
    chosen = asked if asked in known else newest(known, asked)
    if not chosen:
        raise GoneError(f"{base} has no chart {name}{f' of version {asked}' if asked else ''}")
    return known[chosen]


def _in_registry(place: str, name: str, version: str) -> Found:
    host, _, path = place.partition("/")
    path = path if path.rpartition("/")[2] == name else f"{path}/{name}"
    try:
        image = Registry(host, path).image(version.replace("+", "_"))
    except UsageError as e:
        raise GoneError(e.sentence) from e
    except LadingError as e:
        raise SourceError(e.sentence, hint=e.hint) from e
    return Found(
        revision=str(image.digest),
        owner=path.rpartition("/")[0],
        version=version,
        files=(LockedFile("manifest.json", image.size, image.digest),),
    )
