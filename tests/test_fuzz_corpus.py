"""What campaigns of changed inputs found worth keeping is read again: no parser raises, none costs much, each answers twice the same."""

import resource
import struct
import time

import pytest
from msgspec.structs import replace

from bench.fuzzing.inputs import Input, line, load, parsed
from bench.fuzzing.kept import KEPT, MOST, path_of
from bench.fuzzing.parsers import Parser, Parts, parsers
from lading.core.inspection import Grade
from lading.inspect import inspect_bytes
from lading.scanners._registry import SCANNERS

PARSERS = parsers()
MIB = 1 << 20


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_what_is_kept_is_answered_without_failing_and_twice_the_same(parser: Parser) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for one in load(path_of(parser.name)):
        assert parser.look(one) == parser.look(one), one.id
    assert time.process_time() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_no_scanner_fails_on_what_is_kept_as_a_whole_file() -> None:
    for name in SCANNERS.load():
        for one in load(path_of(name)):
            assert "scanner-failed" not in {o.rule for o in inspect_bytes(one.data, one.name).observations}, (name, one.id)


def test_the_corpus_is_small_and_of_parsers_that_there_are() -> None:
    files = sorted(KEPT.glob("*"))
    assert {f.name for f in files} <= {f"{n}.jsonl" for n in PARSERS}
    assert all(f.stat().st_size <= MOST for f in files)
    assert sum(f.stat().st_size for f in files) < 1.5 * MIB


def test_a_campaign_starts_from_the_parts_that_each_scanner_is_handed() -> None:
    one = Input(
        "weights.npy",
        "",
        np_header := b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }".ljust(117) + b"\n",
    )
    assert Parts([one], 1 << 16).of["numpy_array"] == {Input("weights.npy", "", np_header)}
    assert not Parts([], 1 << 16).of


@pytest.mark.parametrize("data", [b"", b"plain\ntext", b"\r\n", b"\xff\x00", "ü\u2028".encode(), b'"\\'])
def test_an_input_is_the_same_from_its_line(data: bytes) -> None:
    one = Input("a/b c", "held", data)
    assert "\n" not in line(one)
    assert parsed(line(one)) == one


def test_an_archive_whose_wide_numbers_are_cut_off_is_read() -> None:
    extra = struct.pack("<HH", 1, 24) + b"abc"
    listed = (
        struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, *[0xFFFFFFFF] * 2, 1, len(extra), 0, 0, 0, 0, 0xFFFFFFFF)
        + b"a"
        + extra
    )
    data = b"PREFIX" + listed + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(listed), 6, 0)
    result = inspect_bytes(data, "model.pt")
    assert result.grade is not Grade.BENIGN
    assert "scanner-failed" not in {o.rule for o in result.observations}


def test_a_scanner_that_fails_to_know_a_file_passes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> bool:
        raise ZeroDivisionError

    scanner = SCANNERS.load()["gguf"]
    with monkeypatch.context() as patch:
        patch.setitem(SCANNERS._plugins, "gguf", replace(scanner, matches=fails))
        result = inspect_bytes(b"plain text\n", "README.txt")
    assert result.grade is Grade.UNSCANNABLE
    assert "scanner-failed" in {o.rule for o in result.observations}
