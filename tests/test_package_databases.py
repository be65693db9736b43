"""What package managers keep is read as they print it, whatever form it has; what is damaged of it is told and costs nothing else."""

import contextlib
import gzip
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.cli.audit import load
from lading.image import rpm
from lading.image.rpm_header import Header
from lading.image.wal import applied
from rpm_makers import STRING, Row, berkeley, header, ndb, numbers, package, texts
from test_audit_inputs import tar
from test_image import image, layer_of

ROWS: tuple[Row, ...] = (
    (1000, STRING, b"acme\0"),
    (1001, STRING, b"1.2\0"),
    (1002, STRING, b"3\0"),
    numbers(1003, 2),
    (1014, STRING, b"MIT\0"),
)
MANY = [package(f"p{n}", needs=["b", ("c", ">=", "1")], files=["/usr/bin/p"], padding=n * 97 % 3000) for n in range(20)]
NAMES = sorted(f"p{n}" for n in range(20))
FORMS: dict[str, Callable[..., bytes]] = {
    "NDB": ndb,
    "Berkeley DB": berkeley,
    "Berkeley DB, the other order of bytes": lambda *b: berkeley(*b, order=">"),
    "Berkeley DB, small pages in one bucket": lambda *b: berkeley(*b, buckets=1),
    "Berkeley DB, the largest pages": lambda *b: berkeley(*b, size=65536, buckets=2),
    "Berkeley DB, many buckets": lambda *b: berkeley(*b, size=4096, buckets=64),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_the_database_of_rpm_is_read(form: Callable[..., bytes]) -> None:
    blobs = header(*ROWS), header((1000, 6, b"b\0"), (1001, 6, b"1\0"))
    (found, other) = sorted(rpm.packages(form(*blobs)), key=lambda p: p.name)
    assert (found.name, found.full, found.license, other.name) == ("acme", "2:1.2-3", "MIT", "b")
    assert sorted(p.name for p in rpm.packages(form(*MANY))) == NAMES


def test_a_package_under_the_number_of_the_counter_is_a_package() -> None:
    data = berkeley(package("a"), package("b")).replace(b"\1" + struct.pack("=I", 2), b"\1" + bytes(4))
    assert sorted(p.name for p in rpm.packages(data)) == ["a", "b"]


def test_keys_of_signers_are_no_packages() -> None:
    assert [p.name for p in rpm.packages(berkeley(package("gpg-pubkey"), package("a")))] == ["a"]


@pytest.mark.skipif(not shutil.which("db5.3_load"), reason="db-util is not installed")
@pytest.mark.parametrize("settings", ["", "db_lorder=4321\n", "db_pagesize=512\nh_ffactor=3\n", "db_pagesize=65536\ndb_lorder=4321\n"])
def test_what_berkeley_db_writes_is_read_whole(tmp_path: Path, settings: str) -> None:
    blobs = [package(f"p{n}", padding=n * n % 5000) for n in range(300)]
    rows = [bytes(4), struct.pack("=I", 300)]
    rows += [part for n, blob in enumerate(blobs, 1) for part in (struct.pack("=I", n), blob)]
    text = f"VERSION=3\nformat=bytevalue\ntype=hash\n{settings}HEADER=END\n{''.join(f' {r.hex()}{chr(10)}' for r in rows)}DATA=END\n"
    place = tmp_path / "Packages"
    subprocess.run(["db5.3_load", str(place)], input=text, text=True, check=True)
    assert sorted(p.name for p in rpm.packages(place.read_bytes())) == sorted(f"p{n}" for n in range(300))


@pytest.mark.skipif(not shutil.which("db5.3_verify"), reason="db-util is not installed")
@pytest.mark.parametrize("order", ["<", ">"])
def test_our_own_hash_files_are_what_berkeley_db_calls_valid(tmp_path: Path, order: str) -> None:
    (tmp_path / "Packages").write_bytes(berkeley(*MANY, order=order))  # type: ignore[arg-type]
    subprocess.run(["db5.3_verify", str(tmp_path / "Packages")], check=True)


BROKEN = {
    "nothing": b"",
    "a form that nothing writes": b"\0" * 12 + b"\x62\x31\x05\0" + b"\0" * 4096,
    "no database": b"SQLite format 3\0" + b"\0" * 84,
    "half of the pages": ndb(header(*ROWS))[:2000],
    "another version": ndb(header(*ROWS)).replace(b"RpmP\0", b"RpmP\1"),
    "a slot without its mark": ndb(header(*ROWS), slot=b"Slut"),
    "a blob without its mark": ndb(header(*ROWS), mark=b"Blob"),
    "a blob longer than it is": ndb(header(*ROWS), size=1 << 30),
    "a blob that no slot leads to": ndb(header(*ROWS)).replace(b"Slot\1", b"Slot\0").replace(struct.pack("<2I", 256, 8), bytes(8)),
    "a header cut short": ndb(header(*ROWS)[:40]),
    "a header of many tags": ndb(struct.pack(">2I", 1 << 30, 0)),
    "a value outside": ndb(header(*ROWS[:2], (1002, 6, b"")).replace(struct.pack(">2I", 3, 9), struct.pack(">2I", 3, 8))),
    "a text without end": ndb(header((1000, 6, b"a\0"), (1001, 6, b"1"))),
    "no name": ndb(header((1001, 6, b"1\0"))),
    "no whole first page": berkeley(header(*ROWS))[:300],
    "an old version of hash files": berkeley(header(*ROWS)).replace(struct.pack("<2I", 0x061561, 9), struct.pack("<2I", 0x061561, 7)),
    "more buckets than pages": berkeley(header(*ROWS), buckets=64)[: 512 * 20],
    "an encrypted file": berkeley(header(*ROWS))[:24] + b"\1" + berkeley(header(*ROWS))[25:],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_database_that_cannot_be_read_is_told(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        list(rpm.packages(data))
    bom = load(image(tmp_path / "image", gzip.compress(tar({"var/lib/rpm/rpmdb.sqlite": data}))))
    assert [s.path for s in bom.coverage.unread] == ["var/lib/rpm/rpmdb.sqlite"]


LONG = package("long", padding=2000)
AROUND = (package("a"), LONG, package("z"))
WHOLE = berkeley(*AROUND)
ENTRY = WHOLE.index(struct.pack("<I", len(LONG))) - 8
FIRST = struct.unpack_from("<I", WHOLE, ENTRY + 4)[0]


def changed(at: int, data: bytes) -> bytes:
    """The hash file with other bytes at a place."""
    return WHOLE[:at] + data + WHOLE[at + len(data) :]


def linked(page: int, number: int) -> bytes:
    """The hash file with another page behind one of the long value's."""
    return changed(512 * (FIRST + page) + 16, struct.pack("<I", number))


PARTLY: dict[str, bytes] = {
    "a blob of NDB": ndb(*AROUND).replace(LONG[:16], b"\xff" * 16),
    "a slot of NDB": ndb(*AROUND).replace(b"Slot" + struct.pack("<I", 2), b"Slut" + struct.pack("<I", 2)),
    "a page of a long value": changed(512 * (FIRST + 1), bytes(512)),
    "a long value that leads out": changed(ENTRY + 4, struct.pack("<I", 5000)),
    "a long value in a circle": linked(1, FIRST),
    "a long value that goes on in itself": linked(1, FIRST + 1),
    "a long value that ends early": linked(1, 0),
    "a long value that goes on in a page of entries": linked(1, 1),
    "a long value that is shorter than its pages": changed(ENTRY + 8, struct.pack("<I", 972)),
    "an entry of no known kind": changed(ENTRY, b"\4"),
    "an entry that is too short to lead anywhere": changed(ENTRY, b"\1"),
}


@pytest.mark.parametrize("data", PARTLY.values(), ids=PARTLY)
def test_what_is_damaged_costs_itself_alone_and_is_told(tmp_path: Path, data: bytes) -> None:
    assert data not in {ndb(*AROUND), WHOLE}
    bom = load(image(tmp_path / "image", gzip.compress(tar({"var/lib/rpm/Packages": data}))))
    assert sorted(c.name for c in bom.components) == ["a", "z"]
    assert [s.path for s in bom.coverage.unread] == ["var/lib/rpm/Packages"]


def test_needs_that_cannot_be_read_cost_only_themselves() -> None:
    found: list[Header] = []
    with pytest.raises(ValueError, match="what acme needs"):
        found.extend(rpm.packages(ndb(header(*ROWS, texts(1049, "b", "c"), texts(1050, ""), numbers(1048, 0)))))
    assert [p.name for p in found] == ["acme"]


@given(
    data=st.binary(max_size=300), start=st.sampled_from([b"", b"RpmP", b"SQLite format 3\0", ndb(header(*ROWS))[:4200], berkeley(*MANY)])
)
def test_any_bytes_are_packages_or_a_sentence(data: bytes, start: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert all(p.name for p in rpm.packages(start + data))


@given(
    form=st.sampled_from([f(*MANY) for f in (*FORMS.values(),)]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_no_package_is_lost_in_silence(form: bytes, changes: list[tuple[float, bytes]]) -> None:
    data = bytearray(form)
    for place, change in changes:
        at = int(place * (len(data) - len(change)))
        data[at : at + len(change)] = change
    found: list[Header] = []
    try:
        found.extend(rpm.packages(bytes(data)))
    except ValueError as e:
        assert str(e)  # noqa: PT017 - either is right
    else:
        assert len(found) == len(NAMES)


def test_a_header_that_lies_in_others_is_read_no_more_often_than_the_file_is_long() -> None:
    whole = bytearray(ndb(*(package(f"p{n}", padding=100_000) for n in range(3))))
    slots = [bytes(whole[32 + 16 * n : 48 + 16 * n]) for n in range(3)]
    for n in range(3, 250):
        whole[32 + 16 * n : 48 + 16 * n] = slots[n % 3]
    found: list[Header] = []
    with pytest.raises(ValueError, match="lie in one another"):
        found.extend(rpm.packages(bytes(whole)))
    assert len(found) < 5


@pytest.fixture
def logged(tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """A database as SQLite leaves it when it is cut off: the first packages in it, others in its log, one change not finished."""
    place = tmp_path / "rpmdb.sqlite"
    one = sqlite3.connect(place, isolation_level=None)
    one.execute("PRAGMA journal_mode = WAL")
    one.execute("PRAGMA wal_autocheckpoint = 0")
    one.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    one.execute("INSERT INTO Packages(blob) VALUES (?)", [package("in-both", padding=9000)])
    one.execute("INSERT INTO Packages(blob) VALUES (?)", [package("taken-away")])
    one.execute("PRAGMA wal_checkpoint(RESTART)")
    one.execute("INSERT INTO Packages(blob) VALUES (?)", [package("in-log", padding=20000)])
    one.execute("DELETE FROM Packages WHERE hnum = 2")
    one.execute("PRAGMA cache_size = 1")
    one.execute("BEGIN")
    one.execute("INSERT INTO Packages(blob) VALUES (?)", [package("unfinished", padding=100_000)])
    files = {f"var/lib/rpm/{p.name}": p.read_bytes() for p in tmp_path.glob("rpmdb.sqlite*") if not p.name.endswith("-shm")}
    one.close()  # which takes the log away, as collecting it would at any time
    return lambda: dict(files)


def test_changes_that_lie_in_the_log_of_the_database_count_when_they_are_finished(
    tmp_path: Path, logged: Callable[[], dict[str, bytes]]
) -> None:
    bom = load(image(tmp_path / "image", gzip.compress(tar(logged()))))
    assert sorted(c.name for c in bom.components) == ["in-both", "in-log"]
    assert bom.coverage.complete


def test_a_layer_that_only_adds_to_the_log_brings_its_packages(tmp_path: Path, logged: Callable[[], dict[str, bytes]]) -> None:
    files = logged()
    lower = {"var/lib/rpm/rpmdb.sqlite": files.pop("var/lib/rpm/rpmdb.sqlite")}
    bom = load(image(tmp_path / "image", gzip.compress(tar(lower)), gzip.compress(tar(files))))
    number = layer_of(bom)
    assert {c.name: number[c.ref] for c in bom.components} == {"in-both": "0", "in-log": "1"}


@pytest.mark.parametrize("at", [0, 8, 25, 31])
def test_a_log_that_is_damaged_is_told(tmp_path: Path, logged: Callable[[], dict[str, bytes]], at: int) -> None:
    files = logged()
    log = files["var/lib/rpm/rpmdb.sqlite-wal"]
    files["var/lib/rpm/rpmdb.sqlite-wal"] = log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]
    bom = load(image(tmp_path / "image", gzip.compress(tar(files))))
    assert ["its log of changes is damaged" in s.reason for s in bom.coverage.unread] == [True]


@pytest.mark.parametrize(("log", "complete"), [(b"", True), (b"x", False)])
def test_a_log_without_its_database_is_told_when_it_holds_anything(tmp_path: Path, log: bytes, complete: bool) -> None:  # noqa: FBT001
    bom = load(image(tmp_path / "image", gzip.compress(tar({"var/lib/rpm/rpmdb.sqlite-wal": log}))))
    assert bom.coverage.complete is complete


@given(data=st.binary(max_size=200), log=st.binary(max_size=200), head=st.booleans())
def test_any_bytes_are_a_log_or_a_sentence(data: bytes, log: bytes, head: bool) -> None:  # noqa: FBT001
    start = struct.pack(">2I", 0x377F0682, 3007000) if head else b""
    with contextlib.suppress(ValueError):
        applied(data, start + log)
