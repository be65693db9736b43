"""Objects in buckets (S3, GCS, Azure) through obstore: every object below a prefix, read once to know what it is."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.sources._registry import Found, LockedFile, Stream, add_source
from lading.trust.strict import canonical

_URL = re.compile(r"(?P<bucket>(?P<scheme>s3a?|gs|gcs|az|abfss?)://[^/]+)/?(?P<path>.*)\Z")
_MOST = 100_000
_CHUNK = 8 << 20


@add_source
class Buckets:
    """Asks with the credentials of the environment, or with none."""

    upstreams = ("s3", "gs", "gcs", "az", "abfs")

    def find(self, component: Component, revision: str) -> Found:  # noqa: ARG002 - a place in a bucket has no revisions
        """The SHA-256 of every object at or below the place."""
        place = _place(component.url or component.name)
        store, rows = _listed(place)
        files = tuple(sorted(_file(store, row["path"], place) for row in rows))
        content = Digest.of_bytes(canonical([[f.path, str(f.digest)] for f in files]))
        return Found(revision=str(content), owner=place["bucket"], validator=_tags(rows), files=files)

    def unchanged(self, component: Component, before: Found) -> bool:
        """Whether the listing tells the same names, sizes and entity tags."""
        return bool(before.validator) and _tags(_listed(_place(component.url or component.name))[1]) == before.validator

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:  # noqa: ARG002 - the URL tells
        """An object, from a byte on."""
        place = _place(file.url)
        return nullcontext(_Object(_store(place["bucket"]), place["path"], start))


class _Object:
    """An object that is read as it comes."""

    status = 206

    def __init__(self, store: Any, path: str, start: int) -> None:  # noqa: ANN401 - obstore
        self._chunks = _chunks(store, path, start)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """What has come, at most so many bytes; none only at the end."""
        self._rest = self._rest or next(self._chunks, b"")
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


def _chunks(store: Any, path: str, start: int) -> Iterator[bytes]:  # noqa: ANN401 - obstore
    import obstore  # noqa: PLC0415 - an extra

    try:
        options = {"range": {"offset": start}} if start else None
        for chunk in obstore.get(store, path, options=options).stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)
    except (OSError, ValueError, obstore.exceptions.BaseError) as e:
        raise SourceError(f"{path} cannot be read from its bucket: {_said(e)}") from e


def _place(url: str) -> re.Match[str]:
    if not (place := _URL.match(url)):
        raise SourceError(f"{url} is no place in a bucket that is read")
    return place


def _store(bucket: str) -> Any:  # noqa: ANN401 - obstore
    try:
        from obstore.store import from_url  # noqa: PLC0415 - an extra
    except ImportError as e:
        raise SourceError("buckets are read through obstore", hint="pip install 'lading[buckets]'") from e
    try:
        return from_url(bucket)
    except Exception as e:
        raise SourceError(f"{bucket} cannot be opened: {_said(e)}") from e


def _listed(place: re.Match[str]) -> tuple[Any, list[Any]]:
    """The store, and what is there: the object itself, or all below a folder."""
    store, path, url = _store(place["bucket"]), place["path"], place[0]
    import obstore  # noqa: PLC0415 - an extra; it is there, the store is made by it

    rows: list[Any] = []
    try:
        for page in obstore.list(store, prefix=path.rstrip("/") or None, chunk_size=1000):
            rows.extend(r for r in page if r["path"] == path or r["path"].startswith(f"{path.rstrip('/')}/".lstrip("/")))
            if len(rows) > _MOST:
                raise SourceError(f"{url} holds more than {_MOST} objects", hint="name a narrower place")
        rows = rows or [obstore.head(store, path)]
    except FileNotFoundError as e:
        raise GoneError(f"there is nothing at {url}") from e
    except (OSError, ValueError, obstore.exceptions.BaseError) as e:
        raise SourceError(f"{url} cannot be listed: {_said(e)}") from e
    return store, rows


def _file(store: Any, path: str, place: re.Match[str]) -> LockedFile:  # noqa: ANN401 - obstore
    running, size = hashlib.sha256(), 0
    for chunk in _chunks(store, path, 0):
        running.update(chunk)
        size += len(chunk)
    inside = path.removeprefix(place["path"].rstrip("/")).lstrip("/") or path.rpartition("/")[2]
    return LockedFile(inside, size, Digest("sha256", running.hexdigest()), f"{place['bucket']}/{path}")


def _tags(rows: list[Any]) -> str:
    return str(Digest.of_bytes(canonical(sorted([r["path"], r["size"], r.get("e_tag") or str(r["last_modified"])] for r in rows))))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
