"""A hub on loopback that answers as the Hugging Face Hub does: what huggingface_hub asks for, and what lading asks for.

`tests/ml/test_hub.py` points huggingface_hub itself at it.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".gguf", ".parquet")
"""Endings that are kept in large file storage."""


def git_blob(data: bytes) -> str:
    """The name that Git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class Repository:
    """Branches and tags that lead to commits, each with its files."""

    identity: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    license: str = "apache-2.0"
    gated: bool | str = False
    name: str = ""

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Add a commit to a branch; its id."""
        made = hashlib.sha1(
            json.dumps([len(self.commits), sorted((n, git_blob(d)) for n, d in files.items())]).encode(), usedforsecurity=False
        ).hexdigest()
        self.commits[made] = files
        self.references[branch] = made
        return made


@dataclass
class Hub:
    """Everything that is on the hub, and what was asked of it."""

    models: dict[str, Repository] = field(default_factory=dict)
    datasets: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    latency: float = 0.0
    failing: list[int] = field(default_factory=list)
    """Statuses that the next answers have, whatever is asked."""
    spoil: dict[str, bytes] = field(default_factory=dict)
    """Paths of files whose bytes are others than the hub says."""
    token: str = ""

    def repository(self, name: str, files: dict[str, bytes] | None = None, *, dataset: bool = False, **facts: Any) -> Repository:
        """A repository with one commit on `main`."""
        shelf = self.datasets if dataset else self.models
        shelf[name] = Repository(hashlib.sha1(f"{name}{len(shelf)}".encode(), usedforsecurity=False).hexdigest()[:24], name=name, **facts)
        shelf[name].commit(files or {"config.json": b"{}", "model.safetensors": name.encode()})
        return shelf[name]


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The hub on a free port; its address."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question about a repository, or with a file of one."""
        hub, place = self.hub, urlsplit(self.path)
        hub.asked.append(f"{self.command} {self.path}")
        time.sleep(hub.latency)
        if hub.failing:
            return self.answer(hub.failing.pop(0), b"busy", **{"Retry-After": "0"})
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self.answer(401, b"", **{"X-Error-Message": "Invalid credentials"})
        path = unquote(place.path)
        if found := re.fullmatch(r"/api/(models|datasets)/(.+?)(?:/(revision|tree)/([^/]+)(?:/(.*))?)?", path):
            shelf, name, question, revision, below = found.groups()
            query = parse_qs(place.query)
            return (
                self.tree(shelf, name, revision, below or "", query)
                if question == "tree"
                else self.about(shelf, name, revision or "main", query)
            )
        if found := re.fullmatch(r"/(datasets/)?(.+?)/resolve/([^/]+)/(.+)", path):
            return self.file("datasets" if found[1] else "models", found[2], found[3], found[4])
        return self.missing("EntryNotFound")

    do_HEAD = do_GET  # noqa: N815 - the name of the standard library

    def found(self, shelf: str, name: str, revision: str) -> tuple[Repository, str] | None:
        """A repository and the commit that a revision is; the refusal is sent otherwise."""
        repository: Repository | None = getattr(self.hub, shelf).get(name)
        if repository is None:
            self.missing("RepoNotFound")
            return None
        commit = repository.references.get(revision, revision)
        if commit not in repository.commits:
            self.missing("RevisionNotFound")
            return None
        return repository, commit

    def tree(self, shelf: str, name: str, revision: str, below: str, query: dict[str, list[str]]) -> None:
        there = self.found(shelf, name, revision)
        if there is None:
            return None
        prefix = f"{below}/" if below else ""
        files = {n: d for n, d in sorted(there[0].commits[there[1]].items()) if n.startswith(prefix)}
        if below and not files:
            return self.missing("EntryNotFound", there[1])
        rows: list[dict[str, Any]] = []
        if query.get("recursive", ["false"])[0].lower() != "true":
            folders = sorted({prefix + n.removeprefix(prefix).split("/")[0] for n in files if "/" in n.removeprefix(prefix)})
            rows = [
                {"type": "directory", "path": f, "size": 0, "oid": hashlib.sha1(f.encode(), usedforsecurity=False).hexdigest()}
                for f in folders
            ]
            files = {n: d for n, d in files.items() if "/" not in n.removeprefix(prefix)}
        rows += [{"type": "file", "path": n, "size": len(d), "oid": git_blob(d), **_large(n, d, "oid")} for n, d in files.items()]
        return self.answer(200, json.dumps(rows).encode())

    def about(self, shelf: str, name: str, revision: str, query: dict[str, list[str]]) -> None:
        there = self.found(shelf, name, revision)
        if there is None:
            return None
        repository, commit = there
        files = sorted(repository.commits[commit].items())
        siblings: list[dict[str, Any]] = [{"rfilename": n} for n, _ in files]
        if "blobs" in query:
            siblings = [{"rfilename": n, "size": len(d), "blobId": git_blob(d), **_large(n, d, "sha256")} for n, d in files]
        facts = {
            "_id": repository.identity,
            "id": repository.name,
            "sha": commit,
            "private": False,
            "gated": repository.gated,
            "disabled": False,
            "cardData": {"license": repository.license},
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": siblings,
        }
        return self.answer(200, json.dumps(facts).encode())

    def file(self, shelf: str, name: str, revision: str, path: str) -> None:
        there = self.found(shelf, name, revision)
        if there is None:
            return None
        repository, commit = there
        data = repository.commits[commit].get(path)
        if data is None:
            return self.missing("EntryNotFound", commit)
        etag = hashlib.sha256(data).hexdigest() if path.endswith(LARGE) else git_blob(data)
        facts = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "X-Linked-Size": str(len(data)), "Accept-Ranges": "bytes"}
        data = self.hub.spoil.get(path, data)
        ranged = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if ranged:
            first, last = int(ranged[1]), int(ranged[2] or len(data) - 1)
            part = data[first : last + 1]
            return self.answer(206, part, **facts, **{"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"})
        return self.answer(200, data, **facts)

    def missing(self, code: str, commit: str = "") -> None:
        self.answer(404, b"", **{"X-Error-Code": code, "X-Error-Message": code, **({"X-Repo-Commit": commit} if commit else {})})

    def answer(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing."""


def _large(name: str, data: bytes, key: str) -> dict[str, Any]:
    return {"lfs": {key: hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}} if name.endswith(LARGE) else {}
