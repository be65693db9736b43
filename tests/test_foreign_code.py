"""Libraries of macOS and Windows say what they are and need; wheels, source distributions and older installations are read as what they are."""

import base64
import hashlib
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.binary import macho, pe
from lading.binary.window import Window
from lading.core.errors import FormatError
from lading.installed import scan
from lading.installed.archive import is_archive
from lading.installed.archive import scan as scan_archive

TEXT = b" deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler \0"


def _padded(data: bytes, step: int = 8) -> bytes:
    return data + bytes(-len(data) % step)


def mach_o(machine: int = 0x100000C) -> bytes:
    """A library of macOS: its name, two that it needs, where to look, its identity, and a section with a version string."""

    def dylib(command: int, name: bytes) -> bytes:
        body = _padded(struct.pack("<4I", 24, 2, 0x10000, 0x10000) + name + b"\0")
        return struct.pack("<2I", command, 8 + len(body)) + body

    path = _padded(struct.pack("<I", 12) + b"@loader_path/.dylibs\0")
    commands = [
        dylib(0xD, b"@rpath/libz.1.3.1.dylib"),
        dylib(0xC, b"@loader_path/.dylibs/libother.2.dylib"),
        dylib(0x80000018, b"/usr/lib/libSystem.B.dylib"),
        struct.pack("<2I", 0x8000001C, 8 + len(path)) + path,
        struct.pack("<2I", 0x1B, 24) + bytes(range(16)),
    ]
    size = sum(map(len, commands)) + 152
    section = struct.pack("<16s16sQQI", b"__cstring", b"__TEXT", 0, len(TEXT), 32 + size) + bytes(28)
    segment = struct.pack("<2I16s4Q4I", 0x19, 152, b"__TEXT", 0, len(TEXT), 32 + size, len(TEXT), 5, 5, 1, 0)
    head = b"\xcf\xfa\xed\xfe" + struct.pack("<7I", machine, 0, 6, len(commands) + 1, size, 0, 0)
    return head + b"".join(commands) + segment + section + TEXT


def universal(*parts: bytes) -> bytes:
    """One file for several processors."""
    place, rows, data = 4096, b"", b""
    for number, part in enumerate(parts):
        rows += struct.pack(">5I", (0x1000007, 0x100000C)[number], 0, place + len(data), len(part), 12)
        data += _padded(part, 4096)
    return (b"\xca\xfe\xba\xbe" + struct.pack(">I", len(parts)) + rows).ljust(place, b"\0") + data


def portable() -> bytes:
    """A library of Windows: its name among its exports, two imports, the identity of its symbols, and its switches."""
    base, raw = 0x1000, 0x400
    body = bytearray(0x400)
    for place, text in ((0x200, b"z-1.3.1.dll"), (0x220, b"KERNEL32.dll"), (0x240, b"libother-2.dll"), (0x300, TEXT)):
        body[place : place + len(text)] = text
    struct.pack_into("<I", body, 0x0C, base + 0x200)
    struct.pack_into("<I", body, 0x40 + 12, base + 0x220)
    struct.pack_into("<I", body, 0x40 + 20 + 12, base + 0x240)
    struct.pack_into("<4I", body, 0x100 + 12, 2, 24, base + 0x140, raw + 0x140)
    body[0x140:0x158] = b"RSDS" + bytes(range(16)) + struct.pack("<I", 1)
    tables = [(0, 0)] * 16
    tables[0], tables[1], tables[6] = (base, 40), (base + 0x40, 60), (base + 0x100, 28)
    optional = bytearray(struct.pack("<H", 0x20B).ljust(112, b"\0"))
    struct.pack_into("<H", optional, 70, 0x140)
    struct.pack_into("<I", optional, 108, 16)
    optional += b"".join(struct.pack("<2I", *t) for t in tables)
    section = struct.pack("<8s4I", b".rdata", len(body), base, len(body), raw) + bytes(16)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<2H3I2H", 0x8664, 1, 0, 0, 0, len(optional), 0x2022)
    return (head + bytes(optional) + section).ljust(raw, b"\0") + bytes(body)


def test_a_library_of_macos_says_what_it_is_and_needs() -> None:
    found = macho.read(Window(mach_o()))
    assert (found.machine, found.soname, found.runpath, found.build_id) == (
        "aarch64",
        "@rpath/libz.1.3.1.dylib",
        "@loader_path/.dylibs",
        bytes(range(16)).hex(),
    )
    assert found.needed == ("@loader_path/.dylibs/libother.2.dylib", "/usr/lib/libSystem.B.dylib")
    both = macho.read(Window(universal(mach_o(0x1000007), mach_o())))
    assert (both.machine, both.needed, len(both.sections)) == ("x86_64,aarch64", found.needed, 2)


def test_a_library_of_windows_says_what_it_is_and_needs() -> None:
    found = pe.read(Window(portable()))
    assert (found.machine, found.soname, found.needed) == ("x86_64", "z-1.3.1.dll", ("KERNEL32.dll", "libother-2.dll"))
    assert dict(found.hardening) == {"address-space-randomized": "true", "no-execute": "true", "control-flow-guard": "false"}
    assert found.build_id == bytes(range(16)).hex() + "1"


WRONG = {
    "a fat file without processors": universal(),
    "a fat file of thousands": b"\xca\xfe\xba\xbe" + struct.pack(">I", 1 << 20) + bytes(4096),
    "a part that lies outside": universal(mach_o())[:4300],
    "another file within": universal(b"x" * 64),
    "a header cut off": mach_o()[:20],
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_what_is_no_library_of_macos_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        macho.read(Window(data))


@given(data=st.data())
def test_damaged_machine_code_gives_less_or_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([mach_o(), universal(mach_o(), mach_o()), portable()])))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, min(len(whole) - 1, 6000)))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for read in (macho.read, pe.read):
        try:
            assert read(Window(bytes(whole[:cut]))).form
        except ValueError as e:
            assert str(e)  # noqa: PT017 - either is right


def wheel(path: Path, files: dict[str, bytes], name: str = "acme", version: str = "1.0") -> Path:
    """A wheel with a RECORD."""
    info = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Tag: py3-none-any\n",
    }
    rows = "".join(
        f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(d).digest()).decode().rstrip('=')},{len(d)}\n" for n, d in whole.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for n, d in {**whole, f"{info}/RECORD": (rows + f"{info}/RECORD,,\n").encode()}.items():
            archive.writestr(n, d)
    return path


def test_a_wheel_is_what_it_would_install(tmp_path: Path) -> None:
    vendor = {
        "acme/_vendor/vendor.txt": b"# pinned\nrequests==2.34.2\n    urllib3==2.8.0\n",
        "acme/_vendor/inner-2.0.dist-info/METADATA": b"Name: inner\nVersion: 2.0\n",
    }
    files = {"acme/.dylibs/libz.1.3.1.dylib": mach_o(), "acme/.dylibs/libother.2.dylib": mach_o(), "acme/z-1.3.1.dll": portable(), **vendor}
    place = wheel(tmp_path / "acme-1.0-py3-none-any.whl", files)
    report = scan_archive(place)
    found = {c.name: c for c in report.bom.components}
    assert {"acme", "requests", "urllib3", "inner", "libz", "libother", "z", "zlib"} == set(found)
    assert (found["libz"].version, dict(found["libz"].properties)["needed-inside"]) == ("1.3.1", "@loader_path/.dylibs/libother.2.dylib")
    assert (dict(found["z"].properties)["form"], found["zlib"].version) == ("PE", "1.3.1")
    assert report.bom.coverage.complete
    assert str(report.bom.subject.digests[0]).removeprefix("sha256:") == hashlib.sha256(place.read_bytes()).hexdigest()


def test_a_wheel_with_other_bytes_than_its_record_says_is_a_finding(tmp_path: Path) -> None:
    place = wheel(tmp_path / "acme-1.0-py3-none-any.whl", {"acme/__init__.py": b"x = 1\n"})
    changed = tmp_path / "changed-1.0-py3-none-any.whl"
    with zipfile.ZipFile(place) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename, b"x = 2\n" if member.filename == "acme/__init__.py" else old.read(member))
    assert [f.rule for f in scan_archive(changed).findings] == ["tampered-file"]


def test_a_source_distribution_is_itself_and_what_it_names(tmp_path: Path) -> None:
    place = tmp_path / "acme-1.0.tar.gz"
    with tarfile.open(place, "w:gz") as archive:
        for name, data in {"PKG-INFO": b"Name: acme\nVersion: 1.0\n", "requirements.txt": b"requests==2.33.0\n"}.items():
            member = tarfile.TarInfo(f"acme-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    assert is_archive(place)
    assert {c.ref for c in scan_archive(place).bom.components} == {"pkg:pypi/acme@1.0", "pkg:pypi/requests@2.33.0"}


def test_an_archive_that_is_none_or_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.whl").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "out.whl", "w") as archive:
        archive.writestr("../../outside.py", "x = 1")
    for name in ("text.whl", "out.whl"):
        with pytest.raises(FormatError, match=name):
            scan_archive(tmp_path / name)
    assert {p.name for p in tmp_path.iterdir()} == {"text.whl", "out.whl"}


def test_an_older_installation_is_named_and_told_as_not_verified(tmp_path: Path) -> None:
    (tmp_path / "new-1.dist-info").mkdir()
    (tmp_path / "new-1.dist-info/METADATA").write_text("Name: new\nVersion: 1\n")
    for folder in ("old.egg-info", "older-0.1-py3.11.egg/EGG-INFO"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "PKG-INFO").write_text(f"Name: {folder.split('.')[0].split('-')[0]}\nVersion: 0.1\n")
    bom = scan(tmp_path).bom
    assert {c.name for c in bom.components} >= {"new", "old", "older"}
    assert sum("older form" in s.reason for s in bom.coverage.unread) == 2
