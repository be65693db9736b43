"""The webhook: admission reviews over TLS, bounded in size, number and time."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from lading.admit.review import Judge, answer
from lading.core.errors import LadingError, UsageError

LARGEST = 8 << 20
"""Bytes of a review; objects of the API have at most 3 MiB, and an update has two of them."""
AT_ONCE = 32
_PATIENCE = 20


class Server(ThreadingHTTPServer):
    """Answers reviews until it is shut down."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], certificate: Path, key: Path, judge: Judge, *, audit: bool = False) -> None:
        super().__init__(address, _Handler)
        self.judge = judge
        self.audit = audit
        self.free = threading.BoundedSemaphore(AT_ONCE)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            self._tls.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as e:
            self.server_close()
            raise UsageError(f"{certificate} and {key} are no certificate with its key: {e}", hint="both are PEM files") from e

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the interface of the standard library
        """Speak TLS in the thread of the connection, so that one who does not answer holds up nobody."""
        request.settimeout(_PATIENCE)
        try:
            with self._tls.wrap_socket(request, server_side=True) as encrypted:
                super().finish_request(encrypted, client_address)
        except OSError:
            return  # a client that speaks no TLS, or is gone

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """A connection that breaks is the client's affair."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _PATIENCE

    def do_GET(self) -> None:
        self._say(200 if self.path in {"/healthz", "/readyz"} else 404, b"ok\n" if self.path in {"/healthz", "/readyz"} else b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST:
            self._say(413, f"a review has a length of at most {LARGEST} bytes\n".encode())
            return
        if not self.server.free.acquire(blocking=False):
            self._say(503, b"too many reviews at once\n")
            return
        try:
            said = answer(self.rfile.read(int(length)), self.server.judge, audit=self.server.audit)
            self._say(200, msgspec.json.encode(said), "application/json")
        except LadingError as e:
            self._say(400, f"{e.sentence}\n".encode())
        finally:
            self.server.free.release()

    def _say(self, status: int, data: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Decisions are told where they are made."""
