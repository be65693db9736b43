"""Hostile files whose parts share bytes, hold others of their kind without end, or repeat what is dear: small ones that ask for much."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

MIB = 1 << 20
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02N." * 3


def _shared(count: int, content: bytes, name: str = "%d.bin", own: bytes = b"a", extra: bytes = b"") -> bytes:
    """An archive whose members all are the same bytes behind the same header."""
    told = struct.pack("<III", zlib.crc32(content), len(content), len(content))
    local = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 0, 0, 0) + told + struct.pack("<HH", len(own), len(extra)) + own + extra + content
    names = [(name % number).encode() for number in range(count)]
    head = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 0, 0, 0) + told
    listed = b"".join(head + struct.pack("<HHHHHII", len(n), 0, 0, 0, 0, 0, 0) + n for n in names)
    return local + listed + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(listed), len(local), 0)


def _packed(count: int, name: str, content: bytes) -> bytes:
    """An archive of many members that each have their own bytes, and are one content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(name % number, content)
    return out.getvalue()


def _hidden(count: int) -> bytes:
    header = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, 0, 1, 1, 0, 0)
    return header * count + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, 0, 0, 0)


def _objects(count: int) -> bytes:
    return b"X\n" + struct.pack(">iii", 2, 0, 0) + struct.pack(">ii", 19, count) + struct.pack(">i", 254) * count


def _pieces(count: int) -> bytes:
    """A frame of LZ4 made of the shortest copies that there are."""
    block = b"\x10a\x01\x00" + b"\x00\x01\x00" * count + b"\x10a"
    return b"\x04\x22\x4d\x18\x40\x70\x00" + struct.pack("<I", len(block)) + block + bytes(4)


def _nested(depth: int, hold: Callable[[Any], Any], inner: Any) -> bytes:  # noqa: ANN401 - anything stands in JSON
    for _ in range(depth):
        inner = hold(inner)
    return json.dumps(inner).encode()


def _lambda(inner: Any) -> Any:  # noqa: ANN401 - as above
    return {"class_name": "Lambda", "config": {"function": inner}}


def _arrays(count: int) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 9, count)
    return head + struct.pack("<IQ", 4, 0) * count


def _operators(count: int) -> bytes:
    """A model whose operators all are the same one, of a long name."""
    out = struct.pack("<I4s", 16, b"TFL3") + struct.pack("<HHHH", 8, 12, 0, 8) + struct.pack("<iII", 8, 0, 4)
    first = len(out) + 4
    table = first + 4 * count + 8
    out += struct.pack("<I", count) + b"".join(struct.pack("<I", table - first - 4 * n) for n in range(count))
    return out + struct.pack("<HHHH", 8, 8, 0, 4) + struct.pack("<iI", 8, 4) + struct.pack("<I", 4096) + b"n" * 4096


def _notebook(count: int) -> bytes:
    lines = [f"!pip {n}" for n in range(count)] + [f"a{n}" for n in range(count)]
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "\n".join(lines)}]}).encode()


def _script(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {"a/code/m.py": text, "a/constants.pkl": "\x80\x02).", "a/data.pkl": "\x80\x02)."}.items():
            archive.writestr(name, content.encode("latin-1"))
    return out.getvalue()


def _loads(count: int, content: bytes) -> bytes:
    """A pickle that loads the same bytes again and again."""
    opening = b"\x80\x04\x8e" + struct.pack("<Q", len(content)) + content + b"\x94cpickle\nloads\n\x94"
    return opening + b"h\x01h\x00\x85R0" * count + b"N."


def hdf5(rest: bytes) -> bytes:
    """A file of HDF5 whose root is at 96."""
    entry = struct.pack("<QQIIQQ", 0, 96, 1, 0, 136, 680)
    start = (
        b"\x89HDF\r\n\x1a\n"
        + bytes([0, 0, 0, 0, 0, 8, 8, 0])
        + struct.pack("<HHI", 4, 16, 0)
        + struct.pack("<QQQQ", 0, 2**64 - 1, 1 << 20, 2**64 - 1)
        + entry
    )
    return start.ljust(96, b"\0") + rest


def _group(members: int, apart: int, place: int = 96) -> bytes:
    """A group with members that lie so far apart, behind its table or from the root on."""
    heap, tree, table = place + 40, place + 72, place + 112
    first = table + 8 + 40 * members if apart else 96
    header = bytes([1, 0]) + struct.pack("<HII", 1, 1, 24) + bytes(4) + struct.pack("<HHBBHQQ", 0x11, 16, 0, 0, 0, tree, heap)
    entries = b"".join(struct.pack("<QQIIQQ", 0, first + n * (apart or 1), 0, 0, 0, 0) for n in range(members))
    nodes = b"TREE" + struct.pack("<BBH16xQQ", 0, 0, 1, 0, table) + b"SNOD" + struct.pack("<BBH", 1, 0, members)
    return header + b"HEAP" + struct.pack("<4xQQQ", 0, 0, 0) + nodes + entries


def _linked(place: int, length: int) -> bytes:
    """An object with nothing but a link of a long name to what lies behind it."""
    link = struct.pack("<BBH", 1, 1, length) + b"n" * length
    size = len(link) + 8
    return bytes([1, 0]) + struct.pack("<HII4xHHBBH", 1, 1, 8 + size, 6, size, 0, 0, 0) + link + struct.pack("<Q", place + 24 + size)


def _attributes(count: int, length: int) -> bytes:
    """A root whose attributes all have the same long text."""
    attribute = struct.pack("<BBHHH", 1, 0, 8, 8, 8) + b"a".ljust(8, b"\0") + struct.pack("<BBBBI", 0x19, 0, 0, 0, 16) + bytes(8)
    size = len(attribute) + 16
    heap = 96 + 16 + count * (8 + size)
    message = struct.pack("<HHBBH", 0x0C, size, 0, 0, 0) + attribute + struct.pack("<IQI", length, heap, 1)
    texts = b"GCOL" + struct.pack("<B3xQ", 1, length + 64) + struct.pack("<HH4xQ", 1, 1, length) + b"x" * length
    return hdf5(bytes([1, 0]) + struct.pack("<HII4x", count, 1, count * (8 + size)) + message * count + texts)


SHAPES: dict[str, Callable[[], bytes]] = {
    "shared.zip": lambda: _shared(60_000, bytes(20 * MIB)),
    "shared texts.zip": lambda: _shared(60_000, b"plain text\n" * MIB),
    "shared objects.zip": lambda: _shared(60_000, _objects(900_000), "%d.rds"),
    "long names.zip": lambda: _shared(60_000, b"x", own=b"n" * 65_000),
    "extras.zip": lambda: _shared(60_000, b"x", extra=b"\2\0\0\0" * 16_000),
    "hidden.zip": lambda: _hidden(900_000),
    "messages.zip": lambda: _packed(30, "%d.pb", b"\x0a\x00" * 650_000),
    "spaces.zip": lambda: _packed(12, "%d.xml", b"<?xml?><!ENTITY" + b" " * (6 * MIB)),
    "documents.zip": lambda: _packed(60, "%d.yaml", b"a: 1\n" * 200_000),
    "templates.zip": lambda: _packed(60, "%d.jinja", b"{% if a %}" * 100_000),
    "lists.zip": lambda: _packed(12, "%d.msgpack", b"\xdd\x00\x0f\x00\x00" + b"\x01" * (6 * MIB)),
    "bombs in bombs.zip": lambda: _packed(100, "%d.gz", gzip.compress(bytes(100 * MIB))),
    "headers.zip": lambda: _packed(30_000, "%d.npy", b"\x93NUMPY\x01\x00v\x00{'descr': " + b"[" * 100 + b"\n"),
    "keys.pt": lambda: (
        _LEGACY + b"\x80\x02](" + b"".join(b"M" + struct.pack("<H", n & 0xFFFF) for n in range(900_000)) + b"e." + bytes(7 * MIB)
    ),
    "counts.pt": lambda: _LEGACY + b"\x80\x02]." + bytes(24 * MIB),
    "operations.pt": lambda: _script("ops.a.b " * 3_000_000),
    "pieces.lz4": lambda: _pieces(10 * MIB),
    "growing.gz": lambda: gzip.compress(bytes(70 * MIB)) + gzip.compress(b"a") * 30_000,
    "arrays.gguf": lambda: _arrays(2_400_000),
    "custom.mlmodel": lambda: b"\x08\x04" + b"\xda\x22\x00" * 590_000,
    "operators.tflite": lambda: _operators(199_000),
    "long key.json": lambda: b'{"' + b"k" * (10 * MIB) + b'":[' + b"[]," * 500_000 + b"[]]}",
    "long path.json": lambda: (b'{"' + b"k" * 100_000 + b'":') * 90 + b"[" + b"[]," * 500_000 + b"[]]" + b"}" * 90,
    "lambdas.json": lambda: _nested(40, _lambda, [1] * 1_000_000),
    "objects in objects.json": lambda: _nested(60, lambda v: {"py/object": v}, [1] * 2_000_000),
    "maps in maps.json": lambda: _nested(90, lambda v: {"weight_map": v}, [1] * 2_000_000),
    "shell.ipynb": lambda: _notebook(30_000),
    "computed.jinja": lambda: b"{{ " + (b"a[" + b"~" * 200) * 20_000 + b" }}",
    "layers.xml": lambda: b"<?xml?><net>" + (b"<layer " + b"version=" * 240) * 15_000,
    "table.bin": lambda: b"\xdf" + struct.pack(">I", 999_999) + b"\x01" * 1_999_998,
    "loads again.pkl": lambda: _loads(100_000, b"<?xml?>".ljust(10 * MIB)),
    "attributes.h5": lambda: _attributes(60_000, 20 * MIB),
    "objects.h5": lambda: hdf5(_group(60_000, 2) + b"\x01" * (2 * MIB)),
    "paths.h5": lambda: hdf5(b"".join(_linked(96 + n * 4036, 4_000) for n in range(500)) + _group(2_000, 0, 96 + 500 * 4036)),
}
