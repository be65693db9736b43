"""HDF5 whose links and attributes lie in heaps, as libraries write them when an object has many: read like any other."""

import struct

from attacks.registry import BENIGN, FLAGGED, MALICIOUS, MARKER, STOPPED, table

NOWHERE = 2**64 - 1
HEAP, TREE, LEAF, BLOCK, ROOT = 512, 768, 1024, 2048, 48


def _heap(*, rows: int = 0, root: int = BLOCK, filtered: int = 0) -> bytes:
    """The header of a heap whose identities are as wide as those of links, with one block of 4096 bytes, or a table of blocks."""
    head = b"FRHP\0" + struct.pack("<HHBI", 8, filtered, 0, 4096)
    return head + bytes(96) + struct.pack("<HQQHHQH", 4, 4096, 65536, 32, 1, root, rows)


def _tree(kind: int, count: int, record: int) -> bytes:
    return b"BTHD\0" + bytes([kind]) + struct.pack("<IHHBBQHQ", 512, record, 0, 100, 40, LEAF, count, count)


def _file(kind: int, objects: list[bytes], *, flags: int = 0, **heap: int) -> bytes:
    """A root whose links (kind 2) or attributes (kind 0x15) are these."""
    content, records = bytearray(b"FHDB\0" + struct.pack("<Q", HEAP) + bytes(4)), b""
    for held in objects:
        place = b"\0" + struct.pack("<I", len(content)) + struct.pack("<H", len(held)) + b"\0"
        records += bytes(4) + place[:7] if kind == 2 else place + bytes([flags]) + bytes(8)
        content += held
    tree = _tree(5 if kind == 2 else 8, len(objects), 11 if kind == 2 else 17)
    message = b"\0\0" + struct.pack("<QQ", HEAP, TREE)
    header = b"OHDR\x02\0" + bytes([len(message) + 4, kind]) + struct.pack("<HB", len(message), 0) + message + bytes(4)
    out = bytearray(8192)
    start = b"\x89HDF\r\n\x1a\n" + bytes([2, 8, 8, 0]) + struct.pack("<QQQQ", 0, NOWHERE, len(out), ROOT) + bytes(4)
    table_ = b"FHIB\0" + struct.pack("<Q", HEAP) + bytes(4) + struct.pack("<4Q", BLOCK, NOWHERE, NOWHERE, NOWHERE)
    parts = {0: start, ROOT: header, HEAP: _heap(**heap), TREE: tree, LEAF: b"BTLF\0\0" + records, BLOCK: bytes(content), 1536: table_}
    for begin, part in parts.items():
        out[begin : begin + len(part)] = part
    return bytes(out)


def _link(name: bytes, target: bytes) -> bytes:
    """A link into another file."""
    value = b"\0" + target + b"\0/x\0"
    return b"\x01\x08\x40" + bytes([len(name)]) + name + struct.pack("<H", len(value)) + value


def _soft(name: bytes) -> bytes:
    return b"\x01\x08\x01" + bytes([len(name)]) + name + struct.pack("<H", 4) + b"/abc"


def _attribute(name: bytes, value: bytes) -> bytes:
    """A text of a fixed length."""
    kind = b"\x13\0\0\0" + struct.pack("<I", len(value))
    return b"\x03\0" + struct.pack("<HHH", len(name) + 1, len(kind), 4) + b"\0" + name + b"\0" + kind + b"\x02\0\0\0" + value


LAMBDA = b'{"class_name": "Lambda", "config": {"function": ["4wEAAAA=", null, null], "function_type": "lambda"}}'
MANY = [_soft(b"name %d" % n) for n in range(20)]
AWAY = _link(b"weights", b"/etc/passwd")
CALL = f"cos\nsystem\n(V{MARKER}\ntR.".encode()

table("hdf5_dense", {"links": _file(2, MANY), "attributes": _file(0x15, [_attribute(b"a%d" % n, b"text") for n in range(20)])}, *BENIGN, suffix=".h5",
      what="many links or attributes of one object")  # fmt: skip
table("hdf5_dense", {"external-link": _file(2, [*MANY, AWAY]), "external-link-in-a-table-of-blocks": _file(2, [*MANY, AWAY], rows=1, root=1536)},
      *FLAGGED, suffix=".h5", what="a link into another file among many links")  # fmt: skip
table("hdf5_dense", {"lambda": _file(0x15, [_attribute(b"model_config", LAMBDA)]), "pickle": _file(0x15, [_attribute(b"TITLE", CALL)])},
      *MALICIOUS, suffix=".h5", what="an attribute that runs, kept in a heap")  # fmt: skip
table("hdf5_dense", {"compressed-heap": _file(2, MANY, filtered=8), "shared-attribute": _file(0x15, [_attribute(b"TITLE", CALL)], flags=2),
                     "block-nowhere": _file(2, MANY, rows=1, root=HEAP)}, *STOPPED, suffix=".h5", what="a heap that cannot be followed")  # fmt: skip
