"""Files at a URL: read once, to know what they are; asked for by entity tag afterwards."""

import hashlib
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lading.core.component import Component
from lading.core.digest import BLOCK, Digest
from lading.core.errors import SourceError
from lading.core.kinds import Kind
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile, Stream

_PAGES = ("text/html", "application/xhtml+xml")


class Files:
    """`GET URL`; a page for people is no artifact."""

    def find(self, component: Component, revision: str) -> Found:  # noqa: ARG002 - a URL names one thing only
        """The SHA-256 and size of what is at the URL."""
        url = _plain(component.url or component.name)
        running, size = hashlib.sha256(), 0
        with _client(url).open(url) as answer:
            if answer.headers.get_content_type() in _PAGES and not url.endswith((".html", ".htm")):
                raise SourceError(f"{url} answers with a page for people, not with a file")
            while block := answer.read(BLOCK):
                running.update(block)
                size += len(block)
            validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        digest = Digest("sha256", running.hexdigest())
        return Found(
            revision=str(digest),
            owner=urlsplit(url).hostname or "",
            validator=validator,
            files=(LockedFile(file_name(url), size, digest, url),),
        )

    def unchanged(self, component: Component, before: Found) -> bool:
        """Whether the server says so; never where it gave the file no tag and no date."""
        url = _plain(component.url or component.name)
        return bool(before.validator) and _client(url).unchanged(url, before.validator)

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """The file, from a byte on."""
        url = _plain(file.url)
        return _client(url).open(url, {"Range": f"bytes={start}-"} if start else {})


def _plain(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SourceError(f"{url} is no http(s) address")
    if parts.username or parts.password:
        raise SourceError(f"an address at {parts.hostname} holds a password", hint="keep it in .netrc, not in the sources")
    return url


def _client(url: str) -> Client:
    parts = urlsplit(url)
    return Client(f"{parts.scheme}://{parts.netloc}")


def file_name(url: str) -> str:
    """The name a file has at a URL."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or "index"
