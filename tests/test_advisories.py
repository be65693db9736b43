"""The database takes what it is given, tells what it could not read, forgets nothing, and is whole or as it was."""

import gzip
import http.server
import io
import json
import lzma
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from advisory_makers import NOW, advisory, later, store
from lading.advisories import osv
from lading.advisories.database import Database, Problem
from lading.advisories.feeds import Raw, Table, items
from lading.advisories.severity import scored, severity
from lading.advisories.store import FILE, Store
from lading.audit.snapshot import STATEMENT, adopt, copying, publish
from lading.cli.advisories import command
from lading.core.errors import DatabaseError, EvidenceError, FormatError, LadingError, SourceError, TrustError
from lading.trust.evidence import Roots
from lading.trust.keys import generate

ONE = advisory("A-1", events=[{"introduced": "0"}, {"fixed": "2.0"}])
TWO = advisory("A-2", name="other", versions=["1.0"])
LINES = b"".join(json.dumps(r).encode() + b"\n" for r in (ONE, TWO))


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


FEEDS: dict[str, dict[str, bytes]] = {
    "lines": {"feed.jsonl": LINES},
    "lines, xz": {"feed.jsonl.xz": lzma.compress(LINES)},
    "lines, gz": {"feed.jsonl.gz": gzip.compress(LINES)},
    "a zip": {"all.zip": zipped({"A-1.json": json.dumps(ONE).encode(), "deep/A-2.json": json.dumps(TWO).encode(), "README.md": b"#"})},
    "a list": {"feed.json": json.dumps([ONE, TWO]).encode()},
    "a folder": {"x/A-1.json": json.dumps(ONE).encode(), "pattern.json/A-2.json": json.dumps(TWO).encode(), "note.txt": b"no"},
}


@pytest.mark.parametrize("files", FEEDS.values(), ids=FEEDS)
def test_records_come_in_every_form(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = tmp_path / "feed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    found = list(items(tmp_path / "feed", "feed"))
    assert [type(i) for i in found] == [Raw, Raw]
    assert {osv.read(i.data).record.id for i in found if isinstance(i, Raw)} == {"A-1", "A-2"}


TABLES = {
    "kev.json": ("kev", b'{"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2029-05-01"}]}'),
    "epss.csv.gz": ("epss", gzip.compress(b"#model_version:v1\ncve,epss,percentile\nCVE-1,0.5,0.9\n")),
    "ssvc.jsonl": ("ssvc", b'{"cve": "CVE-1", "ssvc": {"Exploitation": "active", "Automatable": "no"}}\n'),
}


@pytest.mark.parametrize(("name", "kind", "data"), [(n, k, d) for n, (k, d) in TABLES.items()], ids=list(TABLES))
def test_tables_of_exploited_vulnerabilities_are_known_by_what_they_hold(tmp_path: Path, name: str, kind: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    (found,) = items(tmp_path / name, "feed")
    assert isinstance(found, Table)
    assert (found.name, found.rows) == (kind, 1)
    made = Store(tmp_path / "db")
    made.bring([("feed", [Raw(json.dumps({**ONE, "aliases": ["CVE-1"]}).encode()), found])], NOW)
    with made.open() as database:
        exploited = database.head(database.postings("i", "A-1")[0]).exploited
    told = {"kev": exploited.known_since, "epss": exploited.epss, "ssvc": exploited.exploitation}
    assert told[kind] in {"2029-05-01", 0.5, "active"}


MALFORMED: dict[str, bytes] = {
    "no json": b"{",
    "no object": b"[1]",
    "no id": b'{"modified": "2030-01-01T00:00:00Z"}',
    "an empty id": b'{"id": " "}',
    "an id that is no text": b'{"id": 7}',
    "nesting": b'{"id": "X", "database_specific": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "no utf-8": b'{"id": "\xff"}',
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_record_that_is_none_is_counted_and_costs_no_other(tmp_path: Path, data: bytes) -> None:
    made = store(tmp_path, data, ONE)
    with made.open() as database:
        assert database.header.skipped == 1
        assert database.postings("i", "A-1")


HALF: dict[str, dict[str, Any]] = {
    "versions that are no texts": {"affected": [{"package": {"ecosystem": "PyPI", "name": "acme"}, "versions": [1, "1.0"]}]},
    "a package that is none": {"affected": [{"package": 7}, *ONE["affected"]]},
    "an entry that is none": {"affected": [None, *ONE["affected"]]},
    "affected that is no list": {"affected": {"x": 1}},
    "an event that is none": {"affected": [{"package": {"ecosystem": "PyPI", "name": "acme"}, "ranges": [{"type": "ECOSYSTEM", "events": [7]}]}]},
    "ranges that are none": {"affected": [{"package": {"ecosystem": "PyPI", "name": "acme"}, "ranges": 7}]},
    "aliases that are none": {"aliases": 7},
    "a severity that is none": {"severity": "high"},
}  # fmt: skip


@pytest.mark.parametrize("wrong", HALF.values(), ids=HALF)
def test_what_is_well_made_in_a_record_is_kept_and_the_rest_is_told(tmp_path: Path, wrong: dict[str, Any]) -> None:
    made = store(tmp_path, {**ONE, **wrong})
    with made.open() as database:
        head = database.head(database.postings("i", "A-1")[0])
        assert head.problems
        assert database.header.degraded == 1


@given(data=st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda c: st.lists(c, max_size=3) | st.dictionaries(st.sampled_from(["id", "affected", "package", "ecosystem", "name", "ranges", "events", "introduced", "versions", "aliases"]), c, max_size=4), max_leaves=20))  # fmt: skip
@settings(deadline=None)
def test_any_json_is_a_record_or_a_sentence(data: Any) -> None:
    with suppress(FormatError):
        assert osv.read(json.dumps(data).encode()).record.id


def test_a_hostile_archive_is_told_and_leads_nowhere(tmp_path: Path) -> None:
    names = {"../../evil.json": json.dumps(ONE).encode(), "bomb.json": b" " * (20 << 20), "cut.json": json.dumps(TWO).encode()}
    data = zipped(names)
    (tmp_path / "feed.zip").write_bytes(data)
    found = list(items(tmp_path / "feed.zip", "feed"))
    assert sum(isinstance(i, Raw) for i in found) == 2
    assert [i.reason for i in found if isinstance(i, Problem)] == ["larger than a record may be"]
    assert not (tmp_path.parent / "evil.json").exists()


@given(cut=st.integers(1, 400), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_a_damaged_archive_gives_records_or_sentences(tmp_path_factory: pytest.TempPathFactory, cut: int, seed: int) -> None:
    data = bytearray(zipped({"A-1.json": json.dumps(ONE).encode(), "A-2.json": json.dumps(TWO).encode()}))
    chance = random.Random(seed)
    for _ in range(cut % 7):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path_factory.mktemp("z") / "feed.zip"
    path.write_bytes(data[: len(data) - cut % 200])
    assert all(isinstance(i, Raw | Problem) for i in items(path, "feed"))


def heads(made: Store, name: str) -> Any:
    with made.open() as database:
        return database.head(database.postings("i", name)[0])


def test_when_a_revision_was_first_seen_is_kept_over_updates(tmp_path: Path) -> None:
    made = store(tmp_path, ONE)
    store(tmp_path, ONE, now=later(1))
    changed = {**ONE, "modified": "2030-02-01T00:00:00Z", "summary": "More is known"}
    store(tmp_path, changed, now=later(2))
    head = heads(made, "A-1")
    assert [r.first_seen for r in head.revisions] == ["2030-01-31T12:00:00Z", "2030-02-02T12:00:00Z"]
    with made.open() as database:
        assert [json.loads(database.body(r))["summary"] for r in head.revisions] == ["About acme", "More is known"]


def test_an_older_state_replaces_no_newer_one(tmp_path: Path) -> None:
    made = store(tmp_path, {**ONE, "modified": "2030-01-15T00:00:00Z", "summary": "new"})
    store(tmp_path, ONE, now=later(1))
    assert heads(made, "A-1").summary == "new"


def test_a_state_from_the_future_does_not_outlive_later_ones(tmp_path: Path) -> None:
    made = store(tmp_path, {**ONE, "modified": "9999-01-01T00:00:00Z"})
    store(tmp_path, {**ONE, "modified": "2030-02-01T00:00:00Z", "summary": "later"}, now=later(2))
    assert heads(made, "A-1").summary == "later"


def test_what_changed_is_known_by_generation(tmp_path: Path) -> None:
    made = store(tmp_path, ONE, TWO)
    store(tmp_path, {**TWO, "modified": "2030-02-01T00:00:00Z", "summary": "x"}, now=later(2))
    with made.open() as database:
        assert database.header.generation == 2
        assert database.changed(1) == frozenset({"PyPI\0other"})
        assert database.changed(2) == frozenset()
        assert database.changed(0) is None


def test_other_sources_stay_when_one_is_imported(tmp_path: Path) -> None:
    made = store(tmp_path, ONE, name="first")
    store(tmp_path, TWO, name="second", now=later(1))
    with made.open() as database:
        assert {s.name: s.records for s in database.header.sources if s.name != "lading incidents"} == {"first": 1, "second": 1}
        assert database.postings("i", "A-1")


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_damaged_database_is_a_sentence_and_never_an_answer_of_another_kind(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = tmp_path_factory.mktemp("db")
    made = store(folder, ONE, TWO)
    raw = bytearray(made.file.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    made.file.write_bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 30, 0]))])
    with pytest.raises(DatabaseError), made.open() as database:
        database.verify()


def test_what_is_damaged_is_found_also_without_reading_all(tmp_path: Path) -> None:
    made = store(tmp_path, ONE)
    with made.open() as database:
        bodies = database.header.sections["bodies"]
        revision = database.head(database.postings("i", "A-1")[0]).revisions[0]
    raw = bytearray(made.file.read_bytes())
    raw[bodies.offset + revision.block + 20] ^= 255
    made.file.write_bytes(raw)
    with made.open() as database, pytest.raises(DatabaseError):
        database.body(revision)


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from advisory_makers import advisory, later, store
store(Path({folder!r}), *(advisory(f"B-{{n}}", name=f"b{{n}}", versions=["1.0"]) for n in range(3000)), now=later(1))
"""


def test_killed_at_any_moment_the_old_database_works(tmp_path: Path) -> None:
    made = store(tmp_path, ONE)
    root = Path(__file__).parent
    script = KILLED.format(paths=[str(root), str(root.parent / "src")], folder=str(tmp_path))
    for wait in (0.25, 0.45, 0.6, 0.75):
        process = subprocess.Popen([sys.executable, "-c", script])
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with made.open() as database:
            database.verify()
            assert database.postings("i", "A-1")
    subprocess.run([sys.executable, "-c", script], check=True)
    with made.open() as database:
        assert database.postings("i", "B-2999")
    assert [p.name for p in tmp_path.glob(f".{FILE}.*")] == []


KEY, STRANGER = generate("ed25519"), generate("ed25519")
ROOTS = Roots((KEY.public,))


def taken(made: Store, folder: Path, roots: Roots = ROOTS) -> int:
    return adopt(made, copying(folder), roots, later(1))


def test_a_snapshot_is_taken_over(tmp_path: Path) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "out", KEY, NOW)
    other = Store(tmp_path / "b")
    assert taken(other, tmp_path / "out") == 1
    assert taken(other, tmp_path / "out") == 1
    assert heads(other, "A-1").id == "A-1"


def test_a_rollback_is_refused(tmp_path: Path) -> None:
    made = store(tmp_path / "a", ONE)
    publish(made, tmp_path / "old", KEY, NOW)
    store(tmp_path / "a", TWO, now=later(1))
    publish(made, tmp_path / "new", KEY, later(1))
    other = Store(tmp_path / "b")
    assert taken(other, tmp_path / "new") == 2
    with pytest.raises(TrustError, match="rollback"):
        taken(other, tmp_path / "old")
    assert heads(other, "A-2").id == "A-2"


def test_two_snapshots_of_one_counter_are_not_both_taken(tmp_path: Path) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "first", KEY, NOW)
    publish(store(tmp_path / "c", TWO), tmp_path / "second", KEY, NOW)
    other = Store(tmp_path / "b")
    taken(other, tmp_path / "first")
    with pytest.raises(TrustError, match="rollback"):
        taken(other, tmp_path / "second")


TAMPERED: dict[str, Any] = {
    "the database": lambda f: (f / FILE).write_bytes((f / FILE).read_bytes()[:-1] + b"x"),
    "the statement": lambda f: (f / STATEMENT).write_bytes((f / STATEMENT).read_bytes().replace(b'"payload":"ey', b'"payload":"eX')),
    "no statement": lambda f: (f / STATEMENT).unlink(),
    "no database": lambda f: (f / FILE).unlink(),
    "another statement": lambda f: (f / STATEMENT).write_bytes(b"{}"),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_snapshot_that_was_changed_is_refused_and_the_old_one_stays(tmp_path: Path, tamper: Any) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "out", KEY, NOW)
    other = store(tmp_path / "b", TWO)
    tamper(tmp_path / "out")
    with pytest.raises((TrustError, EvidenceError)):
        taken(other, tmp_path / "out")
    assert heads(other, "A-2").id == "A-2"


def test_a_snapshot_of_a_stranger_is_refused(tmp_path: Path) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "out", STRANGER, NOW)
    with pytest.raises((TrustError, EvidenceError)):
        taken(Store(tmp_path / "b"), tmp_path / "out")


def test_counters_that_cannot_be_read_are_no_counters_of_zero(tmp_path: Path) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "out", KEY, NOW)
    other = Store(tmp_path / "b")
    taken(other, tmp_path / "out")
    (tmp_path / "b" / "state.json").write_text("{")
    with pytest.raises(DatabaseError):
        taken(other, tmp_path / "out")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            if self.path.startswith("/half"):
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(LINES[:100])
                self.close_connection = True
                return
            super().do_GET()

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def test_a_feed_is_fetched_from_a_mirror(tmp_path: Path, mirror: str) -> None:
    (tmp_path / "mirror" / "all.zip").write_bytes(FEEDS["a zip"]["all.zip"])
    done = run("update", f"PyPI={mirror}/all.zip", "-d", str(tmp_path / "db"))
    assert done.return_value == 0, done.exception
    assert heads(Store(tmp_path / "db"), "A-2").source == "PyPI"


@pytest.mark.parametrize("path", ["half.jsonl", "none.jsonl"])
def test_a_feed_that_cannot_be_had_whole_changes_nothing(tmp_path: Path, mirror: str, path: str) -> None:
    made = store(tmp_path / "db", ONE)
    before = made.file.read_bytes()
    done = run("update", f"PyPI={mirror}/{path}", "-d", str(tmp_path / "db"))
    assert isinstance(done.exception, SourceError)
    assert done.exception.exit_code == 4
    assert made.file.read_bytes() == before


def test_a_snapshot_is_fetched_from_a_mirror(tmp_path: Path, mirror: str) -> None:
    publish(store(tmp_path / "a", ONE), tmp_path / "mirror" / "out", KEY, NOW)
    (tmp_path / "key.pub").write_bytes(KEY.public.pem)
    done = run("update", "--snapshot", f"{mirror}/out", "--key", str(tmp_path / "key.pub"), "-d", str(tmp_path / "db"))
    assert done.return_value == 0, done.exception
    assert heads(Store(tmp_path / "db"), "A-1").id == "A-1"


def test_the_commands_import_look_and_sign(tmp_path: Path) -> None:
    (tmp_path / "feed.jsonl").write_bytes(LINES + b"{\n")
    (tmp_path / "key").write_bytes(KEY.pem())
    database = ["-d", str(tmp_path / "db")]
    done = run("import", str(tmp_path / "feed.jsonl"), *database)
    assert (done.return_value, "1 records could not be read" in done.output) == (0, True)
    status = run("status", "--verify", *database)
    assert (status.return_value, "feed: 2 records" in status.output) == (0, True)
    assert run("snapshot", str(tmp_path / "out"), "--key", str(tmp_path / "key"), *database).return_value == 0
    assert json.loads(run("status", "-f", "json", *database).output.partition("snapshot")[0])["ground"]["records"] > 2


def test_an_import_that_brings_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "feed.jsonl").write_bytes(b"{\n")
    assert run("import", str(tmp_path / "feed.jsonl"), "-d", str(tmp_path / "db")).return_value == 4
    assert isinstance(run("import", str(tmp_path / "none"), "-d", str(tmp_path / "db")).exception, LadingError)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError):
        store(tmp_path / "file", ONE)


CVSS = [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
    ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", 5.5),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
    ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.6),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
    ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:L/VI:N/VA:N/SC:L/SI:N/SA:N", 2.3),
    ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N/E:U", 0.6),
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N", 1.0),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
    ("CVSS:4.0/AV:A/AC:L/AT:N/PR:L/UI:P/VC:H/VI:L/VA:H/SC:L/SI:H/SA:N/E:P/CR:M/IR:L/AR:H", 5.1),
    ("CVSS:4.0/AV:N/AC:H/AT:N/PR:H/UI:N/VC:L/VI:H/VA:L/SC:H/SI:L/SA:N/MSI:S/MAV:A/CR:L", 8.4),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N/S:P/AU:Y/U:Amber", 5.1),
]


@pytest.mark.parametrize(("vector", "score"), CVSS)
def test_a_vector_has_its_score(vector: str, score: float) -> None:
    assert scored(vector) == score


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "CVSS:3.1/AV:N",
        "CVSS:4.0/AV:N/AC:L",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:S/SI:H/SA:H",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:3.1/" + "A:N/" * 200,
    ],
)
def test_what_cannot_be_scored_is_unknown_and_never_low(vector: str) -> None:
    assert severity([osv.Score("CVSS_V3", vector)]) == ("unknown", 0.0)


def test_the_age_of_a_database_is_told_in_words(tmp_path: Path) -> None:
    made = store(tmp_path, ONE, now=NOW - timedelta(days=40))
    assert made.file.exists()
    done = run("status", "-d", str(tmp_path))
    assert done.return_value == 4
    assert "not fit to say that nothing is known" in done.output or "not fit" in str(done.stderr)


def test_a_database_is_found_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "LADING_ADVISORIES", str(tmp_path))
    with pytest.raises(DatabaseError, match=str(tmp_path)):
        Database(tmp_path / "none")
    assert "there is no advisory database" in str(run("status").exception)
