"""What an inspection costs before it says anything, and that what makes it cheap changes no answer."""

import importlib
import json
import os
import pkgutil
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lading
from attacks import samples
from attacks.opcodes import RUN, call, items, name, proto, text
from attacks.registry import Sample
from lading.binary.stored import ChangedError, StoredWindow
from lading.binary.window import Window
from lading.cli.output import width
from lading.core.entry_points import may_announce
from lading.core.inspection import Grade
from lading.core.pattern import _Later, pattern
from lading.core.shipped import files
from lading.inspect import inspect_bytes, inspect_path, run
from lading.pickles import known

HEAVY = {
    *(
        "lading.core.bom",
        "lading.core.finding",
        "lading.formats",
        "lading.trust",
        "lading.inspect.ruleset",
        "lading.inspect.opinions",
        "lading.render.text",
    ),
    *(
        "cryptography",
        "yaml",
        "packaging",
        "importlib.metadata",
        "importlib.resources",
        "dataclasses",
        "tomllib",
        "json",
        "base64",
        "bz2",
        "lzma",
    ),
    *("concurrent.futures", "multiprocessing", "subprocess", "tempfile", "shutil", "zipfile", "difflib"),
}


def loaded(path: Path, *options: str) -> set[str]:
    """The modules that a whole run of the program loads."""
    code = "import atexit,sys; atexit.register(lambda: print(*sys.modules)); from lading.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "inspect", str(path), *options], capture_output=True, text=True, check=False)
    return set(done.stdout.splitlines()[-1].split())


def test_a_small_file_is_inspected_without_what_only_other_files_and_answers_need(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(proto(4, text("a")))
    bare = set(subprocess.run([sys.executable, "-c", "import sys, click, msgspec; print(*sys.modules)"], capture_output=True, text=True, check=True).stdout.split())  # fmt: skip
    found = loaded(tmp_path / "a.pkl") - bare
    assert not HEAVY & found
    assert len([m for m in found if not m.startswith("lading.scanners.")]) <= 65


def test_tensors_are_inspected_without_the_tables_of_pickles(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert "tomllib" not in loaded(tmp_path / "a.safetensors")


def test_every_expression_that_is_compiled_later_can_be_compiled() -> None:
    later = []
    for module in pkgutil.walk_packages(lading.__path__, "lading."):
        if not module.name.startswith(("lading.__main__", "lading.integrations")):
            later += [v for v in vars(importlib.import_module(module.name)).values() if isinstance(v, _Later)]
    assert len(later) > 30
    assert all(expression.pattern for expression in later)


def test_an_expression_that_is_compiled_later_is_like_any_other() -> None:
    letters = pattern(r"(\w)b", 2)
    assert letters.search("xAB").group(1) == "A"  # type: ignore[union-attr]
    assert letters.search is letters.search
    assert not hasattr(letters, "_nothing")


PLUGIN = """
from lading.core.inspection import Grade
from lading.scanners._registry import Span, scanner

@scanner("mine", lambda part: part.head[:4] == b"MINE")
def scan(part):
    "Only me."
    yield part.sees("code-file", "it is mine", Grade.SUSPICIOUS)
    yield Span(0, part.window.size)
"""


@pytest.mark.parametrize("kind", ["folder", "egg-info", "archive"])
def test_a_scanner_of_somebody_else_is_found_by_its_entry_point(tmp_path: Path, kind: str) -> None:
    place = tmp_path / ("site.zip" if kind == "archive" else "site")
    info = "mine-1.0.egg-info" if kind == "egg-info" else "mine-1.0.dist-info"
    content = {"lading_mine.py": PLUGIN, f"{info}/entry_points.txt": "[lading.scanners]\nmine = lading_mine\n", f"{info}/METADATA": "Name: mine\nVersion: 1.0\n"}  # fmt: skip
    if kind == "archive":
        with zipfile.ZipFile(place, "w") as archive:
            for path, body in content.items():
                archive.writestr(path, body)
    for path, body in content.items() if kind != "archive" else ():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(body)
    (tmp_path / "a.bin").write_bytes(b"MINE\0\1\2")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(place), *sys.path[1:]])}
    done = subprocess.run([sys.executable, "-m", "lading", "inspect", str(tmp_path / "a.bin")], capture_output=True, text=True, check=False, env=environment)  # fmt: skip
    assert "it is mine" in done.stdout, done.stderr


def test_that_nobody_announces_a_plugin_is_known_without_the_library() -> None:
    assert not may_announce("lading.nobody-has-this")
    assert may_announce("console_scripts")


def test_tables_that_lie_in_an_archive_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("shipped_here/__init__.py", "")
        archive.writestr("shipped_here/a.toml", "x = 1")
    sys.path.append(str(tmp_path / "a.zip"))
    try:
        assert files("shipped_here").joinpath("a.toml").read_text("utf-8") == "x = 1"
    finally:
        sys.path.remove(str(tmp_path / "a.zip"))


def test_the_version_of_the_tables_is_the_newest_date_in_them() -> None:
    assert known.version() == max(str(t["checked"]) for t in (*map(known._table, known._names()), known._danger()))


@pytest.mark.parametrize(("columns", "expected"), [("200", 200), ("10", 80), ("", 100), ("wide", 100), ("0", 100)])
def test_the_width_is_what_the_environment_says_and_never_narrow(columns: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width() == expected


CUT = """
import os, sys
import lading.inspect.run as run
from lading.cli.main import main

path, digest = sys.argv[1], run._digest

def cut(handle):
    found = digest(handle)
    os.truncate(path, 1 << 16)
    return found

run._digest = cut
main(["inspect", path, "--no-cache"])
"""


@pytest.mark.parametrize("suffix", [".pkl", ".onnx", ".gguf", ".zip", ".txt", ".msgpack"])
def test_a_file_that_is_cut_off_while_it_is_inspected_is_unscannable_and_no_crash(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(OPENINGS[suffix])
    done = subprocess.run([sys.executable, "-c", CUT, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (4, "")
    assert "changed while it was read" in done.stdout


_MANY = b"".join(b"X" + struct.pack("<I", 20) + b"a" * 20 + b"0" for _ in range(200_000))
OPENINGS = {
    ".pkl": proto(2, _MANY),
    ".onnx": b"\x08\x07" + b"\x12\x08onnxruns" * 400_000,
    ".gguf": b"GGUF"
    + struct.pack("<IQQ", 3, 0, 100_000)
    + (struct.pack("<Q", 8) + b"k" * 8 + struct.pack("<IB", 0, 1)) * 100_000
    + bytes(64),
    ".zip": b"PK\x03\x04" + bytes(3 << 20),
    ".txt": b"a word\n" * 400_000,
    ".msgpack": b"\xdd" + struct.pack(">I", 3 << 20) + b"\x01" * (3 << 20),
}


def stored(data: bytes) -> StoredWindow:
    """The bytes as a file without a name."""
    handle = os.memfd_create("window")
    os.write(handle, data)
    return StoredWindow.of(handle, len(data))


PAGE = 4096


PIECES = [b"", bytes(3), bytes(PAGE), b"PK", b"a" * (PAGE - 1), b"\x01" * 70_000, b"needle"]


@pytest.mark.parametrize("seed", range(40))
def test_a_file_is_read_like_the_same_bytes_in_memory(seed: int) -> None:
    chance = random.Random(seed)
    pieces = chance.choices(PIECES, k=chance.randint(1, 6))
    places = [(chance.choice([chance.randint(-5, 300), chance.randint(0, 200_000)]), chance.randint(-5, 140_000)) for _ in range(8)]
    data = b"".join(pieces) + b"."
    disk, memory = stored(data), Window(data)
    for start, count in places:
        begin, end = max(start, 0), min(max(start, 0) + max(count, 0), len(data))
        assert disk.read(start, count) == memory.read(start, count)
        assert disk.number("<I", start) == memory.number("<I", start)
        assert disk.find(b"needle", begin) == memory.find(b"needle", begin)
        assert disk.is_zero(begin, end) == memory.is_zero(begin, end)
        inner, same = disk.part(start, count), memory.part(start, count)
        assert (inner.size, inner.read(1, 5000), bytes(inner.view)) == (same.size, same.read(1, 5000), bytes(same.view))
        assert inner.search(pattern(b"need")) == same.search(pattern(b"need"))
        there = disk.fill(begin, end)
        assert disk.sparse[begin:there] == memory.sparse[begin:there]


def test_a_file_that_is_too_short_is_an_error_wherever_it_is_read() -> None:
    window = stored(bytes(200_000))
    os.truncate(window._reader.handle, 1000)
    for look in (lambda: window.read(10_000, 4), lambda: window.read(0, 150_000), lambda: window.view, lambda: window.is_zero(0, 200_000)):
        with pytest.raises(ChangedError):
            look()


@pytest.mark.parametrize("sample", samples(), ids=lambda s: f"{s.family}/{s.name}"[:80])
def test_a_sample_gets_the_same_verdict_from_disk_as_from_memory(tmp_path: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.write(tmp_path)
    paths = [p for p in tmp_path.rglob("*") if p.is_file() and p.stat().st_size]
    in_memory = [inspect_path(p) for p in paths]
    monkeypatch.setattr(run, "_WHOLE", 0)
    assert [inspect_path(p) for p in paths] == in_memory


_FAR = b"B" + struct.pack("<I", 300_001) + b"\x80" * 300_001 + b"0"
_LINES = b"V" + b"a" * 100_000 + b"\n0"
SPREAD = {
    "far": proto(4, _FAR * 6 + RUN),
    "lines": b"(" + _LINES * 12 + b"cos\nsystem\n(S'echo lading-marker'\ntR.",
    "remembered": proto(4, text("os") + b"\x94" + text("system") + b"\x9400" + _FAR * 6 + b"h\x00h\x01\x93" + items(text("echo lading-marker")) + b"R"),
    "held": proto(4, _FAR * 6 + b"B" + struct.pack("<I", len(RUN) + 3) + b"\x80\x04" + RUN + b"."),
    "long argument": proto(4, _FAR * 4 + call(name("os:system"), text("e" * 200_000))),
    "frames": proto(4, _FAR * 4 + b"".join(b"\x95" + struct.pack("<Q", 70_004) + b"C\x01x0" + b"N0" * 35_000 for _ in range(4)) + RUN),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPREAD)
def test_what_lies_far_apart_in_a_pickle_is_seen_on_disk_as_in_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(SPREAD[kind])
    assert path.stat().st_size > run._WHOLE
    found = inspect_path(path, hashed=False)
    assert found == inspect_bytes(SPREAD[kind], path.name, path=str(path))
    assert found.grade is not Grade.BENIGN


def test_every_value_of_a_large_table_is_seen_on_disk_as_in_memory(tmp_path: Path) -> None:
    data = b"\xdd" + struct.pack(">I", 1_500_001) + b"\x01" * 1_500_000 + b"\xd4\x55\x00"
    (tmp_path / "a.msgpack").write_bytes(data)
    found = inspect_path(tmp_path / "a.msgpack", hashed=False)
    assert found == inspect_bytes(data, "a.msgpack", path=str(tmp_path / "a.msgpack"))
    assert found.grade is Grade.SUSPICIOUS


def test_the_members_of_a_large_archive_are_found_without_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", proto(2, b"}"))
        for number in range(64):
            archive.writestr(f"archive/data/{number}", bytes(1 << 20))
    asked: list[int] = []
    pread, preadv = os.pread, os.preadv

    def reads(handle: int, count: int, place: int) -> bytes:
        asked.append(count)
        return pread(handle, count, place)

    def fills(handle: int, views: list[memoryview], place: int) -> int:
        asked.append(len(views[0]))
        return preadv(handle, views, place)

    monkeypatch.setattr(os, "pread", reads)
    monkeypatch.setattr(os, "preadv", fills)
    assert inspect_path(path, hashed=False).grade is Grade.BENIGN
    assert sum(asked) < 2 << 20


def test_a_name_has_the_rule_of_all_tables_though_only_some_are_read() -> None:
    every = known.rules()
    assert {n: known.rule_of(n) for n in every} == every
    assert known.rule_of("acme.Thing") is None
