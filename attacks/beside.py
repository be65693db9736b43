"""What stands beside a model and is started, imported or taken out later: configurations of tools, operations of other libraries, pickles within data."""

import json
import struct

from attacks.carriers import elsewhere, field, node, onnx, saved_model, tflite
from attacks.opcodes import RUN, proto, text
from attacks.registry import BENIGN, FLAGGED, MARKER, STOPPED, table

EVIL = proto(2, RUN)
TABLE = struct.pack("<IHHi", 8, 4, 4, 4)
"""A flat table without fields."""


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _server(command: object) -> dict[str, object]:
    return {"x": {"command": command, "args": ["-m", "x"]}}


table(
    "configuration",
    {
        "tools-of-an-agent": {".mcp.json": _json({"mcpServers": _server("python")})},
        "tools-of-an-agent-as-a-list": {"settings.json": _json({"mcpServers": _server(["npx", "x"])})},
        "tools-of-an-editor": {".vscode/mcp.json": _json({"servers": _server("node")})},
        "tools-in-yaml": {"config.yaml": b"mcpServers:\n  x:\n    command: uvx\n    args: [x]\n"},
        "tools-in-toml": {"config.toml": b'[mcp_servers.x]\ncommand = "uvx"\n'},
        "hooks-of-an-agent": {".claude/settings.json": _json({"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": MARKER}]}]}})},
        "task-when-a-folder-opens": {".vscode/tasks.json": _json({"tasks": [{"command": MARKER, "runOptions": {"runOn": "folderOpen"}}]})},
        "container-on-the-host": {".devcontainer/devcontainer.json": _json({"initializeCommand": MARKER})},
        "script-after-an-install": {"package.json": _json({"name": "x", "scripts": {"postinstall": "node x.js"}})},
        "service-of-bento": {"bentofile.yaml": b"service: x.service:svc\n"},
        "model-of-mlflow": {"MLmodel": b"flavors:\n  python_function:\n    python_model: model.pkl\n"},
        "configurations-from-elsewhere": {"config.yaml": b"hydra:\n  searchpath:\n  - file:///tmp/x\n"},
        "configurations-from-above": {"config.yaml": b"hydra:\n  searchpath:\n  - ../../x\n"},
        "key-that-stands-twice": {"config.json": b'{"auto_map": {"AutoModel": "m.M"}, "auto_map": {}}'},
        "key-that-stands-twice-escaped": {"config.json": b'{"auto\\u005fmap": {"AutoModel": "m.M"}, "auto_map": {}}'},
        "lambda-in-yaml": {"model.yaml": b"class_name: Sequential\nconfig:\n  layers:\n  - class_name: Lambda\n    config: {function: [abc]}\n"},
        "tag-that-evaluates": {"config.yaml": b"a: !eval 1+1\n"},
        "tag-that-calls": {"config.yaml": b"a: !call:x.y {}\n"},
        "tag-that-includes-from-above": {"config.yaml": b"a: !include /etc/x.yaml\n"},
        "short-key": {"id_x": b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n"},
    },
    *FLAGGED,
    suffix="",
)  # fmt: skip
table(
    "configuration",
    {
        "task-that-is-asked-for": {".vscode/tasks.json": _json({"tasks": [{"label": "test", "command": "make test"}]})},
        "container-that-installs": {"devcontainer.json": _json({"image": "python:3.11", "customizations": {"vscode": {"extensions": ["x"]}}})},
        "scripts-that-are-asked-for": {"package.json": _json({"name": "x", "scripts": {"build": "tsc", "test": "node --test"}})},
        "key-that-stands-twice-and-means-nothing": {"config.json": b'{"hidden_size": 8, "hidden_size": 8}'},
        "command-of-nothing": {"config.yaml": b"servers:\n  x:\n    command: predict\n"},
        "search-in-a-package": {"config.yaml": b"hydra:\n  searchpath:\n  - pkg://x.configs\n"},
        "tag-that-refers": {"config.yaml": b"a: !reference [b, c]\nd: !include parts/e.yaml\n"},
    },
    *BENIGN,
    suffix="",
)  # fmt: skip
table(
    "tensorflow",
    {
        "operation-of-a-library": saved_model("AcmeCustomOp"),
        "operation-of-a-library-in-a-function": saved_model("Acme>Op", in_function=True),
        "operation-that-calls-the-compiler": saved_model("XlaCustomCall"),
        "operation-that-lists-files": saved_model("MatchingFilesDataset"),
    },
    *FLAGGED,
    suffix="-saved_model.pb",
)
table(
    "tensorflow",
    {
        "operation-of-tensorflow-text": saved_model("TFText>NgramsStringJoin"),
        "function-as-an-operation": field(1, 1)
        + field(2, field(1, b"meta") + field(2, field(1, field(1, b"n") + field(2, b"f")) + field(2, field(1, field(1, field(1, b"f")))))),
    },
    *BENIGN,
    suffix="-saved_model.pb",
)
table("tensorflow", {"lite-flex-unknown": tflite("FlexAcme"), "lite-custom-known": tflite("MatMul")}, *FLAGGED, suffix=".tflite")
table(
    "onnx",
    {
        "operator-of-no-version": onnx(node("EfficientNMS_TRT")),
        "operator-that-is-not-defined": onnx(node("aten_add", "pkg.onnxscript.torch_lib")),
        "operators-of-torch": onnx(node("ATen", "org.pytorch.aten")),
        "home": onnx(node("Relu"), initializer=elsewhere("~/.x/w.bin")),
    },
    *FLAGGED,
    suffix=".onnx",
)
table(
    "pickle_tricks",
    {"held-behind-a-header": proto(4, b"}" + text("state") + b"B" + struct.pack("<I", 16 + len(EVIL)) + b"HEAD" * 4 + EVIL + b"s")},
    *FLAGGED,
)
table(
    "pickle_tricks",
    {
        "harmless-one-behind-a-header": proto(
            4, b"}" + text("state") + b"B" + struct.pack("<I", 24) + b"HEAD" * 4 + b"\x80\x02}q\x00K\x01.s"
        )
    },
    *BENIGN,
)
table("boosting", {"pickle-behind-the-mark": b"binf" + EVIL, "old-pickle-behind-the-mark": b"binf" + RUN + b"."}, *FLAGGED, suffix=".bst")
table("boosting", {"catboost-without-a-table": b"CBM1" + struct.pack("<I", 64) + b"\x00" * 64}, *STOPPED, suffix=".cbm")
table("boosting", {"catboost-with-a-table": b"CBM1" + struct.pack("<I", len(TABLE)) + TABLE}, *BENIGN, suffix=".cbm")
table(
    "msgpack",
    {
        "holds-a-pickle": b"\x81\xa1a\xc4" + bytes([len(EVIL)]) + EVIL,
        "array-of-objects-by-type": b"\x82\xc4\x02nd\xc3\xc4\x04type\xa1O",
    },
    *FLAGGED,
    suffix=".msgpack",
)
table("records", {"holds-a-pickle": struct.pack("<QI", len(EVIL), 0) + EVIL + bytes(4)}, *FLAGGED, suffix=".tfrecord")
table("executorch", {"all-zero": b"\x10\x00\x00\x00ET12" + bytes(60)}, *STOPPED, suffix=".pte")
table("text", {"portable-document": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\n"}, *STOPPED, suffix=".pdf")
for ending in (".safetensors", ".gguf", ".onnx", ".pt", ".pkl", ".h5", ".keras", ".npy"):
    table("empty", {f"empty{ending}": b""}, *STOPPED, suffix="")
table("empty", {"empty-module": {"__init__.py": b""}, "empty-list": {"merges.txt": b""}}, *BENIGN, suffix="")
