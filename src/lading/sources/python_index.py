"""Packages of a Python index: the files of a release with the digests that the index tells (simple repository API, PEP 691)."""

import os
import re
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urljoin

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.trust.strict import canonical

_JSON = "application/vnd.pypi.simple.v1+json"
_LINK = re.compile(rb'<a\b[^>]*?href="(?P<url>[^"#]+)#sha256=(?P<sum>[0-9a-f]{64})"(?P<more>[^>]*)>(?P<name>[^<]+)</a>', re.IGNORECASE)
_STEM = r"{}-(?P<version>\d[^-]*?)(?:-.+\.whl|\.tar\.gz|\.zip|\.tar\.bz2)\Z"
PUBLIC = "https://pypi.org/simple"
"""The index that clients ask where nothing else is set."""
UNKNOWN = -1
_LARGEST = 256 << 20


@add_source
class Index:
    """`GET INDEX/NAME/` of PIP_INDEX_URL or UV_DEFAULT_INDEX, as JSON or, of indexes that have no other, as a page."""

    upstreams = ("pypi",)

    def __init__(self) -> None:
        self.client = Client(os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_DEFAULT_INDEX") or PUBLIC)

    def find(self, component: Component, revision: str) -> Found:
        """The newest release that a specifier allows, previews only where they are named; every file of it that is not yanked."""
        name = canonicalize_name(component.name)
        with self.client.open(f"{name}/", {"Accept": f"{_JSON}, text/html;q=0.1"}) as answer:
            data = answer.whole(_LARGEST)
            rows = _rows(data, answer.headers.get_content_type() == _JSON, f"{self.client.host} about {name}")
        released: dict[Version, list[dict[str, Any]]] = {}
        for row in rows:
            if not row.get("yanked") and (version := _version(str(row.get("filename")), name)):
                released.setdefault(version, []).append(row)
        chosen = _chosen(released, revision, name)
        base = f"{self.client.endpoint}/{name}/"
        files = tuple(sorted(_file(row, base) for row in released[chosen]))
        content = Digest.of_bytes(canonical([[f.path, str(f.digest)] for f in files]))
        return Found(revision=str(content), version=str(chosen), files=files)

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """A file of a release, from a byte on."""
        return self.client.open(file.url, {"Range": f"bytes={start}-"} if start else {})


def _rows(data: bytes, is_json: bool, what: str) -> list[dict[str, Any]]:  # noqa: FBT001 - which of two forms
    import json  # noqa: PLC0415 - for one of two forms

    if not is_json:
        links = ((m, m["name"].decode("utf-8", "replace").strip()) for m in _LINK.finditer(data))
        return [
            {
                "filename": name,
                "url": m["url"].decode("utf-8", "replace"),
                "hashes": {"sha256": m["sum"].decode()},
                "yanked": b"data-yanked" in m["more"],
            }
            for m, name in links
        ]
    try:
        files = json.loads(data)["files"]
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise SourceError(f"{what}: that is no list of files") from e
    return [row for row in files if isinstance(row, dict)] if isinstance(files, list) else []


def _version(filename: str, name: str) -> Version | None:
    """The version in the name of a file; None where there is none."""
    match = re.match(_STEM.format(re.sub(r"-", "[-_.]", name)), filename, re.IGNORECASE)
    try:
        return Version(match["version"]) if match else None
    except InvalidVersion:
        return None


def _chosen(released: dict[Version, Any], asked: str, name: str) -> Version:
    """The newest version that is allowed; GoneError when there is none."""
    text = asked if not asked or asked[0] in "<>=!~" else f"=={asked}"
    try:
        allowed = list(SpecifierSet(text).filter(released))
    except InvalidSpecifier as e:
        raise SourceError(f"{asked!r} is no range of versions of {name}") from e
    if not allowed:
        raise GoneError(f"the index has no {name}{text}")
    return max(allowed)


def _file(row: dict[str, Any], base: str) -> LockedFile:
    name, hashes = str(row.get("filename")), row.get("hashes")
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value) or "/" in name or name in {"", ".", ".."}:
        raise SourceError(f"the index tells no SHA-256 of {name}")
    size = row.get("size")
    return LockedFile(
        name, size if isinstance(size, int) and size >= 0 else UNKNOWN, Digest("sha256", value), urljoin(base, str(row.get("url")))
    )
