"""Machine code: what an object shows of what was linked into it, however its builder left that."""

import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installed_makers import GO, environment, go_program, install, shared_object
from lading.binary import fatbin, go_build, rust_audit
from lading.binary.window import Window
from lading.catalog import native
from lading.catalog.linked import Pattern, patterns
from lading.catalog.tables import table
from lading.core.component import Component
from lading.core.errors import ExtractError
from lading.core.finding import Report
from lading.installed.run import scan

Row = dict[str, Any]
ROWS: list[Row] = [row for row in (*table("native")["library"], *table("native")["path"]) if "pattern" in row]


def linked(data: bytes, path: str = "lib.so") -> set[tuple[str, str, str]]:
    return {(one.ecosystem, one.name, one.version) for one in native.read(io.BytesIO(data), path).linked}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.get("name", r.get("ecosystem")))
def test_each_row_of_the_table_knows_its_example_in_an_object(row: Row) -> None:
    text, version = row["example"]
    beside = row.get("beside", "")
    files = row.get("files") or ["libother"]
    data = shared_object(strings=f"\0{beside}\0 {text}\0".encode())
    assert version in {v for _, _, v in linked(data, f"{files[0]}.so")}


@pytest.mark.parametrize("row", [r for r in ROWS if "beside" in r], ids=lambda r: r["name"])
def test_a_text_that_says_too_little_alone_is_not_enough(row: Row) -> None:
    text = row["example"][0]
    assert linked(shared_object(strings=f"\0 {text}\0".encode()), "other.so") == set()


@pytest.mark.parametrize("pattern", patterns(), ids=lambda p: p.name or p.ecosystem)
def test_each_pattern_is_found_fast_or_looked_for_rarely(pattern: Pattern) -> None:
    text = pattern.text.pattern
    assert text[:2].replace(b"/", b"a").isalnum() or pattern.witness or pattern.only_in_its_own


def test_a_go_program_tells_its_modules_and_what_replaces_them() -> None:
    data = shared_object(more={".go.buildinfo": go_program("go1.22.1", GO)})
    assert linked(data, "bin/app") == {
        ("golang", "stdlib", "1.22.1"),
        ("golang", "github.com/acme/one", "v1.2.3"),
        ("golang", "example.org/fork", "v0.2.0"),
    }


CRATES = {
    "packages": [
        {"name": "app", "version": "0.1.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.200", "source": "crates.io"},
        {"name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build"},
    ]
}


def test_a_program_of_rust_tells_the_crates_that_are_in_it() -> None:
    data = shared_object(more={".dep-v0": zlib.compress(json.dumps(CRATES).encode())})
    assert linked(data, "bin/app") == {("cargo", "serde", "1.0.200")}


def test_a_crate_counts_once_however_many_texts_tell_of_it() -> None:
    paths = b"".join(b"/cargo/registry/src/index-0/serde-1.0.200/src/%d.rs\0" % n for n in range(9))
    data = shared_object(strings=paths, more={".dep-v0": zlib.compress(json.dumps(CRATES).encode())})
    (one,) = native.read(io.BytesIO(data), "bin/app").linked
    assert (one.name, one.how) == ("serde", "list of crates")


@pytest.mark.parametrize("content", [b"no zlib", zlib.compress(b"[]"), zlib.compress(b"{}"), zlib.compress(bytes(rust_audit.LONGEST + 1))])
def test_a_list_of_crates_that_cannot_be_read_is_told(content: bytes) -> None:
    with pytest.raises(ExtractError, match="list of crates"):
        native.read(io.BytesIO(shared_object(more={".dep-v0": content})), "lib.so")


@given(st.binary(max_size=200), st.integers(0, 40))
def test_any_build_information_of_go_gives_modules_or_nothing(tail: bytes, cut: int) -> None:
    whole = go_build.MAGIC + bytes([8, 2]) + bytes(16) + tail
    assert len(list(go_build.modules(whole[: len(whole) - cut]))) <= len(whole)


def fat_binary(*entries: tuple[int, int, int]) -> bytes:
    """A container of CUDA code: kind, processor and flags of each entry, with a few bytes of nothing for code."""
    body = b"".join(
        struct.pack("<HHIQIIHHIIIQQQ", kind, 257, 64, 8, 0, 0, 8, 1, number, 0, 0, flags, 0, 0) + bytes(8)
        for kind, number, flags in entries
    )
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def test_a_fat_binary_tells_for_which_processors_it_holds_code() -> None:
    first = fat_binary((2, 75, 0x11), (2, 90, 0x100011), (2, 100, 0x1200011))
    data = shared_object(more={".nv_fatbin": first + bytes(8) + fat_binary((1, 120, 0x8011))})
    assert native.read(io.BytesIO(data), "lib.so").architectures == ("compute_120", "sm_75", "sm_90a", "sm_100f")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200), st.integers(0, 1 << 30)), max_size=4),
    st.binary(max_size=40),
    st.integers(0, 300),
)
def test_any_fat_binary_gives_processors_or_nothing(entries: list[tuple[int, int, int]], tail: bytes, cut: int) -> None:
    data = fat_binary(*entries) + tail + fat_binary(*entries)
    assert len(list(fatbin.architectures(Window(data[: len(data) - cut])))) <= 2 * len(entries)


NAMES = [
    ("libgdal-c8c9c467.so.36.3.10.3", "libgdal", "3.10.3", "number of its interface"),
    ("libharfbuzz-fb49c9fc.so.0.61450.0", "libharfbuzz", "14.5.0", "number of its interface"),
    ("libwebp-51b0b3f7.so.7.2.0", "libwebp", "1.6.0", "number of its interface"),
    ("libzstd-40ad5e7e.so.1.5.7", "libzstd", "1.5.7", "file name"),
    ("tokenizers.abi3.so", "tokenizers", "", ""),
    ("_multiarray.cpython-311-x86_64-linux-gnu.so", "_multiarray", "", ""),
    ("libopenblas64_p-r0-0cf96a72.3.23.dev.so", "libopenblas64_p-r0", "3.23", "file name"),
]


@pytest.mark.parametrize(("path", "name", "version", "teller"), NAMES, ids=[n[0] for n in NAMES])
def test_what_a_name_says_of_a_release(path: str, name: str, version: str, teller: str) -> None:
    assert native.identity(native.read(io.BytesIO(shared_object()), path), {}) == (name, version, teller)


def machine_code(report: Report) -> dict[str, Component]:
    return {c.name: c for c in report.bom.components if ("form", "ELF") in c.properties}


def told(component: Component) -> tuple[str, str]:
    return component.version, dict(component.properties).get("version-told-by", "")


def test_a_library_has_the_version_that_others_of_its_project_tell(tmp_path: Path) -> None:
    site = environment(tmp_path)
    files = {
        "app.libs/libssl-00000000.so.3": shared_object("libssl.so.3"),
        "app.libs/libcrypto-00000000.so.3": shared_object("libcrypto.so.3", strings=b"\0OpenSSL 3.5.8 1 Jun 2026\0"),
        "app.libs/libgfortran-00000000.so.5.0.0": shared_object("libgfortran.so.5"),
    }
    rpm = "pkg:rpm/almalinux/libgfortran@8.5.0-28.el8"
    part = {"type": "library", "name": "libgfortran", "version": "8.5.0-28.el8", "purl": rpm}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [part]}
    install(site, "app", "1.0", files, sboms={"auditwheel.cdx.json": document})
    found = machine_code(scan(tmp_path))
    assert told(found["libssl"]) == ("3.5.8", "others of the same wheel")
    assert told(found["libcrypto"]) == ("3.5.8", "version string")
    assert told(found["libgfortran"]) == ("8.5.0", "others of the same wheel")


@pytest.mark.parametrize("verify", [True, False])
def test_programs_are_machine_code_too_and_scripts_are_not(tmp_path: Path, *, verify: bool) -> None:
    site = environment(tmp_path)
    program = shared_object(more={".go.buildinfo": go_program("go1.22.1", GO)})
    install(site, "app", "1.0", {"../../../bin/app": program, "../../../bin/tool": b"#!/usr/bin/python3\n"})
    report = scan(tmp_path, verify=verify)
    assert set(machine_code(report)) == {"app"}
    assert "pkg:golang/github.com/acme/one@v1.2.3" in {c.purl for c in report.bom.components}
    assert not report.bom.coverage.unread


def test_an_object_that_is_cut_off_while_it_is_read_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "lib.so"
    place.write_bytes(shared_object(strings=bytes(1 << 20)))

    def cut(path: str) -> native.Named:
        os.truncate(place, 4096)
        return native.Named(path, "", path)

    monkeypatch.setattr(native, "named", cut)
    with place.open("rb") as stream, pytest.raises(ExtractError, match="cut off"):
        native.read(stream, "lib.so")
