"""The parsers of the bill of materials: machine code, what is installed, layers and databases of images, documents, declarations in files."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import tempfile
from collections.abc import Callable, Hashable, Iterable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, TypeVar

from msgspec import Struct, to_builtins

from bench.fuzzing import repairs
from bench.fuzzing.inputs import Input
from bench.fuzzing.parsers import Outcome, Parser, parts_of, size_of, words_of
from lading.binary import elf, flatbuffer, inflate, lz4, macho, pe, protobuf
from lading.binary import tar as tar_reader
from lading.binary.code import Code
from lading.binary.window import Window
from lading.catalog import native
from lading.core.errors import ExtractError, FormatError
from lading.core.source import SourceFile, Tree
from lading.extractors._registry import EXTRACTORS, Extractor
from lading.formats._registry import FORMATS, Format
from lading.image import layers, packages, rpm
from lading.image.blobs import Layer
from lading.image.files import Found
from lading.image.history import History
from lading.installed import archive, distribution, record

T = TypeVar("T")
_TESTS = Path(__file__).parent.parent.parent / "tests"


def _answered(answer: Callable[[], Iterable[Hashable]], refusals: tuple[type[Exception], ...]) -> Outcome:
    """What a reader answers; a refusal of a kind that it announces is an answer too."""
    try:
        return frozenset(answer())
    except refusals as e:
        return frozenset({("refused", type(e).__name__, words_of(str(e)))})


def _code(read: Callable[[Window], Code], one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        code = read(Window(one.data))
        yield from ((k, size_of(len(v)) if hasattr(v, "__len__") else v) for k, v in to_builtins(code).items())
        yield ("machine", code.machine.partition(" ")[0])

    return _answered(answer, (ValueError,))


def _fields(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        return [("field", min(32, f.number), f.kind) for f in protobuf.fields(Window(one.data))]

    return _answered(answer, (protobuf.BrokenMessageError,))


def _tables(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        root = flatbuffer.root(Window(one.data))
        for index in range(5):
            found = [t.text(0) for t in root.tables(index)[:50]]
            yield (index, size_of(len(found)), any(found))

    return _answered(answer, (flatbuffer.BrokenTableError,))


def _entries(one: Input) -> Outcome:
    found = list(tar_reader.entries(Window(one.data), 10_000))
    return frozenset(e if isinstance(e, str) else (e.kind, bool(e.link), size_of(e.size)) for e in found)


def _unpacked(one: Input) -> Outcome:
    done = inflate.unpack(Window(one.data), one.context or "gzip", 1 << 20)
    return frozenset({size_of(len(done.data)) // 3, *(k for k, v in vars(done).items() if v)})


def _lz4(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        data, end = lz4.unpack(Window(one.data), 1 << 20)
        return [size_of(len(data)), end == len(one.data)]

    return _answered(answer, (lz4.Lz4Error,))


def _rpm(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        return [tuple(bool(v) for v in to_builtins(p).values()) for p in rpm.packages(one.data)]

    return _answered(answer, (ValueError,))


class _Scratch:
    """A folder in memory where there is one."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="lading-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108 - not a name

    def __enter__(self) -> Path:
        return Path(self._place.name)

    def __exit__(self, *_: object) -> None:
        self._place.cleanup()


def _found(found: Found) -> Iterable[Hashable]:
    told = packages.installed(found, History())
    yield from {("component", c.kind, c.upstream[:8] and "named", bool(c.licenses)) for c in told.components}
    yield ("distributions", size_of(len(told.distributions)))
    yield ("edges", size_of(len(told.edges)))
    yield from {("unread", s.code, words_of(s.reason)) for s in found.unread}
    yield ("files", size_of(len(found.layer_of)))


def _layer(one: Input) -> Outcome:
    with _Scratch() as scratch:
        found = Found(scratch)
        layers.apply(lambda _: io.BytesIO(one.data), Layer("layer"), found)
        return frozenset(_found(found))


def _database(one: Input) -> Outcome:
    with _Scratch() as scratch:
        found = Found(scratch)
        found.files[one.name] = one.data
        return frozenset(_found(found))


def _record(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        with _Scratch() as scratch:
            (scratch / "RECORD").write_bytes(one.data)
            told = record.rows(scratch / "RECORD")
            found, differences = record.compare(scratch, scratch, told[:200], 1)
            yield from {(r.digest is None, r.digest is not None and len(str(r.digest)), r.size < 0) for r in told}
            yield from {("differs", words_of(d.how)) for d in differences}
            yield ("there", size_of(len(found)))

    return _answered(answer, (ExtractError,))


def _metadata(one: Input) -> Outcome:
    """One of the texts of a distribution, with plain ones beside it."""

    def answer() -> Iterable[Hashable]:
        with _Scratch() as scratch:
            (scratch / "METADATA").write_bytes(b"Metadata-Version: 2.4\nName: a\nVersion: 1\n")
            (scratch / one.name).write_bytes(one.data)
            told = distribution.distribution(scratch, "a")
            yield from {(k, bool(v)) for k, v in told.component.properties}
            yield from {(bool(n.asks), bool(n.belongs_to)) for n in told.needs}
            yield ("license", tuple(n.concluded for n in told.component.licenses[:3]))

    return _answered(answer, (ExtractError,))


def _object(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        with _Scratch() as scratch:
            (scratch / one.name).write_bytes(one.data)
            with (scratch / one.name).open("rb") as stream:
                found = native.read(stream, one.name)
            native.identity(found, {})
            return [("linked", n.name) for n in found.linked] + [
                ("form", found.header.form),
                ("sections", size_of(len(found.header.sections))),
            ]

    return _answered(answer, (ExtractError,))


def _archive(one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        with _Scratch() as scratch:
            (scratch / one.name).write_bytes(one.data)
            if not archive.is_archive(scratch / one.name):
                return ["none"]
            report = archive.scan(scratch / one.name)
            return {("component", c.kind) for c in report.bom.components} | {("finding", f.rule) for f in report.findings}

    return _answered(answer, (ExtractError, FormatError))


def _document(format_: Format, one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        if format_.detects and not format_.detects(one.data):
            yield "another format"
        if format_.read is None:
            return
        bom = format_.read(one.data)
        yield from {("component", c.kind, bool(c.purl), bool(c.licenses)) for c in bom.components}
        yield from {("edge", e.relation) for e in bom.edges}
        yield from {("problem", words_of(p)) for p in format_.problems(one.data)} if format_.problems else ()

    return _answered(answer, (FormatError,))


class _Files:
    """A tree in memory: the files of a case, one of them exchanged."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files, self._kept = files, {}  # type: ignore[var-annotated]
        self._sources: dict[str, SourceFile] = {}

    @property
    def paths(self) -> list[str]:
        return sorted(self._files)

    def file(self, path: str) -> SourceFile | None:
        if path not in self._files:
            return None
        return self._sources.setdefault(path, SourceFile(path, self))

    def once(self, derive: Callable[[Tree], T]) -> T:
        if derive not in self._kept:
            self._kept[derive] = derive(self)
        return self._kept[derive]  # type: ignore[no-any-return]

    def size(self, path: str) -> int:
        return len(self._files[path])

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._files[path])


@cache
def _case(name: str) -> dict[str, bytes]:
    root = _TESTS / "cases" / name
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.name != "expected.json"}


def _extracted(reader: Extractor, one: Input) -> Outcome:
    def answer() -> Iterable[Hashable]:
        file = _Files({**_case(one.context), one.name: one.data}).file(one.name)
        assert file is not None
        rows: list[Struct] = list(reader.read(file))
        for row in rows:
            yield (type(row).__name__, *(getattr(row, k, None) for k in ("kind", "pin", "relation", "code")))
        yield size_of(len(rows))

    return _answered(answer, (ExtractError,))


def _cases(reader: Extractor) -> list[Input]:
    names = sorted(p.name for p in (_TESTS / "cases").iterdir() if p.name.partition("--")[0] == reader.name)
    return [Input(path, name, data) for name in names for path, data in _case(name).items() if reader.reads(path)]


def tarred(files: dict[str, bytes]) -> bytes:
    """A plain archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for name, data in files.items():
            told = tarfile.TarInfo(name)
            told.size = len(data)
            packed.addfile(told, io.BytesIO(data))
    return out.getvalue()


def _seeds_of_layers() -> list[Input]:
    files = {
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.19\n",
        "lib/apk/db/installed": b"P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n",
        "app/.wh.old": b"",
        "app/.wh..wh..opq": b"",
        "app/serve.py": b"import os\n",
        "usr/lib/python3.12/site-packages/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for kind, name in (
            (tarfile.LNKTYPE, "app/b.py"),
            (tarfile.SYMTYPE, "app/c" * 40),
            (tarfile.DIRTYPE, "app"),
            (tarfile.CHRTYPE, "dev/x"),
        ):
            told = tarfile.TarInfo(name)
            told.type, told.linkname = kind, "app/serve.py"
            packed.addfile(told)
    plain = tarred(files)
    return [
        Input("layer", "", data) for data in (plain, out.getvalue(), tarred({"app": b""})[:1024] + plain, gzip.compress(plain, mtime=0))
    ]


_STATUS = b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u4\nDescription: x\n y\n\n"


def _seeds_of_databases() -> list[Input]:
    return [
        Input("var/lib/dpkg/status", "", _STATUS * 2),
        Input("lib/apk/db/installed", "", b"P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\nP:a\nV:1\no:b\n\n"),
        Input("etc/os-release", "", b'ID="debian"\nVERSION_ID="12"\n'),
        Input("a-1.dist-info/METADATA", "", b"Name: a\nVersion: 1\nRequires-Dist: b[c]>=1; extra == 'd'\n\ntext\n"),
        Input(
            "node_modules/a/package.json",
            "",
            json.dumps({"name": "a", "version": "1", "license": "MIT", "licenses": [{"type": "MIT"}]}).encode(),
        ),
    ]


def _seeds_of_metadata() -> list[Input]:
    head = b"Metadata-Version: 2.4\nName: a-b\nVersion: 1.0\nSummary: x\nLicense: MIT\nLicense-Expression: MIT OR Apache-2.0\nClassifier: License :: OSI Approved :: MIT License\n"
    needs = b"Requires-Dist: b[c,d]>=1,<2; python_version > '3.8' and extra == 'e'\nRequires-Dist: f @ https://example.invalid/f.whl\nProvides-Extra: e\n\nText\n"
    return [
        Input("METADATA", "", head + needs),
        Input("WHEEL", "", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nTag: cp311-abi3-linux_x86_64\n"),
        Input("entry_points.txt", "", b"[console_scripts]\na = a.b:c [d]\n\n[pytest11]\nx = y\n"),
        Input(
            "direct_url.json",
            "",
            b'{"url": "https://example.invalid/a", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "dir_info": {"editable": true}, "archive_info": {"hash": "sha256=00"}}',
        ),
        Input(
            "LICENSE", "", b"MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software\n"
        ),
        Input("INSTALLER", "", b"pip\n"),
    ]


def _seeds_of_records() -> list[Input]:
    row = b"a/b.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
    return [Input("RECORD", "", row + b'"c,d.py",sha512=AAAA,12\nRECORD,,\n../../bin/x,md5=00,1\n/etc/passwd,,\ne.pyc,,\n')]


def _seeds_of_code() -> list[Input]:
    sys.path.insert(0, str(_TESTS))
    from installed_makers import shared_object  # noqa: PLC0415 - of the tests

    made = shared_object("libx.so.1", ("libc.so.6", "libtorch.so"), b"OpenSSL 3.0.13 30 Jan 2024\0deflate 1.3.1 Copyright\0")
    return [Input("libx.so", "", made), Input("libx.so", "", made.replace(b"\x7fELF\x02", b"\x7fELF\x01"))]


def _seeds_of_foreign_code() -> list[Input]:
    sys.path.insert(0, str(_TESTS))
    from test_foreign_code import mach_o, portable, universal  # noqa: PLC0415 - as above

    return [Input("a.dylib", "", mach_o()), Input("a.dylib", "", universal(mach_o(), mach_o(7))), Input("a.pyd", "", portable())]


def _seeds_of_rpm() -> list[Input]:
    import sqlite3  # noqa: PLC0415 - here alone
    import struct  # noqa: PLC0415 - as above

    rows = ((1000, 6, b"acme\0"), (1001, 6, b"1.2\0"), (1002, 6, b"3\0"), (1003, 4, struct.pack(">I", 2)), (1014, 6, b"MIT\0"))
    index, data = b"", b""
    for tag, kind, value in rows:
        index += struct.pack(">4I", tag, kind, len(data), 1)
        data += value
    blob = struct.pack(">2I", len(rows), len(data)) + index + data
    whole = b"BlbS" + struct.pack("<3I", 1, 0, len(blob)) + blob
    whole += bytes(-len(whole) % 16)
    slots = b"Slot" + struct.pack("<3I", 1, 256, len(whole) // 16)
    slots += (b"Slot" + bytes(12)) * ((4096 - 32 - len(slots)) // 16)
    connection = sqlite3.connect(":memory:")
    connection.executescript("PRAGMA page_size = 512; CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    connection.execute("INSERT INTO Packages VALUES (1, ?)", (blob,))
    connection.commit()
    database = connection.serialize()
    connection.close()
    return [Input("rpmdb", "", b"RpmP" + struct.pack("<7I", 0, 1, 1, 3, 0, 0, 0) + slots + whole), Input("rpmdb", "", database)]


def _seeds_of_wheels() -> list[Input]:
    import zipfile  # noqa: PLC0415 - here alone

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/__init__.py", "import b\n")
        packed.writestr("a-1.dist-info/METADATA", "Metadata-Version: 2.4\nName: a\nVersion: 1\n")
        packed.writestr("a-1.dist-info/RECORD", "a/__init__.py,,\n")
    source = tarred(
        {
            "a-1/PKG-INFO": b"Metadata-Version: 2.4\nName: a\nVersion: 1\n",
            "a-1/setup.py": b"from setuptools import setup\nsetup(name='a')\n",
        }
    )
    return [Input("a-1-py3-none-any.whl", "", out.getvalue()), Input("a-1.tar.gz", "", gzip.compress(source, mtime=0))]


def _seeds_of_documents(format_: Format) -> list[Input]:
    """A document of it about the cases: what is written is what is read."""
    from lading.scan.run import scan  # noqa: PLC0415 - when it is wanted

    return [
        Input(f"{case}{format_.suffix}", "", format_.write(scan(_TESTS / "cases" / case)))
        for case in ("conda", "modelfile", "pylock", "compose")
    ]


def _seeds_of_streams() -> list[Input]:
    kinds = {"gzip": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7z", "lzma": b"\x5d\0\0", "lz4": b"\x04\x22\x4d\x18"}
    found = [(next((k for k, m in kinds.items() if one.data.startswith(m)), "zlib"), one.data) for one in parts_of("compressed")]
    return [Input("stream", kind, data) for kind, data in found if len(data) < 4_000]  # noqa: PLR2004 - small ones


def readers() -> list[Parser]:
    """All of them."""
    seeds = _seeds_of_code
    found = [
        Parser("binary-elf", partial(_code, elf.read), seeds, (elf,)),
        Parser("binary-macho", partial(_code, macho.read), _seeds_of_foreign_code, (macho,)),
        Parser("binary-pe", partial(_code, pe.read), _seeds_of_foreign_code, (pe,)),
        Parser("binary-protobuf", _fields, lambda: [*parts_of("onnx"), *parts_of("tensorflow-saved")], (protobuf,)),
        Parser("binary-flatbuffer", _tables, lambda: parts_of("tflite"), (flatbuffer,)),
        Parser("binary-tar", _entries, lambda: [*parts_of("tar"), *_seeds_of_layers()], (tar_reader,), repairs.tar),
        Parser("binary-inflate", _unpacked, _seeds_of_streams, (inflate,)),
        Parser("binary-lz4", _lz4, lambda: [i for i in _seeds_of_streams() if i.context == "lz4"], (lz4,)),
        Parser("image-layer", _layer, _seeds_of_layers, (layers,), repairs.tar),
        Parser("image-rpm", _rpm, _seeds_of_rpm, (rpm,)),
        Parser("image-databases", _database, _seeds_of_databases, (packages,)),
        Parser("installed-record", _record, _seeds_of_records, (record,)),
        Parser("installed-metadata", _metadata, _seeds_of_metadata, (distribution,)),
        Parser("installed-native", _object, lambda: [*seeds(), *_seeds_of_foreign_code()], (native, elf)),
        Parser("installed-archive", _archive, _seeds_of_wheels, (archive,)),
    ]
    documents: list[tuple[str, Format, ModuleType]] = [
        (f.name, f, sys.modules[f.write.__module__]) for f in FORMATS.load().values() if f.read
    ]
    found += [Parser(f"document-{n}", partial(_document, f), partial(_seeds_of_documents, f), (m,)) for n, f, m in documents]
    found += [
        Parser(f"extractor-{e.name}", partial(_extracted, e), partial(_cases, e), (sys.modules[e.read.__module__],))
        for e in EXTRACTORS.load().values()
    ]
    return found
