"""Small files that ask for much: parts that share bytes, values that hold others of their kind, sections that all are the same one."""

import contextlib
import struct
import time
import zipfile
from pathlib import Path

import pytest

from bench.hostile_shapes import SHAPES
from bench.inspection_hostile import measured
from installed_makers import shared_object
from lading.audit import environment
from lading.binary import elf
from lading.binary.lz4 import unpack
from lading.binary.window import Window
from lading.catalog import native
from lading.core.errors import ExtractError, FormatError
from lading.core.inspection import Grade
from lading.extractors._registry import EXTRACTORS
from lading.image import rpm
from lading.inspect import inspect_bytes
from lading.installed import archive
from lading.installed.distribution import distribution
from lading.pickles.known import effect_of
from lading.scan.folder import Folder
from lading.scanners._json import shortened, walk
from lading.syntax.toml import toml_document
from test_foreign_code import mach_o, universal

QUICK = [
    "shared texts.zip", "long names.zip", "extras.zip", "hidden.zip", "keys.pt", "growing.gz", "arrays.gguf", "long path.json", "lambdas.json",
    "messages.zip", "spaces.zip", "documents.zip", "templates.zip", "bombs in bombs.zip", "headers.zip",
    "maps in maps.json", "shell.ipynb", "loads again.pkl", "attributes.h5", "paths.h5", "pieces.lz4",
]  # fmt: skip


@pytest.mark.parametrize("file", QUICK)
def test_a_file_whose_parts_are_looked_at_again_and_again_costs_no_more_than_others(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(SHAPES[file]())
    spent, peak, told = measured(tmp_path / file)
    assert spent < 8, told  # 3 on a machine that does nothing else
    assert peak < 250, told
    assert "scanner-failed" not in told


def test_what_is_not_looked_at_again_is_never_benign() -> None:
    result = inspect_bytes(SHAPES["shared texts.zip"](), "x.zip")
    assert result.grade is not Grade.BENIGN
    assert {"archive-bomb", "limit"} <= {o.rule for o in result.observations}


def test_a_layer_whose_kind_of_function_is_a_list_is_judged() -> None:
    config = b'{"class_name": "Lambda", "config": {"function": "f", "function_type": ["lambda"], "mask_type": {}}}'
    result = inspect_bytes(config, "config.json")
    assert "keras-code" in {o.rule for o in result.observations}
    assert "scanner-failed" not in {o.rule for o in result.observations}


def test_a_long_name_keeps_what_it_begins_and_ends_with() -> None:
    assert shortened("chat_template") == "chat_template"
    assert shortened("a" * 500 + "template").endswith("template")
    paths = [path for path, _ in walk({"k" * 5_000: {"x": [[1]]}})]
    assert max(map(len, paths)) < 300


def test_the_widths_of_storages_are_those_of_their_keys_in_order() -> None:
    storages = b"".join(struct.pack("<Q", n) + bytes(n * width) for n, width in ((3, 4), (2, 8), (5, 1)))
    idents = b"".join(
        b"X\x07\0\0\0storagectorch\n%sStorage\nX\x01\0\0\0%sU\x03cpuK\x01tQ0(" % (kind, key)
        for kind, key in ((b"Float", b"a"), (b"Double", b"b"))
    )
    pickles = (
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
        b"\x80\x02M\xe9\x03."
        b"\x80\x02}."
        b"\x80\x02(" + idents + b"N00}." + b"\x80\x02](X\x01\0\0\0aX\x01\0\0\0bX\x01\0\0\0ce."
    )
    result = inspect_bytes(pickles + storages, "old.pt")
    assert result.covered.unread == 0
    assert not {"trailing-bytes", "scanner-failed"} & {o.rule for o in result.observations}


def test_segments_that_all_are_the_same_one_are_read_once() -> None:
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 4_000, 64, 0, 0)
    table = 64 + 56 * 4_000
    rows = struct.pack("<IIQQQQQQ", 2, 4, table, table, table, 1 << 20, 1 << 20, 8) * 4_000
    code = elf.read(Window(head + rows + struct.pack("<QQ", 1, 1) * 65_536))
    assert code.form == "ELF"


def test_sections_that_all_are_the_same_stretch_are_searched_once(tmp_path: Path) -> None:
    text = b"OpenSSL 3.0.13 30 Jan 2024\0"
    data = bytearray(shared_object("libx.so", (), text + bytes(1 << 20)))
    (start,) = struct.unpack_from("<Q", data, 40)
    row = bytes(data[start + 64 : start + 128])
    names = bytes(data[start + 128 : start + 192])
    data[start:] = bytes(64) + row * 4_000 + names
    struct.pack_into("<HH", data, 60, 4_002, 4_001)
    (tmp_path / "libx.so").write_bytes(data)
    with (tmp_path / "libx.so").open("rb") as stream:
        assert [found.name for found in native.read(stream, "libx.so").linked] == ["openssl"]


def test_a_section_that_claims_to_begin_behind_all_files_is_passed_over(tmp_path: Path) -> None:
    data = bytearray(shared_object("libx.so", (), b"OpenSSL 3.0.13 30 Jan 2024\0"))
    (start,) = struct.unpack_from("<Q", data, 40)
    struct.pack_into("<Q", data, start + 64 + 24, (1 << 64) - 1)
    (tmp_path / "libx.so").write_bytes(data)
    with (tmp_path / "libx.so").open("rb") as stream:
        assert native.read(stream, "libx.so").linked == ()


def test_a_wheel_with_a_member_without_a_name_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a-1-py3-none-any.whl", "w") as packed:
        packed.writestr("x", b"")
    data = (tmp_path / "a-1-py3-none-any.whl").read_bytes()
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(data.replace(b"x", b"\0"))  # zipfile ends a name at its first zero
    with pytest.raises(FormatError, match="no name"):
        archive.scan(tmp_path / "a-1-py3-none-any.whl")


def test_a_damaged_part_of_a_universal_library_is_told_in_a_sentence(tmp_path: Path) -> None:
    data = bytearray(universal(mach_o(), mach_o(7)))
    place = data.rfind(b"\xcf\xfa\xed\xfe")
    data[place : place + 4] = bytes(4)
    (tmp_path / "a.dylib").write_bytes(data)
    with (tmp_path / "a.dylib").open("rb") as stream, pytest.raises(ExtractError, match="machine code"):
        native.read(stream, "a.dylib")


def test_a_database_for_which_sqlite_asks_for_too_much_memory_is_told_in_a_sentence() -> None:
    data = bytearray(514)
    places = {
        0: b"SQLite format 3\0\2\0\1\1\0@  ", 31: b"\2", 41: b"@\0\1\0\0\0\4", 59: b"\1", 81: b"\x80", 100: bytes.fromhex("0d00000001019d00019d"),
        412: b"\xff" * 16 + b"ackagesPackages\2CR)\r\0\0\0\1\1\x8f\0\1\x8f",
    }  # fmt: skip
    for place, piece in places.items():
        data[place : place + len(piece)] = piece
    with pytest.raises(ValueError, match="SQLite"):
        list(rpm.packages(bytes(data)))


def test_the_pieces_of_a_frame_are_counted() -> None:
    spent: list[int] = []
    unpack(
        Window(SHAPES["pieces.lz4"]()[:7] + struct.pack("<I", 30_006) + b"\x10a\x01\x00" + b"\x00\x01\x00" * 10_000 + b"\x10a" + bytes(4)),
        1 << 20,
        spent.append,
    )
    assert sum(spent) > 10_000


def test_a_requirement_of_parentheses_without_end_is_none(tmp_path: Path) -> None:
    marker = "(" * 900 + "python_version > '3'" + ")" * 900
    text = f"Name: a\nVersion: 1\nRequires-Dist: b; {marker}\nRequires-Dist: c\n"
    (tmp_path / "METADATA").write_text(text)
    assert [need.name for need in distribution(tmp_path, "a").needs] == ["c"]
    assert environment.distribution("a", text.encode()).needs == ("c",)


def test_a_name_of_many_parts_is_judged_by_its_beginning_at_once() -> None:
    started = time.process_time()
    assert effect_of("acme" + ".a" * 100_000, "b") == ""
    assert effect_of("os" + ".a" * 100_000, "b")
    assert time.process_time() - started < 2


@pytest.mark.parametrize("line", ["[" + " " * 50_000, "[a" + " " * 50_000 + "x", '"' + '\\"' * 50_000])
def test_a_long_line_of_toml_is_looked_through_once(line: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"a = '''\n{line}\n'''\n[ b ] # c\nc = 1\n")
    started = time.process_time()
    file = Folder(tmp_path).file("pyproject.toml")
    assert file
    found = toml_document(file).get("b")
    assert found
    assert found.line == 4
    assert time.process_time() - started < 2


REPEATED = {
    "Cargo.lock": b"a = 1\n" + b"a." * 30_000 + b"a = 1\n",
    ".dvc/config": b"['r\n" * 64_000,
    ".gitlab-ci.yml": b"image: a/" + b"<" * 60_000 + b"\n",
    "azure-pipelines.yml": b"steps:\n- script: run" + b" -" * 32_000 + b"\n",
    "run.sh": b"python x" + b" ${a-" * 10_000 + b"}" + b"${" * 20_000 + b"\nenv " + b"a=1 " * 10_000 + b"python -m x\n",
}


@pytest.mark.parametrize("path", REPEATED)
def test_what_stands_there_again_and_again_costs_its_size_in_a_scan(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(REPEATED[path])
    folder = Folder(tmp_path)
    file = folder.file(path)
    assert file
    started = time.process_time()
    for reader in EXTRACTORS.load().values():
        if reader.reads(path):
            with contextlib.suppress(ExtractError):
                list(reader.read(file))
    assert time.process_time() - started < 3


def test_entry_points_of_wrong_lines_are_read_in_time(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text("Name: a\nVersion: 1\n")
    (tmp_path / "entry_points.txt").write_text("[console_scripts]\na = b\n" + "[x\n" * 300_000)
    started = time.process_time()
    assert distribution(tmp_path, "a").component.name == "a"
    assert time.process_time() - started < 3


def test_the_header_of_an_array_says_nothing_on_the_terminal(recwarn: pytest.WarningsRecorder) -> None:
    header = b"{'descr': '<f4', 'fortran_order': 1or 2, 'shape': (1,), }"
    assert inspect_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header, "a.npy").grade is not Grade.BENIGN
    assert not recwarn.list


@pytest.mark.parametrize("program", [b"()" * 80, (b"a" + b".b()" * 190 + b"\n") * 20, b"vars(" * 80 + b"a" + b")" * 80])
def test_calls_of_what_calls_give_are_named_in_time_that_grows_with_them(program: bytes) -> None:
    started = time.process_time()
    assert "scanner-failed" not in {o.rule for o in inspect_bytes(program, "modeling_x.py").observations}
    assert time.process_time() - started < 2


def test_pickles_that_begin_in_each_other_are_each_followed_once() -> None:
    started = time.process_time()
    assert inspect_bytes(b"\x80\x02cfunctools\n" * 60, "x.pkl").grade is not Grade.BENIGN
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("kind", [b"[('a', '<f9223375807', 'x')]", b"('<f4',)", b"[('a', ('<f4',))]", b"('<f4', 'x')"])
def test_a_shape_of_an_array_that_is_none_is_told(kind: bytes) -> None:
    header = b"{'descr': " + kind + b", 'fortran_order': False, 'shape': (1,), }"
    result = inspect_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header, "a.npy")
    assert [o.rule for o in result.observations] == ["broken-file"]
