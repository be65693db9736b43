"""Files of tensors alone: GGUF, safetensors, npy."""

import io
import json
import struct

from attacks.opcodes import RUN, proto
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, STOPPED, table

ESCAPE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"


def safetensors(header: dict[str, object] | str, data: bytes = b"\x00" * 16, *, length: int | None = None) -> bytes:
    """A file with this header."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(begin: int, end: int, shape: list[int] | None = None, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape if shape is not None else [(end - begin) // 4], "data_offsets": [begin, end]}


table(
    "safetensors",
    {
        "overlap": safetensors({"a": _tensor(0, 16), "b": _tensor(8, 16)}),
        "hole": safetensors({"a": _tensor(0, 4), "b": _tensor(8, 16)}),
        "behind-the-end": safetensors({"a": _tensor(0, 64)}),
        "junk-behind": safetensors({"a": _tensor(0, 8)}),
        "header-longer-than-the-file": safetensors({"a": _tensor(0, 16)}, length=1 << 40),
        "header-over-the-limit": safetensors({"a": _tensor(0, 16)}, length=100_000_001),
        "shape-overflows": safetensors({"a": _tensor(0, 16, [1 << 62, 1 << 62])}),
        "shape-does-not-fit": safetensors({"a": _tensor(0, 16, [100])}),
        "negative-shape": safetensors({"a": _tensor(0, 16, [-4])}),
        "key-twice": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
        "no-json": safetensors("{" + "a" * 20),
        "nested-header": safetensors('{"a":' + "[" * 5000 + "]" * 5000 + "}"),
        "unknown-type": safetensors({"a": _tensor(0, 16, [4], "F99")}),
        "metadata-not-text": safetensors({"__metadata__": {"a": {"b": 1}}, "a": _tensor(0, 16)}),
        "a-pickle-by-that-name": proto(2, RUN),
        "machine-code-by-that-name": b"\x7fELF" + b"\x00" * 60,
        "backwards": safetensors({"a": _tensor(16, 0, [4])}),
    },
    *FLAGGED, suffix=".safetensors",
)  # fmt: skip
table(
    "safetensors",
    {"plain": safetensors({"__metadata__": {"format": "pt"}, "a": _tensor(0, 8), "b": _tensor(8, 16)})},
    *BENIGN,
    suffix=".safetensors",
)


def gguf(
    keys: list[tuple[str, bytes]] | None = None,
    tensors: list[tuple[str, list[int], int, int]] | None = None,
    *,
    counts: tuple[int, int] | None = None,
    data: bytes = b"\x00" * 32,
) -> bytes:
    """A file with these keys (name, typed value) and tensors (name, shape, type, offset)."""
    keys, tensors = keys or [], tensors if tensors is not None else [("t", [8], 0, 0)]
    out = io.BytesIO()
    out.write(b"GGUF" + struct.pack("<IQQ", 3, *(counts or (len(tensors), len(keys)))))
    for name, value in keys:
        out.write(struct.pack("<Q", len(name)) + name.encode() + value)
    for name, shape, kind, offset in tensors:
        out.write(struct.pack("<Q", len(name)) + name.encode() + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
    out.write(b"\x00" * (-out.tell() % 32) + data)
    return out.getvalue()


def text(value: str) -> bytes:
    """A text as a value of GGUF."""
    return struct.pack("<IQ", 8, len(value.encode())) + value.encode()


def array_of_texts(*values: str) -> bytes:
    """An array of texts as a value of GGUF."""
    return struct.pack("<IIQ", 9, 8, len(values)) + b"".join(struct.pack("<Q", len(v.encode())) + v.encode() for v in values)


table(
    "gguf",
    {
        "template": gguf([("tokenizer.chat_template", text(ESCAPE))]),
        "named-template": gguf([("tokenizer.chat_template.tool_use", text(ESCAPE))]),
    },
    *MALICIOUS, suffix=".gguf",
)  # fmt: skip
table(
    "gguf",
    {
        "count-of-tensors-overflows": gguf(counts=(1 << 61, 0)),
        "count-of-keys-overflows": gguf(counts=(0, 1 << 62)),
        "shape-overflows": gguf(tensors=[("t", [1 << 32, 1 << 32], 0, 0)]),
        "shape-of-zero": gguf(tensors=[("t", [0, 4], 0, 0)]),
        "tensor-behind-the-end": gguf(tensors=[("t", [8], 0, 1 << 20)]),
        "tensor-larger-than-the-file": gguf(tensors=[("t", [1 << 20], 0, 0)]),
        "tensors-overlap": gguf(tensors=[("t", [8], 0, 0), ("u", [8], 0, 0)]),
        "unknown-type": gguf(tensors=[("t", [8], 99, 0)]),
        "too-many-dimensions": gguf(tensors=[("t", [1] * 9, 0, 0)]),
        "alignment-of-zero": gguf([("general.alignment", struct.pack("<II", 4, 0))]),
        "text-longer-than-the-file": gguf([("a", struct.pack("<IQ", 8, 1 << 60))]),
        "array-longer-than-the-file": gguf([("a", struct.pack("<IIQ", 9, 4, 1 << 60))]),
        "nested-arrays": gguf([("a", struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQ", 9, 1) * 40)]),
        "key-twice": gguf([("a", text("x")), ("a", text("y"))]),
        "tensor-twice": gguf(tensors=[("t", [8], 0, 0), ("t", [8], 0, 32)], data=b"\x00" * 64),
        "version-of-the-future": b"GGUF" + struct.pack("<IQQ", 9, 0, 0),
        "cut": gguf()[:30],
        "junk-behind": gguf() + b"junk" * 20,
    },
    *STOPPED, suffix=".gguf",
)  # fmt: skip
table(
    "gguf",
    {"plain": gguf([("general.name", text("x")), ("tokenizer.chat_template", text("{{ messages[0]['content'] }}"))])},
    *BENIGN,
    suffix=".gguf",
)


def npy(descr: str, shape: str, data: bytes, *, raw: str = "") -> bytes:
    """An array file with this header."""
    head = raw or f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text_ = head.encode() + b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text_)) + text_ + data


table("npy", {"objects": npy("'|O'", "(1,)", proto(2, RUN)), "pickle-by-that-name": proto(2, RUN)}, *MALICIOUS, suffix=".npy")
table(
    "npy",
    {
        "objects-in-a-record": npy("[('a', '|O')]", "(1,)", proto(2, RUN)),
        "junk-behind": npy("'<f4'", "(2,)", b"\x00" * 8 + proto(2, RUN)),
        "longer-than-the-file": npy("'<f4'", "(200,)", b"\x00" * 8),
        "header-that-calls": npy("", "", b"", raw="__import__('os').system('echo lading-marker')"),
        "header-nested": npy("", "", b"", raw="{'descr': " + "(" * 300 + ")" * 300 + "}"),
    },
    *FLAGGED, suffix=".npy",
)  # fmt: skip
table("npy", {"plain": npy("'<f4'", "(2,)", b"\x00" * 8)}, *BENIGN, suffix=".npy")
