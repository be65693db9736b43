"""A server on loopback that answers with what lies on its shelf: ranges, entity tags, and the ways in which servers are bad."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Item:
    """What lies at a path, and how it is given out."""

    data: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    tagged: bool = True
    drip: float = 0.0
    """Seconds between single bytes."""
    promised: int | None = None
    """The length that is told, where it is another than the true one."""
    endless: bool = False


@dataclass
class Shelf:
    """Items by path, and what was asked."""

    items: dict[str, Item] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """The shelf on a free port; its address."""
    handler = type("Handler", (_Handler,), {"shelf": shelf})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    shelf: Shelf
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Give what lies there."""
        self.shelf.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        item = self.shelf.items.get(self.path)
        if item is None:
            self._answer(404, {}, b"")
            return
        tag = f'"{hashlib.md5(item.data, usedforsecurity=False).hexdigest()}"'
        if item.tagged and self.headers.get("If-None-Match") == tag:
            self._answer(304, {"ETag": tag}, b"")
            return
        headers = {**({"ETag": tag} if item.tagged else {}), **item.headers}
        start = self.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
        data, status = (item.data[int(start) :], 206) if start and item.status == 200 else (item.data, item.status)
        self._answer(status, headers, data, item)

    def _answer(self, status: int, headers: dict[str, str], data: bytes, item: Item | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if item is None or not item.endless:
            self.send_header("Content-Length", str(len(data) if item is None or item.promised is None else item.promised))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            self._give(data, item)
        except OSError:
            self.close_connection = True

    def _give(self, data: bytes, item: Item | None) -> None:
        if item and item.drip:
            for byte in data:
                self.wfile.write(bytes([byte]))
                time.sleep(item.drip)
        while item and item.endless:
            self.wfile.write(bytes(1 << 20))
        if not (item and item.drip):
            self.wfile.write(data)
        if item and item.promised is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing."""
