"""HTTP for sources: bounded, patient with busy servers, careful with credentials and with where it is sent."""

import ipaddress
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from lading.core.errors import GoneError, SourceError

LARGEST = 64 << 20
_TRIES = 5
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0
_NOT_MODIFIED = 304
_PIECE = 1 << 18
_SLOWEST = 1024
"""Bytes a second, on average, below which a download is given up."""


class Client:
    """Asks one endpoint; the token goes to no other host."""

    def __init__(self, endpoint: str, token: str = "", *, wait: Callable[[float], None] = time.sleep, seconds: float = 30) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._token, self._wait, self._seconds = token, wait, seconds
        self._opener = build_opener(_Redirects(_is_private(self.host)))

    @property
    def host(self) -> str:
        """The host that is asked."""
        return urlsplit(self.endpoint).hostname or ""

    def json(self, path: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """The JSON at a path; GoneError where nothing is there, SourceError where it cannot be had."""
        with self.open(path, headers) as answer:
            data = answer.whole()
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as e:
            raise SourceError(f"{self.host} answers with something that is no JSON") from e

    def unchanged(self, path: str, validator: str) -> bool:
        """Whether what is at a path still has this entity tag, or this date of change."""
        named = "If-None-Match" if validator.startswith(('"', 'W/"')) else "If-Modified-Since"
        try:
            with self.open(path, {named: validator}) as answer:
                return answer.status == _NOT_MODIFIED
        except _NotModified:
            return True

    @contextmanager
    def open(self, path: str, headers: Mapping[str, str] | None = None) -> "Iterator[Answer]":
        """An answer to be read; busy servers are asked again as they wish, others after growing pauses."""
        url = path if "://" in path else urljoin(f"{self.endpoint}/", path.lstrip("/"))
        answer = self._patiently(url, headers or {})
        try:
            yield Answer(answer, self.host, self._seconds)
        finally:
            answer.close()

    def _patiently(self, url: str, headers: Mapping[str, str]) -> HTTPResponse:
        for attempt in range(1, _TRIES + 1):
            request = Request(url, headers={"User-Agent": "lading", "Accept-Encoding": "identity", **headers})  # noqa: S310 - the endpoint is the user's
            if self._token and urlsplit(url).netloc == urlsplit(self.endpoint).netloc:
                request.add_unredirected_header("Authorization", f"Bearer {self._token}")
            try:
                answer: HTTPResponse = self._opener.open(request, timeout=self._seconds)
            except HTTPError as e:
                if e.code == _NOT_MODIFIED:
                    raise _NotModified from e
                if e.code not in _BUSY or attempt == _TRIES:
                    raise self._refused(e) from e
                self._wait(_pause(e.headers, attempt))
            except (URLError, OSError, HTTPException) as e:
                if attempt == _TRIES:
                    raise SourceError(
                        f"{self.host} cannot be reached: {getattr(e, 'reason', e)}", hint="--offline takes what is in caches"
                    ) from e
                self._wait(_pause(None, attempt))
            else:
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _refused(self, error: HTTPError) -> SourceError:
        said = " ".join(str(error.headers.get("X-Error-Message") or error.reason).split())[:200]
        if error.code in {404, 410}:
            return GoneError(f"{self.host} has no {urlsplit(error.url or '').path}: {said}")
        if error.code in {401, 403}:
            return SourceError(f"{self.host} refuses access ({error.code}): {said}", hint="set HF_TOKEN to a token that may read it")
        return SourceError(f"{self.host} answers {error.code}: {said}", hint="try again later")


class Answer:
    """What a server answers, read as it comes; SourceError when it comes too slowly to ever end."""

    def __init__(self, response: HTTPResponse, host: str, patience: float) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response, self._host, self._patience = response, host, patience
        self._since, self._count = time.monotonic(), 0

    def read(self, size: int) -> bytes:
        """What has come, at most so many bytes; none only at the end."""
        try:
            piece = self._response.read1(min(size, _PIECE))
        except (OSError, HTTPException) as e:
            raise SourceError(f"{self._host} stopped in the middle: {e}", hint="run it again: what is there already is kept") from e
        self._count += len(piece)
        waited = time.monotonic() - self._since
        if waited > self._patience and self._count < waited * _SLOWEST:
            raise SourceError(f"{self._host} sends fewer than {_SLOWEST} bytes a second", hint="try again later, or another mirror")
        return piece

    def whole(self, most: int = LARGEST) -> bytes:
        """All of it; SourceError when it is more than that."""
        data = bytearray()
        while len(data) <= most and (piece := self.read(_PIECE)):
            data += piece
        if len(data) > most:
            raise SourceError(f"{self._host} answers with more than {most} bytes")
        return bytes(data)


class _NotModified(Exception):  # noqa: N818 - no error: an answer
    """The server says that nothing has changed."""


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but from the public network to no private address, and from TLS to nothing weaker."""

    def __init__(self, private: bool) -> None:  # noqa: FBT001 - the only thing it knows
        self._private = private

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str) -> Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if before.scheme == "https" and after.scheme != "https":
            raise SourceError(f"{before.hostname} redirects to {after.hostname} without TLS")
        if not self._private and _is_private(after.hostname or ""):
            raise SourceError(f"{before.hostname} redirects to {after.hostname}, an address of this network")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _pause(headers: Message | None, attempt: int) -> float:
    """How long to wait: as the server says, in seconds, else twice as long each time."""
    said = headers.get("Retry-After", "") if headers else ""
    return min(float(said), _LONGEST_WAIT) if said.isdigit() else 0.25 * 2.0**attempt


def _is_private(host: str) -> bool:
    """Whether a host is, or leads to, an address that is not of the public network."""
    try:
        found = {str(row[4][0]) for row in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return any(not ipaddress.ip_address(a.partition("%")[0]).is_global for a in found)


def token_from(*names: str) -> str:
    """The first of the environment variables that is set."""
    return next((value for name in names if (value := os.environ.get(name, ""))), "")
