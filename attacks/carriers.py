"""Other formats of models that can carry code or reach for files: Keras, ONNX, TensorFlow, HDF5, skops, Arrow, R, XML, MessagePack and machine code."""

import base64
import json
import struct
from typing import Any

from attacks.archives import GOOD, zipped
from attacks.opcodes import RUN, proto
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, STOPPED, table
from attacks.repositories import DEFINES

EVIL = proto(2, RUN)


def field(number: int, content: bytes | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def layer(name: str, config: dict[str, Any], module: str | None = "keras.layers", registered: str | None = None) -> dict[str, Any]:
    """A layer of a configuration of Keras."""
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def keras(layer: dict[str, Any]) -> bytes:
    """A model of Keras 3 with one layer."""
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [layer]}, "registered_name": None}
    return zipped({"metadata.json": b'{"keras_version": "3.0.0"}', "config.json": json.dumps(config).encode()})


BYTECODE = base64.b64encode(b"\xe3\x00marker").decode()
table(
    "keras",
    {
        "lambda": keras(layer("Lambda", {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": BYTECODE, "defaults": None, "closure": None}}})),
        "lambda-of-version-2": keras(layer("Lambda", {"function": [BYTECODE, None, None], "function_type": "lambda"}, None)),
        "lambda-as-activation": keras(layer("Dense", {"units": 1, "activation": {"class_name": "__lambda__", "config": {"code": BYTECODE}}})),
        "module-os": keras(layer("system", {"command": "echo lading-marker"}, "os")),
        "module-subprocess": keras(layer("Popen", {"args": "id"}, "subprocess")),
        "module-of-keras-that-acts": keras(layer("get_file", {"origin": "http://localhost/x"}, "keras.utils")),
        "unsafe-loading-switched-on": keras(layer("enable_unsafe_deserialization", {}, "keras.config")),
        "builtins-eval": keras({"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}),
        "saved-model-layer": keras(layer("TFSMLayer", {"filepath": "/tmp/x"})),
        "vocabulary-elsewhere": keras(layer("StringLookup", {"vocabulary": "/etc/passwd"})),
        "vocabulary-at-an-address": keras(layer("TextVectorization", {"vocabulary": "http://localhost/x"})),
        "pickle-in-a-torch-module": keras(layer("TorchModuleWrapper", {"module": base64.b64encode(EVIL * 2).decode()})),
        "pickle-beside": zipped({"metadata.json": b"{}", "config.json": b"{}", "assets/evil.pkl": EVIL}),
    },
    *MALICIOUS, suffix=".keras",
)  # fmt: skip
table(
    "keras",
    {
        "foreign-module": keras(layer("Thing", {}, "acme.layers")),
        "registered-elsewhere": keras(layer("Thing", {}, None, "acme>Thing")),
        "lambda-by-name": keras(layer("Lambda", {"function": "my_function"})),
        "function-by-name": keras(layer("Dense", {"activation": {"module": "builtins", "class_name": "function", "config": "my_activation", "registered_name": "function"}})),
        "flax-layer": keras(layer("FlaxLayer", {"module": "x"})),
        "vocabulary-beside": keras(layer("StringLookup", {"vocabulary": "words.txt"})),
    },
    *FLAGGED, suffix=".keras",
)  # fmt: skip
table("keras", {"plain": keras(layer("Dense", {"units": 3, "activation": "relu"}))}, *BENIGN, suffix=".keras")


def onnx(*nodes: bytes, initializer: bytes = b"", extra: bytes = b"") -> bytes:
    """A model of these nodes."""
    graph = b"".join(field(1, n) for n in nodes) + field(2, b"g") + (field(5, initializer) if initializer else b"")
    return field(1, 8) + field(7, graph) + field(8, field(2, 17)) + extra


def node(kind: str, domain: str = "", attribute: bytes = b"") -> bytes:
    """An operator."""
    return (
        field(1, b"x") + field(2, b"y") + field(4, kind.encode()) + (field(5, attribute) if attribute else b"") + field(7, domain.encode())
    )


def elsewhere(place: str, **more: str) -> bytes:
    """A tensor in another file."""
    entries = b"".join(field(13, field(1, k.encode()) + field(2, v.encode())) for k, v in {"location": place, **more}.items())
    return field(1, 1) + field(2, 1) + field(8, b"w") + entries + field(14, 1)


table(
    "onnx",
    {
        "file-above": onnx(node("Relu"), initializer=elsewhere("../../etc/passwd")),
        "file-absolute": onnx(node("Relu"), initializer=elsewhere("/etc/passwd")),
        "file-above-by-backslash": onnx(node("Relu"), initializer=elsewhere("..\\..\\x")),
        "file-in-an-attribute": onnx(node("Constant", attribute=field(1, b"value") + field(5, elsewhere("/etc/passwd")) + field(20, 4))),
        "file-in-a-subgraph": onnx(node("If", attribute=field(1, b"then") + field(6, field(5, elsewhere("../x"))) + field(20, 5))),
        "file-in-a-function": onnx(node("F", "local"), extra=field(25, field(1, b"F") + field(10, b"local") + field(7, node("Constant", attribute=field(5, elsewhere("/x")))))),
        "python-operator": onnx(node("PyOp", "ai.onnx.contrib")),
    },
    *MALICIOUS, suffix=".onnx",
)  # fmt: skip
table(
    "onnx",
    {
        "foreign-operator": onnx(node("Thing", "acme.ops")),
        "foreign-operator-in-a-subgraph": onnx(node("If", attribute=field(6, field(1, node("Thing", "acme.ops"))))),
        "attribute-of-an-object": onnx(node("Relu"), initializer=elsewhere("w.bin", __class__="x")),
        "offset-that-is-no-number": onnx(node("Relu"), initializer=elsewhere("w.bin", offset="-1")),
        "junk-behind": onnx(node("Relu")) + b"\xff\xff\xffjunk",
        "unknown-field": onnx(node("Relu"), extra=field(99, b"hidden")),
        "cut": onnx(node("Relu"), initializer=elsewhere("w.bin"))[:-5],
    },
    *STOPPED, suffix=".onnx",
)  # fmt: skip
table(
    "onnx",
    {"plain": onnx(node("Relu"), initializer=field(1, 2) + field(2, 1) + field(8, b"w") + field(9, b"\x00" * 8))},
    *BENIGN,
    suffix=".onnx",
)


def saved_model(operation: str, *, in_function: bool = False) -> bytes:
    """A saved model with one operation."""
    inner = field(1, b"n") + field(2, operation.encode())
    graph = field(2, field(1, field(1, field(1, b"f")) + field(3, inner))) if in_function else field(1, inner)
    return field(1, 1) + field(2, field(1, b"meta") + field(2, graph))


table(
    "tensorflow",
    {**{f"operation-{o}": saved_model(o) for o in ("WriteFile", "PyFunc", "EagerPyFunc")}, "in-a-function": saved_model("WriteFile", in_function=True)},
    *MALICIOUS, suffix="-saved_model.pb",
)  # fmt: skip
table(
    "tensorflow",
    {f"operation-{o}": saved_model(o) for o in ("ReadFile", "MatchingFiles", "TFRecordDataset")},
    *FLAGGED,
    suffix="-saved_model.pb",
)
table(
    "tensorflow",
    {"plain": saved_model("MatMul"), "plain-function": saved_model("Relu", in_function=True)},
    *BENIGN,
    suffix="-saved_model.pb",
)


def tflite(custom: str) -> bytes:
    """A model with one operator that is not built in: a root table, a vector of one table, a name."""
    out = struct.pack("<I4s", 16, b"TFL3") + struct.pack("<HHHH", 8, 12, 0, 8)  # the fields of the root, of which the second is the vector
    out += struct.pack("<iII", 8, 0, 4) + struct.pack("<II", 1, 12)
    out += struct.pack("<HHHH", 8, 8, 0, 4) + struct.pack("<iI", 8, 4)
    return out + struct.pack("<I", len(custom)) + custom.encode() + b"\x00" * 4


table(
    "tensorflow",
    {"lite-custom": tflite("Thing"), "lite-flex": tflite("FlexMatMul"), "lite-cut": tflite("Thing")[:50]},
    *FLAGGED,
    suffix=".tflite",
)
table("tensorflow", {"lite-writes": tflite("FlexWriteFile")}, *MALICIOUS, suffix=".tflite")
table(
    "machine_code",
    {n: m + b"\x00" * 100 for n, m in {"elf": b"\x7fELF", "mach": b"\xcf\xfa\xed\xfe", "wasm": b"\x00asm"}.items()},
    *FLAGGED,
    suffix=".so",
)
table(
    "machine_code",
    {"elf-as-weights": b"\x7fELF" + b"\x00" * 100, "pe-as-weights": b"MZ" + b"\x00" * 58 + b"\x40\x00\x00\x00PE\x00\x00" + b"\x00" * 50},
    *FLAGGED,
    suffix=".bin",
)
table(
    "machine_code",
    {
        "in-a-zip": zipped({"lib/thing.so": b"\x7fELF" + b"\x00" * 50}),
        "in-an-archive-of-torch": zipped({"a/data.pkl": GOOD, "a/version": b"3", "a/extra/x.so": b"\x7fELF" + b"\x00" * 9}),
    },
    *FLAGGED,
    suffix=".zip",
)
table("machine_code", {"compiled": b"\xa7\r\r\n" + b"\x00" * 12 + b"\xe3marker"}, *FLAGGED, suffix=".pyc")


def skops(**nodes: object) -> bytes:
    """An archive of skops with this root."""
    return zipped(
        {
            "schema.json": json.dumps(
                {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": nodes, "protocol": 2}
            ).encode()
        }
    )


table(
    "skops",
    {
        "object": skops(a={"__class__": "system", "__module__": "os", "__loader__": "ObjectNode", "content": None}),
        "function": skops(a={"__class__": "function", "__module__": "builtins", "__loader__": "FunctionNode", "content": {"module_path": "os", "function": "system"}}),
        "type": skops(a={"__class__": "Popen", "__module__": "subprocess", "__loader__": "TypeNode"}),
        "pickle-beside": zipped({"schema.json": b'{"__class__": "dict", "__module__": "builtins", "content": {}}', "x.pkl": EVIL}),
    },
    *MALICIOUS, suffix=".skops",
)  # fmt: skip
table(
    "skops",
    {
        "method": skops(a={"__class__": "Thing", "__module__": "builtins", "__loader__": "MethodNode", "content": {"func": "__globals__", "obj": {}}}),
        "unknown": skops(a={"__class__": "Thing", "__module__": "acme", "__loader__": "ObjectNode", "content": None}),
    },
    *FLAGGED, suffix=".skops",
)  # fmt: skip
table(
    "skops",
    {"plain": skops(a={"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []})},
    *BENIGN,
    suffix=".skops",
)

table(
    "data",
    {
        "arrow": b"ARROW1\x00\x00" + b"ARROW:extension:name\x00arrow.py_extension_type" + EVIL + b"ARROW1",
        "parquet": b"PAR1" + b"ARROW:schema\x18\x40" + base64.b64encode(b"....arrow.py_extension_type....") + struct.pack("<I", 60) + b"PAR1",
        "r-promise": b"X\n" + struct.pack(">iiii", 2, 0x40000, 0x20300, 5) + struct.pack(">i", 254) * 3,
    },
    *MALICIOUS, suffix=".parquet",
)  # fmt: skip
table(
    "data",
    {
        "xml-external": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><PMML>&x;</PMML>',
        "xml-unfolds": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "aa"><!ENTITY y "&x;&x;">]><PMML>&y;</PMML>',
        "openvino-extension": b'<?xml version="1.0"?><net name="n" version="11"><layers><layer id="0" name="a" type="T" version="acme_extension"/></layers></net>',
    },
    *STOPPED, suffix=".xml",
)  # fmt: skip
table(
    "data",
    {"plain": b'<?xml version="1.0"?><net name="n"><layers><layer id="0" name="a" type="Relu" version="opset1"/></layers></net>'},
    *BENIGN,
    suffix=".xml",
)
table("data", {"msgpack-extension": b"\x81\xa1a\xd4\x2a\x00", "msgpack-cut": b"\x81\xa1a\xc4\xff"}, *STOPPED, suffix=".msgpack")
table("data", {"msgpack-plain": b"\x81\xa1a\x01"}, *BENIGN, suffix=".msgpack")
table(
    "data",
    {"secret": b"key = AKIAIOSFODNN7EXAMPLE\n", "random": bytes(range(256)) * 4, "nothing-known": b"\x00\x01\x02\x03" * 50},
    *STOPPED,
    suffix=".cfg",
)
table(
    "archives",
    {"torchserve": zipped({"MAR-INF/MANIFEST.json": b'{"model": {"handler": "handler.py"}}', "handler.py": DEFINES})},
    *FLAGGED,
    suffix=".mar",
)
