"""Files that are made to cost: CPU seconds and memory of one inspection of each, in a process of its own: `python bench/inspection_hostile.py [NAME…]`.

The promise: no file costs more than 3 seconds and 200 MiB. A verdict other than benign is right for all of them.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent)]

from bench.hostile_shapes import SHAPES, hdf5  # noqa: E402

MIB = 1 << 20


def _members(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"m/{number}", b"")
    return out.getvalue()


def _files(count: int, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(count):
            info = tarfile.TarInfo(name % number)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _bombs(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", b"a" * (4 * MIB))
    return out.getvalue()


def _programs(count: int, text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"modeling_{number}.py", text)
    return out.getvalue()


def _deep(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = gzip.compress(data)
    return data


def _gguf_strings(count: int) -> bytes:
    body = struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, count) + struct.pack("<Q", 0) * count
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + body


def _gguf_keys(count: int) -> bytes:
    body = b"".join(struct.pack("<Q8sII", 8, b"%08d" % n, 4, 1) for n in range(count))
    return b"GGUF" + struct.pack("<IQQ", 3, 0, count) + body


def _header(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _tensors(count: int) -> bytes:
    return _header(json.dumps({f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(count)}).encode())


def _message(count: int) -> bytes:
    return b"\x08\x07" + b"\x3a" + _varint(count * 4) + b"\x0a\x02\x22\x00" * count


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - one more byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nested lists.pkl": lambda: b"\x80\x04" + b"]" * (8 * MIB) + b"a" * (8 * MIB - 1) + b".",
    "nested tuples.pkl": lambda: b"\x80\x04N" + b"\x85" * (16 * MIB) + b".",
    "marks.pkl": lambda: b"\x80\x04" + b"(" * (16 * MIB) + b".",
    "kept lists.pkl": lambda: b"\x80\x04" + b"]\x940" * (6 * MIB) + b"N.",
    "kept tuples.pkl": lambda: b"\x80\x04N" + b"\x85\x94" * (8 * MIB) + b".",
    "numbers.pkl": lambda: b"\x80\x04" + b"N" * (30 * MIB) + b".",
    "numbers taken away.pkl": lambda: b"\x80\x04" + b"N0" * (15 * MIB) + b"N.",
    "doubled.pkl": lambda: b"\x80\x04]" + b"2" * (16 * MIB) + b".",
    "lines.pkl": lambda: b"(" + b"I1\n" * (8 * MIB) + b"l.",
    "long line.pkl": lambda: b"cos\n" + b"a" * (30 * MIB),
    "names.pkl": lambda: b"\x80\x04" + b"cos\nsystem\n0" * MIB + b"N.",
    "known calls.pkl": lambda: b"\x80\x04" + b"ccollections\nOrderedDict\n)R0" * 500_000 + b"N.",
    "calls of one.pkl": lambda: b"\x80\x04ccollections\nOrderedDict\n\x94" + b"h\x00)R0" * 3_000_000 + b"N.",
    "states.pkl": lambda: b"\x80\x04ccollections\nOrderedDict\n)R" + b"}b" * 8_000_000 + b".",
    "long states.pkl": lambda: b"\x80\x02cscipy.stats._distn_infrastructure\nrv_sample\n)\x81(" + b"U\x01aN" * 500_000 + b"db.",
    "sparse memo.pkl": lambda: b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", n * 3 + 1) for n in range(3_000_000)) + b".",
    "memo by lines.pkl": lambda: b"N" + b"".join(b"p%d\n" % (n * 7) for n in range(2_000_000)) + b".",
    "many pickles.pkl": lambda: b"\x80\x04N." * (4 * MIB),
    "many short pickles.pkl": lambda: b"N." * (8 * MIB),
    "pickles in pickles.pkl": lambda: _held(200_000),
    "persistent.pkl": lambda: b"\x80\x02" + b"NQ0" * (5 * MIB) + b"N.",
    "frames.pkl": lambda: b"\x80\x04" + (b"\x95" + struct.pack("<Q", 1) + b"N0") * 1_000_000 + b"N.",
    "notes.pkl": lambda: b"\x80\x04" + b"\x80\x04" * 8_000_000 + b"N.",
    "long numbers.pkl": lambda: b"I" + b"9" * (16 * MIB) + b"\n.",
    "expansion.pkl": lambda: b"\x80\x04]\x94" + b"".join(b"(" + b"h\x00" * 60 + b"l\x94" for _ in range(2)) * 100_000 + b".",
    "buffers.pkl": lambda: b"\x80\x05" + b"\x970" * (8 * MIB) + b"N.",
    "extensions.pkl": lambda: b"\x80\x02" + b"\x82\x010" * (5 * MIB) + b"N.",
    "digits.json": lambda: b"[" + b"1," * (15 * MIB) + b"1]",
    "keys.json": lambda: b"{" + b",".join(b'"%d":1' % n for n in range(1_500_000)) + b"}",
    "same keys.json": lambda: b"{" + b",".join([b'"a":1'] * 2_500_000) + b"}",
    "open.json": lambda: b"[" * (15 * MIB),
    "objects.json": lambda: b"[" + b",".join([b"{}"] * (10 * MIB)) + b"]",
    "targets.json": lambda: b"[" + b",".join([b'{"_target_":"os.system"}'] * 600_000) + b"]",
    "templates.json": lambda: json.dumps(
        {"chat_template": [{"name": str(n), "template": "{{ a }}" * 10} for n in range(100_000)]}
    ).encode(),
    "shards.json": lambda: json.dumps({"weight_map": {str(n): f"../{n}" for n in range(600_000)}}).encode(),
    "lines.jsonl": lambda: b"{}\n" * (8 * MIB),
    "strings.json": lambda: b'["' + b"\\u0041" * (4 * MIB) + b'"]',
    "cells.ipynb": lambda: json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = 1\n"}] * 500_000}).encode(),
    "keras layers.json": lambda: json.dumps(
        {"class_name": "Functional", "config": {"layers": [{"class_name": "Dense", "config": {}}] * 500_000}}
    ).encode(),
    "values.yaml": lambda: b"a: 1\n" * 5_000_000,
    "flow.yaml": lambda: b"[" + b"a," * (15 * MIB) + b"a]",
    "open.yaml": lambda: b"[" * (8 * MIB),
    "indented.yaml": lambda: b"".join(b" " * n + b"a:\n" for n in range(4_000)),
    "aliases.yaml": lambda: b"a: &x 1\nb: [" + b"*x," * 4_000_000 + b"1]",
    "text.yaml": lambda: b"a: |\n" + b"  text\n" * 4_000_000,
    "keys.yaml": lambda: b"? " * 4_000_000,
    "quoted.yaml": lambda: b'a: "' + b"\\x41" * 6_000_000 + b'"',
    "elements.xml": lambda: b"<?xml version='1.0'?><net>" + b"<layer " * 4_000_000,
    "entities.xml": lambda: b"<?xml version='1.0'?>" + b"<!ENTITY a 'b'>" * 2_000_000,
    "spaces.xml": lambda: b"<?xml?>" + b"<!ENTITY" + b" " * (30 * MIB),
    "doctype.xml": lambda: b"<?xml?>" + b"<!DOCTYPE " * 3_000_000,
    "handlers.xml": lambda: b"<?xml?><svg " + b" on" + b"a" * (30 * MIB),
    "names.py": lambda: b"a\n" * 240_000,
    "calls.py": lambda: b"f();" * 130_000,
    "attributes.py": lambda: b"a" + b".a" * 200_000,
    "plus.py": lambda: b"1" + b"+1" * 250_000,
    "parentheses.py": lambda: b"(" * 500_000,
    "functions.py": lambda: b"".join(b"def f%d(): f%d()\n" % (n, n + 1) for n in range(22_000)) + b"f0()\n",
    "chain.py": lambda: b"a" + b"()" * 250_000,
    "assigns.py": lambda: b"import os\n" + b"a=os\n" * 100_000,
    "assigned names.py": lambda: b"".join(b"import a%d\n" % n for n in range(15_000)) + b"".join(b"b=a%d\n" % n for n in range(15_000)),
    "numbers.py": lambda: b"x=[" + b"1," * 250_000 + b"1]\n",
    "strings.py": lambda: b"x=(" + b"''" * 260_000 + b")\n",
    "nested format.py": lambda: b"f'{a}'\n" * 74_000,
    "decorated.py": lambda: b"@a\n" * 170_000 + b"def f(): pass\n",
    "programs.zip": lambda: _programs(400, b"import os\n" + b"f();a.b\n" * 60_000),
    "blocks.jinja": lambda: b"{% if a %}" * 300_000,
    "expressions.jinja": lambda: b"{{ " + b"a+" * 1_000_000 + b"a }}",
    "brackets.jinja": lambda: b"{{ " + b"(" * 1_000_000,
    "filters.jinja": lambda: b"{{ a" + b"|a" * 1_000_000 + b" }}",
    "many.jinja": lambda: b"{{ a }}" * 2_000_000,
    "members.zip": lambda: _members(99_000),
    "bombs.zip": lambda: _bombs(500),
    "bomb.gz": lambda: gzip.compress(bytes(1 << 30)),
    "bomb.bz2": lambda: bz2.compress(bytes(1 << 29)) * 8,
    "bomb.xz": lambda: lzma.compress(bytes(1 << 29)),
    "deep.gz": lambda: _deep(bytes(64 * MIB), 20),
    "many streams.gz": lambda: gzip.compress(b"") * 1_000_000,
    "many streams.bz2": lambda: bz2.compress(b"") * 1_000_000,
    "slow.bz2": lambda: bz2.compress(os.urandom(40 * MIB)),
    "slow.xz": lambda: lzma.compress(os.urandom(40 * MIB)),
    "dense.z": lambda: zlib.compress(b"\x80\x04" + b"N0" * (40 * MIB) + b"N."),
    "members.tar": lambda: _files(40_000, "%d.pkl", b"N."),
    "configurations.tar": lambda: _files(20_000, "%d.json", b'{"a": [1, 2, 3]}'),
    "names.tar": lambda: _files(60_000, "../%d", b""),
    "strings.gguf": lambda: _gguf_strings(4_000_000),
    "keys.gguf": lambda: _gguf_keys(1_200_000),
    "tensors.safetensors": lambda: _tensors(600_000),
    "digits.safetensors": lambda: _header(b'{"a":[' + b"1," * (15 * MIB) + b"1]}"),
    "open.safetensors": lambda: _header(b'{"a":' + b"[" * (15 * MIB)),
    "blank.safetensors": lambda: _header(b"{" + b" " * (90 * MIB) + b"}"),
    "nodes.onnx": lambda: _message(4_000_000),
    "fields.pb": lambda: b"\x0a\x00" * (15 * MIB),
    "values.msgpack": lambda: b"\xdd" + struct.pack(">I", 15 * MIB) + b"\x01" * (15 * MIB),
    "open.msgpack": lambda: b"\x91" * (15 * MIB),
    "names.npy": lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 15 * MIB) + b"{'descr': [" + b"('a','<f4')," * MIB,
    "heaps.h5": lambda: _heaps(60_000),
    "objects.rds": lambda: b"X\n" + struct.pack(">iii", 2, 0, 0) + struct.pack(">i", 254) * 4_000_000,
    "pairs.rds": lambda: b"X\n" + struct.pack(">iii", 2, 0, 0) + struct.pack(">i", 2) * 4_000_000,
    "words.txt": lambda: b"-----BEGIN PRIVATE KEY-----\n" * 1_000_000,
    "spaces.txt": lambda: b"-----BEGIN PRIVATE KEY-----" + b" " * (30 * MIB),
    "keys.txt": lambda: b"AKIA" * (8 * MIB),
    "random.bin": lambda: os.urandom(30 * MIB),
    **SHAPES,
    "pickle marks.bin": lambda: b"\x00" + b"\x80\x04" * (15 * MIB),
}


def _held(count: int) -> bytes:
    inner = b"\x80\x04cos\nsystem\nN\x85R."
    for _ in range(6):
        inner = b"\x80\x04B" + struct.pack("<I", len(inner)) + inner + b"0cos\nsystem\n."
    return b"\x80\x04" + (b"B" + struct.pack("<I", len(inner)) + inner + b"0") * (count // 10) + b"N."


def _heaps(count: int) -> bytes:
    """A root whose B-tree and heap point to each other."""
    header = bytes([1, 0]) + struct.pack("<HII", count % 65536, 1, 24 * 1000) + bytes(4)
    message = struct.pack("<HHBBH", 0x11, 16, 0, 0, 0) + struct.pack("<QQ", 96, 96)
    return hdf5(header + message * count)


_ONE = """
import json, resource, sys, time
from pathlib import Path
from lading.inspect import inspect_path

resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
started = time.process_time()
found = inspect_path(Path(sys.argv[1]), hashed=False)
spent = time.process_time() - started
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([spent, int(peak) >> 10, f"{found.grade} {','.join(sorted({o.rule for o in found.observations}))[:60]}"]))
"""


def measured(path: Path) -> tuple[float, int, str]:
    """CPU seconds, MiB at most and the verdict of one inspection, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "src")}
    done = subprocess.run([sys.executable, "-c", _ONE, str(path)], env=environment, capture_output=True, text=True, check=False)
    return tuple(json.loads(done.stdout)) if done.returncode == 0 else (30.0, 0, "killed")


def write(names: list[str], folder: Path) -> list[Path]:
    """Make the files, in a process whose memory is its own."""
    paths = []
    for name, make in HOSTILE.items():
        if not names or name in names:
            path = folder / name
            child = os.fork()
            if not child:
                path.write_bytes(make())
                os._exit(0)
            os.waitpid(child, 0)
            paths.append(path)
    return paths


def main() -> int:
    """Measure each."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for name in [n for n in HOSTILE if not sys.argv[1:] or n in sys.argv[1:]]:
            (path,) = write([name], Path(scratch))
            spent, peak, told = measured(path)
            rows.append((spent, peak))
            print(f"{name:28} {path.stat().st_size / MIB:6.1f} MiB  {spent:6.2f} s  {peak:5} MiB  {told}", flush=True)
            path.unlink()
    print(f"{len(rows)} files: {max(s for s, _ in rows):.2f} s and {max(p for _, p in rows)} MiB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
