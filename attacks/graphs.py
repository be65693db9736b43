"""Graphs and tensors in their less common spellings: without a version, as text, beside a checkpoint, on their own."""

import json

from attacks.carriers import BYTECODE, elsewhere, field, node, onnx
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, STOPPED, table
from attacks.tensors import ESCAPE, array_of_texts, gguf
from attacks.tensors import text as gguf_text


def _node(operation: str) -> bytes:
    return field(1, field(1, b"n") + field(2, operation.encode()))


LAMBDA = {"class_name": "Lambda", "config": {"function": [BYTECODE, None, None], "function_type": "lambda"}}
NUMBERS = field(1, 2) + field(2, 1) + field(8, b"x") + field(9, b"\x00" * 8)


def _for_browsers(path: str) -> bytes:
    model = {"model_config": {"class_name": "Sequential", "config": {"layers": [LAMBDA]}}}
    return json.dumps({"format": "layers-model", "modelTopology": model, "weightsManifest": [{"paths": [path], "weights": []}]}).encode()


table("tensorflow", {"without-a-version": {"saved_model.pb": field(2, field(2, _node("PyFunc")))}}, *MALICIOUS, suffix="")
table("tensorflow", {"without-a-version-plain": {"saved_model.pb": field(2, field(2, _node("Const")))}}, *BENIGN, suffix="")
table("tensorflow", {"beside-a-checkpoint": field(1, field(4, b"x")) + field(2, _node("PyFunc"))}, *MALICIOUS, suffix=".meta")
table("tensorflow", {"as-text": b'node {\n  name: "n"\n  op: "PyFunc"\n}\n'}, *MALICIOUS, suffix=".pbtxt")
table("tensorflow", {"as-text-plain": b'node {\n  name: "n"\n  op: "MatMul"\n}\n'}, *BENIGN, suffix=".pbtxt")
table("tensorflow", {"server-with-a-library": b'name: "x"\nmodel_operations { op_library_filename: "a.so" }\n'}, *FLAGGED, suffix=".pbtxt")
table(
    "tensorflow",
    {f"operation-{o}": field(1, 1) + field(2, field(2, _node(o))) for o in ("Save", "Rpc", "DumpToFile", "MergeV2Checkpoints")},
    *FLAGGED,
    suffix="-saved_model.pb",
)
table("keras", {"for-browsers": _for_browsers("group1.bin")}, *MALICIOUS, suffix=".json")
table("keras", {"for-browsers-elsewhere": _for_browsers("../../x")}, *MALICIOUS, suffix=".json")
table("onnx", {"tensor-elsewhere": elsewhere("/etc/passwd")}, *MALICIOUS, suffix=".pb")
table("onnx", {"tensor": NUMBERS}, *BENIGN, suffix=".pb")
table(
    "onnx",
    {
        "operator-in-training": onnx(node("Relu"), extra=field(20, field(2, field(1, node("PyOp", "ai.onnx.contrib"))))),
        "negative-size": onnx(node("Relu"), initializer=field(1, (1 << 64) - 1) + field(2, 1) + field(8, b"w") + field(9, b"\x00" * 8)),
        "size-overflows": onnx(node("Relu"), initializer=field(1, 1 << 62) * 2 + field(2, 1) + field(8, b"w") + field(9, b"\x00" * 8)),
        "length-overflows": onnx(node("Relu"), initializer=elsewhere("w.bin", length="9" * 20)),
    },
    *FLAGGED,
    suffix=".onnx",
)
table("gguf", {"template-in-an-array": gguf([("tokenizer.chat_template", array_of_texts(ESCAPE))])}, *MALICIOUS, suffix=".gguf")
table(
    "gguf",
    {"key-without-a-name": gguf([("", gguf_text("x"))]), "key-of-many-letters": gguf([("k" * 70000, gguf_text("x"))])},
    *STOPPED,
    suffix=".gguf",
)
TWICE = field(1, field(1, b"n") + field(2, b"Const") + field(2, b"PyFunc"))
table("tensorflow", {"operation-named-twice": {"saved_model.pb": field(1, 1) + field(2, field(2, TWICE))}}, *MALICIOUS, suffix="")
table(
    "tensorflow",
    {"behind-an-unknown-field": {"saved_model.pb": field(99, b"x") + field(2, field(2, _node("PyFunc")))}},
    *MALICIOUS,
    suffix="",
)
table("tensorflow", {"of-another-version": {"saved_model.pb": field(1, 2) + field(2, field(2, _node("PyFunc")))}}, *MALICIOUS, suffix="")
table("onnx", {"model-by-another-name": onnx(node("PyOp", "ai.onnx.contrib"))}, *MALICIOUS, suffix=".pb")
table(
    "onnx",
    {"file-in-a-sparse-attribute": onnx(node("X", attribute=field(1, b"a") + field(22, field(1, elsewhere("/etc/passwd")))))},
    *MALICIOUS,
    suffix=".onnx",
)
