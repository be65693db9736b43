"""Feeds and snapshots from a mirror: copied to a file first, so that half an answer is never half a database."""

import shutil
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from lading.advisories.feeds import LARGEST_FEED
from lading.core.errors import SourceError, UsageError
from lading.sources._http import Client, token_from

_BLOCK = 1 << 20


def fetched(url: str, target: Path, client: Client | None = None) -> None:
    """Copy what lies at a URL to a file; SourceError when it cannot be had whole."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(f"{url!r} is no URL that is fetched", hint="http:// or https://; files are taken by `lading advisories import`")
    asked = client or Client(f"{parts.scheme}://{parts.netloc}", token_from("LADING_ADVISORIES_TOKEN"))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with asked.open(path) as answer, target.open("wb") as stream:
        told = answer.headers.get("Content-Length", "")
        if told.isdecimal() and int(told) > LARGEST_FEED:
            raise SourceError(f"{url} is larger than {LARGEST_FEED} bytes")
        try:
            shutil.copyfileobj(answer, stream, _BLOCK)
        except (OSError, HTTPException) as e:
            raise SourceError(f"{url} stopped in the middle: {e}", hint="the database is as it was; run it again") from e
        if stream.tell() > LARGEST_FEED or (told.isdecimal() and stream.tell() != int(told)):
            raise SourceError(f"{url} gave {stream.tell()} bytes and had told {told}", hint="the database is as it was; run it again")
