"""The endpoint answers as the OSV API does, real scanners run against it unchanged, and what it cannot answer is an error."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from advisory_makers import NOW, advisory, later, store
from lading.audit import purls
from lading.audit.endpoint import MOST_QUERIES, Answers, server
from lading.audit.run import audit

RECORDS = (
    advisory("A-1", name="Acme.Tool", events=[{"introduced": "0"}, {}, {"fixed": "2.0"}], aliases=["CVE-2029-1"], published="2029-01-01T00:00:00Z"),
    advisory("A-2", name="acme-tool", versions=["1.0", "1.1"], published="2029-01-01T00:00:00Z"),
    advisory("A-3", name="acme-tool", events=[{"introduced": "0"}], withdrawn="2029-01-01T00:00:00Z"),
    advisory("MAL-1", name="evil", events=[{"introduced": "0"}], published="2029-01-01T00:00:00Z"),
)  # fmt: skip


def serving(folder: Path, now: datetime = NOW) -> Iterator[int]:
    running = server(Answers(folder, lambda: now), "127.0.0.1", 0)
    thread = Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running.server_port
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    store(tmp_path / "db", *RECORDS)
    yield from serving(tmp_path / "db")


@pytest.fixture
def stale(tmp_path: Path) -> Iterator[int]:
    store(tmp_path / "db", *RECORDS)
    yield from serving(tmp_path / "db", later(30))


def ask(port: int, path: str, body: object = None) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("GET" if data is None else "POST", path, data)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def package(name: str, version: str = "", ecosystem: str = "PyPI") -> dict[str, Any]:
    return {"package": {"name": name, "ecosystem": ecosystem}, "version": version}


def test_a_query_gives_the_records(port: int) -> None:
    status, found = ask(port, "/v1/query", package("acme_tool", "1.0"))
    assert (status, [v["id"] for v in found["vulns"]]) == (200, ["A-1", "A-2"])
    assert found["vulns"][0]["affected"][0]["ranges"][0]["events"] == [{"introduced": "0"}, {"fixed": "2.0"}]
    assert ask(port, "/v1/query", {"package": {"purl": "pkg:pypi/acme-tool@1.5"}})[1]["vulns"][0]["id"] == "A-1"
    assert ask(port, "/v1/query", package("acme-tool", "2.0")) == (200, {})


def test_a_batch_gives_ids_in_the_order_of_its_queries(port: int) -> None:
    status, found = ask(port, "/v1/querybatch", {"queries": [package("acme-tool", "1.1"), package("good", "1"), package("evil", "7")]})
    assert status == 200
    assert [[v["id"] for v in r.get("vulns", [])] for r in found["results"]] == [["A-1", "A-2"], [], ["MAL-1"]]


def test_a_record_is_had_by_its_id(port: int) -> None:
    assert ask(port, "/v1/vulns/A-3")[1]["withdrawn"]
    assert ask(port, "/v1/vulns/NONE")[0] == 404


REFUSED: dict[str, tuple[str, object, int]] = {
    "no json": ("/v1/query", b"{", 400),
    "nesting": ("/v1/query", b"[" * 100_000, 400),
    "no package": ("/v1/query", {}, 400),
    "half a package": ("/v1/query", {"package": {"name": "x"}}, 400),
    "a purl that is none": ("/v1/query", {"package": {"purl": "x"}}, 400),
    "an ecosystem without records": ("/v1/query", package("serde", "1.0", "crates.io"), 400),
    "one such in a batch": ("/v1/querybatch", {"queries": [package("evil", "1"), package("serde", "1.0", "crates.io")]}, 400),
    "too many": ("/v1/querybatch", {"queries": [package("evil", "1")] * (MOST_QUERIES + 1)}, 400),
    "another question": ("/v1/other", {}, 404),
}


@pytest.mark.parametrize(("path", "body", "status"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_answered_is_an_error(port: int, path: str, body: object, status: int) -> None:
    assert ask(port, path, body)[0] == status


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/query", package("good", "1")), ("/v1/querybatch", {"queries": []}), ("/v1/vulns/A-1", None)]
)
def test_a_stale_database_answers_nothing(stale: int, path: str, body: object) -> None:
    status, found = ask(stale, path, body)
    assert (status, "not fit" in found["message"]) == (503, True)


def test_a_new_database_is_taken_up_at_once(port: int, tmp_path: Path) -> None:
    assert ask(port, "/v1/query", package("good", "1"))[1] == {}
    store(tmp_path / "db", advisory("A-9", name="good", events=[{"introduced": "0"}]))
    assert ask(port, "/v1/query", package("good", "1"))[1]["vulns"][0]["id"] == "A-9"


def program(name: str) -> str:
    """A scanner of the test group."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert found, f"{name} is not installed: make setup"
    return found


WANTED = {"acme-tool": ("1.0", {"A-1", "A-2"}), "evil": ("3", {"MAL-1"}), "good": ("1.0", set())}


def test_lading_finds_what_the_clients_must_find(tmp_path: Path) -> None:
    with store(tmp_path, *RECORDS).open() as database:
        listed = "\n".join(f"pkg:pypi/{name}@{version}" for name, (version, _) in WANTED.items())
        result = audit(purls.read(listed.encode(), "list"), database, NOW)
    assert {r for p in result.affected for r in p.records} == {r for _, records in WANTED.values() for r in records}


def test_pip_audit_finds_the_same(port: int, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("".join(f"{name}=={version}\n" for name, (version, _) in WANTED.items()))
    url = f"http://127.0.0.1:{port}/v1/query"
    options = ["--no-deps", "--disable-pip", "-s", "osv", "--osv-url", url, "-f", "json", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run([program("pip-audit"), "-r", str(tmp_path / "requirements.txt"), *options], capture_output=True, text=True, check=False)  # fmt: skip
    found = {
        d["name"]: {i for v in d["vulns"] for i in (v["id"], *v["aliases"]) if not i.startswith("CVE-")}
        for d in json.loads(done.stdout)["dependencies"]
    }
    assert found == {name: records for name, (_, records) in WANTED.items()}


def test_uv_audit_finds_the_same(port: int, tmp_path: Path, lock: Callable[[Path], None]) -> None:
    lock(tmp_path)
    command = [program("uv"), "audit", "--frozen", "--service-url", f"http://127.0.0.1:{port}", "--output-format", "json"]
    environment = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_NO_CONFIG": "1", "UV_PREVIEW": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    for _, records in WANTED.values():
        for record in records:
            assert record in done.stdout, done.stderr


@pytest.fixture
def lock() -> Callable[[Path], None]:
    """Write a project with a lock of what is wanted."""

    def write(folder: Path) -> None:
        names = ", ".join(f'"{name}=={version}"' for name, (version, _) in WANTED.items())
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{names}]\n'
        )
        rows = "".join(
            f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "https://index.example/simple" }}\n'
            f'sdist = {{ url = "https://index.example/{name}-{version}.tar.gz", hash = "sha256:{"0" * 64}" }}\n\n'
            for name, (version, _) in WANTED.items()
        )
        needs = ", ".join(f'{{ name = "{name}" }}' for name in WANTED)
        own = f'[[package]]\nname = "app"\nversion = "1"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
        (folder / "uv.lock").write_text(f'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n{own}\n{rows}')

    return write


def test_an_address_without_a_scheme_is_left_out_of_the_references(tmp_path: Path) -> None:
    rows = [{"type": "WEB", "url": u} for u in ("https://acme.example/1", "acme.example/tool", "https://[broken", 7)]
    store(tmp_path / "db", {**advisory("A-9", name="acme-tool", events=[{"introduced": "0"}]), "references": rows})
    for port in serving(tmp_path / "db"):
        assert ask(port, "/v1/vulns/A-9")[1]["references"] == rows[:1]


def test_a_client_that_goes_away_is_no_failure(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET /v1/vulns/A-1 HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
    assert ask(port, "/v1/vulns/A-1")[0] == 200
    assert "Traceback" not in capfd.readouterr().err
