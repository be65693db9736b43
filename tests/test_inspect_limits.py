"""What is made to cost, and what is no file: bounded in counted work, the same on every machine, told in a sentence."""

import json
import os
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.opcodes import RUN, call, name, proto, text
from bench.inspection_hostile import HOSTILE
from lading.binary.lz4 import Lz4Error, unpack
from lading.binary.window import Window
from lading.cli.main import main
from lading.core.inspection import Grade
from lading.inspect import cache, inspect_bytes, inspect_path
from lading.scanners._registry import MOST_WORK, Budget, Overspent

DEAR = [
    "open.json",
    "same keys.json",
    "indented.yaml",
    "long line.pkl",
    "known calls.pkl",
    "extensions.pkl",
    "attributes.py",
    "brackets.jinja",
    "deep.gz",
    "heaps.h5",
    "objects.h5",
    "paths.h5",
    "open.msgpack",
]


@pytest.mark.parametrize("file", DEAR)
def test_what_is_made_to_cost_is_never_benign_and_never_makes_a_scanner_fail(file: str) -> None:
    result = inspect_bytes(HOSTILE[file](), file)
    assert "scanner-failed" not in {o.rule for o in result.observations}
    assert result.grade is not Grade.BENIGN or file in {"same keys.json", "brackets.jinja"}


def test_work_is_counted_and_refused_before_it_is_done() -> None:
    budget = Budget()
    budget.spend(MOST_WORK)
    with pytest.raises(Overspent):
        budget.spend(1)


def test_parts_share_the_work_of_their_file(tmp_path: Path) -> None:
    program = b"import os\n" + b"f();a.b\n" * 9_000
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(40):
            archive.writestr(f"{number}.py", program)
    results = [inspect_path(tmp_path / "many.zip") for _ in range(2)]
    assert results[0] == results[1]
    assert "limit" in {o.rule for o in results[0].observations}


@pytest.mark.parametrize(
    "opening",
    [b"\x80\x04" + b"]" * 1_000_000, b"\x80\x04N" + b"\x85" * 3_600_000, b"\x80\x04" + b"(" * 200_000, b"\x80\x04" + b"N" * 1_000_000],
)
def test_a_pickle_that_only_grows_is_left_and_told(opening: bytes) -> None:
    result = inspect_bytes(opening + b".", "x.pkl")
    assert result.grade is Grade.UNSCANNABLE
    assert "limit" in {o.rule for o in result.observations}


def test_what_is_called_with_forgotten_containers_is_an_objection() -> None:
    padding = (b"(" + b"]" * 60 + b"t0") * 17_000  # more than a million items in containers
    hidden = proto(4, b"](" + padding + call(name("collections:OrderedDict"), b"N\x85\x85") + b"\x85\x85e")
    assert inspect_bytes(hidden, "x.pkl").grade is not Grade.MALICIOUS
    assert inspect_bytes(proto(4, b"](" + padding + RUN + b"e"), "x.pkl").grade is Grade.MALICIOUS


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "missing", "loop", "socket"])
def test_what_is_no_regular_file_is_unscannable_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.pkl"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        path.symlink_to("/dev/null")
    result = inspect_path(path)
    assert (result.grade, result.observations[0].rule) == (Grade.UNSCANNABLE, "unreadable")


def test_a_file_that_changes_while_it_is_read_is_unscannable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(proto(4, b"}"))
    read = os.pread

    def changing(handle: int, count: int, place: int) -> bytes:
        path.write_bytes(proto(4, RUN))
        os.utime(path, ns=(1, 1))
        return read(handle, count, place)

    monkeypatch.setattr(os, "pread", changing)
    result = inspect_path(path)
    assert result.grade is Grade.UNSCANNABLE
    assert "changed" in result.observations[0].message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read_is_unscannable(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(proto(4, b"}"))
    path.chmod(0)
    assert inspect_path(path).grade is Grade.UNSCANNABLE


def test_a_hundred_thousand_members_are_one_answer() -> None:
    entry = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    listed = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, *[0] * 7, 1, *[0] * 6) + b"a"
    count = 120_000
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count & 0xFFFF, count & 0xFFFF, len(listed) * count, len(entry) * count, 0)
    result = inspect_bytes(entry * count + listed * count + end, "many.zip")
    assert result.grade is not Grade.BENIGN
    assert len(result.observations) < 5_000


def test_names_of_members_with_terminal_escapes_are_told_without_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("\x1b]0;owned\x07\x1b[2J../../x.pkl", proto(4, RUN))
    with pytest.raises(SystemExit):
        main(["inspect", str(tmp_path / "a.zip"), "--all"])
    told = capsys.readouterr()
    assert "x.pkl" in told.out
    assert not {"\x1b", "\x07"} & set(told.out + told.err)


def _frame(data: bytes, blocks: int = 1) -> bytes:
    size = max(len(data) // blocks, 1)
    out = b"\x04\x22\x4d\x18\x60\x40\x82"
    for place in range(0, len(data), size):
        out += struct.pack("<I", len(data[place : place + size]) | 1 << 31) + data[place : place + size]
    return out + bytes(4)


@given(st.binary(max_size=300), st.integers(1, 4))
def test_lz4_gives_back_what_was_stored(data: bytes, blocks: int) -> None:
    frame = _frame(data, blocks)
    assert unpack(Window(frame), 1000) == (bytearray(data), len(frame))


def test_lz4_copies_what_came_before() -> None:
    block = b"\x3fabc\x03\x00\x05" + b"\x10x"  # three letters, a copy of 24 that begins three back, one letter
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(block)) + block + bytes(4)
    assert bytes(unpack(Window(frame), 1000)[0]) == b"abc" * 9 + b"x"


@given(st.binary(max_size=200))
def test_lz4_of_anything_is_bounded_and_raises_its_own_error_alone(data: bytes) -> None:
    try:
        out, used = unpack(Window(b"\x04\x22\x4d\x18\x60\x40\x82" + data), 10_000)
    except Lz4Error:
        return
    assert len(out) <= 10_000 + len(data) * 256
    assert used <= len(data) + 11


def test_a_verdict_that_was_reached_before_is_found_again_for_these_bytes_and_rules_alone(tmp_path: Path) -> None:
    path, kept = tmp_path / "model.pkl", tmp_path / "kept"
    path.write_bytes(proto(4, b"B" + struct.pack("<I", cache.SMALLEST) + random.Random(1).randbytes(cache.SMALLEST)))
    first = inspect_path(path, kept=kept)
    (entry,) = kept.glob("*/*.json")
    assert cache.found(kept, first.digest, path.name) == first == inspect_path(path, kept=kept)
    assert cache.found(kept, first.digest, "other.bin") is None
    entry.write_bytes(entry.read_bytes().replace(first.digest.encode(), b"sha256:" + b"0" * 64))
    assert inspect_path(path, kept=kept) == first
    entry.write_bytes(b"{")
    assert inspect_path(path, kept=kept) == first
    path.write_bytes(path.read_bytes()[:-1] + RUN + b".")
    assert inspect_path(path, kept=kept).grade is Grade.MALICIOUS


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"")
    path = tmp_path / "model.pkl"
    path.write_bytes(proto(4, text("a") + b"0B" + struct.pack("<I", cache.SMALLEST) + bytes(cache.SMALLEST)))
    assert inspect_path(path, kept=tmp_path / "kept").grade is Grade.BENIGN


def test_every_rule_of_a_finding_can_be_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pkl").write_bytes(proto(4, RUN))
    with pytest.raises(SystemExit):
        main(["inspect", str(tmp_path), "--format", "json"])
    rule = json.loads(capsys.readouterr().out)["files"][0]["findings"][0]["rule"]
    with pytest.raises(SystemExit) as ended:
        main(["explain", rule])
    assert not ended.value.code
    assert "What to do:" in capsys.readouterr().out
