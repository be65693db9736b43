"""The database as a local service that speaks the OSV API: other scanners ask it unchanged.

It answers `POST /v1/query`, `POST /v1/querybatch` and `GET /v1/vulns/{id}`. What it cannot answer is an error, never an empty answer.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from lading.advisories import names
from lading.advisories.database import Database
from lading.advisories.store import FILE
from lading.audit.match import UNTOLD, Matcher
from lading.audit.run import MAX_AGE, ground
from lading.audit.subject import Subject
from lading.core.errors import LadingError
from lading.core.purl import parse
from lading.versions import Order, order_of, readable

LARGEST = 16 << 20
MOST_QUERIES = 1000
SECONDS = 30


class _Package(Struct):
    name: str = ""
    ecosystem: str = ""
    purl: str = ""


class _Query(Struct):
    package: _Package | None = None
    version: str = ""
    commit: str = ""


class _Batch(Struct):
    queries: list[_Query]


class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request that gets an error for an answer, with its status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Answers:
    """Answers from the database as it is when it is asked; a new one is taken up when it is there."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), max_age: timedelta = MAX_AGE) -> None:
        self._path, self._now, self._max_age = folder / FILE, now, max_age
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._matcher: Matcher | None = None

    def query(self, data: bytes) -> dict[str, Any]:
        """The full records about one package."""
        with self._lock:
            matcher = self._current()
            records = self._asked(matcher, _decoded(data, _Query))
            return {"vulns": [self._body(matcher.database, n) for n in records]} if records else {}

    def batch(self, data: bytes) -> dict[str, Any]:
        """The ids of the records about each of several packages."""
        queries = _decoded(data, _Batch).queries
        if len(queries) > MOST_QUERIES:
            raise Refusal(400, f"{len(queries)} queries at once are too many: {MOST_QUERIES} are the most")
        with self._lock:
            matcher = self._current()
            return {"results": [self._short(matcher, self._asked(matcher, query)) for query in queries]}

    def record(self, name: str) -> dict[str, Any]:
        """One record by its id."""
        with self._lock:
            matcher = self._current()
            found = matcher.database.postings("i", name)
            if not found:
                raise Refusal(404, f"there is no record {name[:80]!r}")
            return self._body(matcher.database, found[0])

    def _short(self, matcher: Matcher, records: list[int]) -> dict[str, Any]:
        heads = [matcher.database.head(n) for n in records]
        return {"vulns": [{"id": h.id, "modified": _time(h.modified)} for h in heads]} if heads else {}

    def _body(self, database: Database, number: int) -> dict[str, Any]:
        head = database.head(number)
        record: dict[str, Any] = msgspec.json.decode(database.body(head.revisions[-1]))
        return {
            **record,
            "modified": _time(head.modified),
            "affected": [_readable(a) for a in record.get("affected") or () if isinstance(a, dict)],
            "references": [r for r in record.get("references") or () if isinstance(r, dict) and _is_url(r.get("url"))],
        }

    def _asked(self, matcher: Matcher, query: _Query) -> list[int]:
        subject = _subject(query)
        answer = matcher.ask(subject)
        if answer.gap and not answer.hits and subject.version:
            raise Refusal(400, f"{subject.name}: {answer.gap}")
        return sorted({h.record for h in answer.hits if h.note != UNTOLD})

    def _current(self) -> Matcher:
        """A matcher over the file that is there now; a database that is stale or empty answers nothing."""
        try:
            state = self._path.stat()
        except OSError as e:
            raise Refusal(503, "there is no advisory database") from e
        if self._matcher is None or self._seen != (state.st_ino, state.st_mtime_ns):
            self._matcher, self._seen = Matcher(Database(self._path)), (state.st_ino, state.st_mtime_ns)
        if stale := ground(self._matcher.database, self._now(), self._max_age).stale:
            raise Refusal(503, f"the advisory database is not fit to be asked: {'; '.join(stale)}")
        return self._matcher


def _subject(query: _Query) -> Subject:
    package = query.package
    if package is None:
        if not query.commit:
            raise Refusal(400, "the query names neither a package nor a commit")
        return Subject("", (), "", query.commit)
    if package.purl:
        try:
            found = parse(package.purl)
        except ValueError as e:
            raise Refusal(400, str(e)) from e
        return Subject("", names.ecosystems_of(found), names.name_of(found), query.version or found.version)
    if not (package.name and package.ecosystem):
        raise Refusal(400, "the query names no package: name and ecosystem, or a purl")
    return Subject("", (package.ecosystem,), package.name, query.version)


def _readable(affected: dict[str, Any]) -> dict[str, Any]:
    """An entry without events that tell nothing readable: some clients give up their whole run for one."""
    ranges, package = affected.get("ranges"), affected.get("package")
    if not isinstance(ranges, list):
        return affected
    order = order_of(str(package.get("ecosystem"))) if isinstance(package, dict) else None
    rows = [
        {**r, "events": [e for e in r["events"] if isinstance(e, dict) and _told(e, None if r.get("type") == "GIT" else order)]}
        for r in ranges
        if isinstance(r, dict) and isinstance(r.get("events"), list)
    ]
    return {**affected, "ranges": rows}


def _is_url(text: object) -> bool:
    """Whether a client can parse it as a URL; some records hold addresses without a scheme, and some clients give up their whole run for one."""
    with suppress(ValueError):
        return isinstance(text, str) and bool(urlsplit(text).scheme and urlsplit(text).netloc)
    return False


def _told(event: dict[str, Any], order: Order | None) -> bool:
    return bool(event) and (order is None or all(v == "0" or readable(order, str(v)) for v in event.values()))


def _decoded(data: bytes, kind: type[Any]) -> Any:  # noqa: ANN401 - what was asked for
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise Refusal(400, f"the request cannot be read: {e}") from e


def _time(text: str) -> str:
    """A time that clients accept: a record without one was changed at the beginning of time."""
    return text or "1970-01-01T00:00:00Z"


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "lading"
    sys_version = ""
    timeout = SECONDS
    wbufsize = -1  # head and body in one packet: apart they wait for each other
    disable_nagle_algorithm = True
    server: "_Server"

    def do_GET(self) -> None:
        """A record by its id."""
        path = self.path.partition("?")[0]
        if not path.startswith("/v1/vulns/"):
            self._send(404, {"code": 5, "message": "not found"})
            return
        self._answer(lambda: self.server.answers.record(unquote(path.removeprefix("/v1/vulns/"))))

    def do_POST(self) -> None:
        """A query, or several."""
        answers = self.server.answers
        asked = {"/v1/query": answers.query, "/v1/querybatch": answers.batch}.get(self.path.partition("?")[0])
        size = self.headers.get("Content-Length", "")
        if asked is None or not size.isdecimal() or int(size) > LARGEST:
            self.close_connection = True
            self._send(404 if asked is None else 413, {"code": 3, "message": "no such question, or too long a one"})
            return
        data = self.rfile.read(int(size))
        self._answer(lambda: asked(data))

    def _answer(self, ask: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send(200, ask())
        except Refusal as e:
            self._send(e.status, {"code": 3, "message": e.sentence})
        except LadingError as e:
            self._send(500, {"code": 13, "message": e.sentence})

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = msgspec.json.encode(value)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the interface
        """Nothing is logged."""


class _Server(ThreadingHTTPServer):
    """One thread for each connection, none of which keeps the process alive."""

    daemon_threads = True
    request_queue_size = 128
    answers: Answers

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has gone, which is nobody's failure; anything else is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def server(answers: Answers, host: str, port: int) -> ThreadingHTTPServer:
    """A server on an address; `serve_forever` runs it, port 0 takes a free one."""
    made = _Server((host, port), _Handler)
    made.answers = answers
    return made
