"""Zstandard is read like every other compression: frame after frame, within bounds, with whatever its readers pass over told."""

import io
import struct
import sys
import tarfile
import zipfile

import pytest

from attacks.joblib_arrays import BEHIND, GOOD
from lading.binary.zstd import module
from lading.core.inspection import Grade, Inspection
from lading.inspect import inspect_bytes

ZSTD = module()
PACKED = ZSTD.compress(GOOD)
EVIL = ZSTD.compress(BEHIND)


def looked(content: bytes, name: str = "model.joblib.zst") -> Inspection:
    return inspect_bytes(content, name)


def rules(content: bytes) -> set[str]:
    return {o.rule for o in looked(content).observations}


def passed_over(content: bytes, mark: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + mark, len(content)) + content


def index(frames: int) -> bytes:
    return passed_over(bytes(8 * frames) + struct.pack("<IBI", frames, 0, 0x8F92EAB1), 14)


def test_what_zstandard_holds_is_judged() -> None:
    assert looked(PACKED).grade is Grade.BENIGN
    assert looked(EVIL).grade is Grade.MALICIOUS


def test_a_payload_in_a_later_frame_is_found() -> None:
    half = len(BEHIND) // 2
    assert looked(ZSTD.compress(BEHIND[:half]) + ZSTD.compress(BEHIND[half:])).grade is Grade.MALICIOUS


def test_sizes_and_the_table_of_a_seekable_file_are_benign() -> None:
    assert looked(passed_over(struct.pack("<I", len(PACKED))) + PACKED).grade is Grade.BENIGN
    assert looked(PACKED + index(1)).grade is Grade.BENIGN


def test_a_payload_behind_a_frame_that_is_passed_over_is_found() -> None:
    assert looked(passed_over(b"1234") + EVIL).grade is Grade.MALICIOUS
    assert looked(PACKED[:0] + passed_over(bytes(100)) * 3 + EVIL).grade is Grade.MALICIOUS


def test_what_readers_pass_over_is_told() -> None:
    assert "trailing-bytes" in rules(PACKED + passed_over(b"x" * 500))
    assert "unread-bytes" in rules(PACKED + b"behind the frames")


def test_a_bomb_of_zstandard_is_told_and_not_unpacked() -> None:
    packed = ZSTD.compress(bytes(200 << 20))
    assert "archive-bomb" in rules(packed)


def test_a_window_larger_than_memory_is_refused() -> None:
    result = looked(b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\x00\x00")
    assert result.grade is Grade.UNSCANNABLE
    assert "memory" in result.observations[0].message


def test_a_frame_that_needs_a_dictionary_is_unscannable() -> None:
    words = ZSTD.ZstdDict(b"word " * 100, is_raw=True)
    known = ZSTD.train_dict([b"some words %d and more" % n for n in range(2000)], 4096)
    assert looked(ZSTD.compress(GOOD, zstd_dict=known)).grade is Grade.UNSCANNABLE
    assert looked(ZSTD.compress(b"word " * 90, zstd_dict=words)).grade is not Grade.BENIGN


@pytest.mark.parametrize("cut", range(4, len(EVIL) - 1, 7))
def test_a_frame_that_is_cut_short_is_never_benign(cut: int) -> None:
    assert looked(EVIL[:cut]).grade is not Grade.BENIGN


def test_members_of_zip_and_tar_archives_are_read_through_zstandard() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("model.pkl")
        member.size = len(BEHIND)
        archive.addfile(member, io.BytesIO(BEHIND))
    assert looked(ZSTD.compress(stream.getvalue()), "model.tar.zst").grade is Grade.MALICIOUS
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as packed:
        packed.writestr("model.pkl", EVIL)
    content = stored.getvalue().replace(b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x00\x00\x5d\x00")  # the method of members
    assert looked(content, "model.zip").grade is Grade.MALICIOUS


def test_reading_zstandard_is_loaded_only_for_it() -> None:
    import subprocess  # noqa: PLC0415 - a process of its own

    program = "import sys; from lading.inspect import inspect_bytes; inspect_bytes(b'\\x80\\x04N.', 'a.pkl'); print('backports.zstd' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert told.stdout.strip() == "False"
