"""Programs and pickles that stand as text: among the arguments of a call, in the metadata of a model, in the spelling of base64."""

import base64
import json

from attacks.carriers import field, keras, layer, node, onnx
from attacks.opcodes import RUN, call, name, proto, stack_name, text
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, MARKER, STOPPED, table
from attacks.tensors import safetensors

EVIL = proto(2, RUN)
PROGRAM = f"import os; os.system({MARKER!r})"
SECOND = proto(4, b"}" + text("stage") + b"B" + len(EVIL).to_bytes(4, "little") + EVIL + b"s")

table(
    "pickle_tricks",
    {
        "unknown-function-of-a-program": proto(4, call(stack_name("acme.tools:run_later"), text(PROGRAM))),
        "unknown-function-of-a-command": proto(4, call(stack_name("acme.tools:run_later"), text("curl http://localhost/x | sh"))),
        "unknown-function-of-a-program-in-a-list": proto(4, call(stack_name("acme.tools:run_later"), b"](" + text(PROGRAM) + b"e")),
        "numpy-builtins": proto(4, call(call(stack_name("numpy:size"), stack_name("numpy:__builtins__"), text("eval")), text("1"))),
    },
    *MALICIOUS,
    what="an unknown function is given a program",
)
table(
    "pickle_tricks",
    {
        "held-as-base64": proto(4, b"}" + text("weights") + text(base64.b64encode(EVIL).decode()) + b"s"),
        "held-as-hexadecimal": proto(4, b"}" + text("weights") + text(EVIL.hex()) + b"s"),
        "held-in-one-that-is-held": proto(4, b"}" + text("weights") + text(base64.b64encode(SECOND).decode()) + b"s"),
        "items-of-a-storage": proto(2, call(name("torch:FloatStorage"), b"K\x04") + b"K\x00K\x01s"),
        "array-of-joblib-elsewhere": proto(2, name("joblib.numpy_pickle_compat:NDArrayWrapper") + b")\x81}(" + text("filename") + text("/etc/x.npy") + b"ub"),
        "array-of-joblib-above": proto(2, name("joblib.numpy_pickle:NDArrayWrapper") + b")\x81}(" + text("filename") + text("../x.npy") + b"ub"),
        "load-from-no-bytes": proto(2, call(name("torch.storage:_load_from_bytes"))),
    },
    *FLAGGED,
)  # fmt: skip
table(
    "pickle_tricks",
    {
        "array-of-joblib-beside": proto(2, name("joblib.numpy_pickle:NDArrayWrapper") + b")\x81}(" + text("filename") + text("x.pkl_01.npy") + text("subclass") + name("numpy:ndarray") + b"ub"),
        "matrix": proto(2, name("numpy.matrixlib.defmatrix:matrix")),
        "array-of-python-2": proto(2, call(name("numpy.core._internal:_reconstruct"), name("numpy:ndarray"), b"K\x00\x85", text("b"))),
        "harmless-pickle-as-base64": proto(4, b"}" + text("weights") + text(base64.b64encode(proto(4, text("a" * 40))).decode()) + b"s"),
    },
    *BENIGN,
)  # fmt: skip


def _with_metadata(value: str) -> bytes:
    tensor = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    return safetensors({"__metadata__": {"format": "pt", "about": value}, "a": tensor})


table(
    "safetensors",
    {
        "metadata-with-a-program": _with_metadata(PROGRAM),
        "metadata-with-a-command": _with_metadata("curl http://localhost/x.sh | sh"),
        "metadata-with-a-script": _with_metadata("<script>fetch('http://localhost')</script>"),
        "metadata-with-a-pickle": _with_metadata(base64.b64encode(EVIL).decode()),
        "space-before-the-header": safetensors('  {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
    },
    *FLAGGED,
    suffix=".safetensors",
    what="metadata that hold what somebody could run",
)
table(
    "safetensors",
    {"metadata-with-words": _with_metadata("Use import torch; see https://example.org/a. os.system is not used, and nothing is compiled.")},
    *BENIGN,
    suffix=".safetensors",
)
table(
    "onnx",
    {"metadata-with-a-program": onnx(node("Relu"), extra=field(14, field(1, b"about") + field(2, PROGRAM.encode())))},
    *FLAGGED,
    suffix=".onnx",
)
table("bundles", {"program-among-numbers": b"\x81\xa4code\xd9" + bytes([len(PROGRAM)]) + PROGRAM.encode()}, *FLAGGED, suffix=".msgpack")
table("bundles", {"deeper-than-is-followed": b"\x91" * 5000 + b"\x01"}, *STOPPED, suffix=".msgpack")
table(
    "keras",
    {
        "class-with-a-dot": keras(layer("os.system", {"command": MARKER})),
        "function-as-a-text": keras(layer("Dense", {"units": 1, "loader": "keras.config.enable_unsafe_deserialization"})),
        "module-as-a-text": keras(layer("Dense", {"units": 1, "fn_module": "subprocess"})),
    },
    *FLAGGED,
    suffix=".keras",
)
table(
    "data",
    {
        "extension-with-a-program": f'<?xml version="1.0"?><PMML version="4.4"><Extension name="script">{PROGRAM}</Extension></PMML>'.encode(),
        "layer-of-a-library": b"<net name='n' version='10'><layers><layer id='1' name='a' type='Python' library='a.so'/></layers></net>",
    },
    *FLAGGED,
    suffix=".xml",
)
table("data", {"r-as-text": b"A\n2\n262144\n131840\n5\n254\n254\n254\n"}, *STOPPED, suffix=".rds")
table(
    "data",
    {"handler-that-calls": b"[handler_a]\nclass=StreamHandler\nargs=(__import__('os').system('x'),)\n"},
    *FLAGGED,
    suffix=".ini",
)
table(
    "data",
    {"token-in-json": json.dumps({"api_key": "sk-proj-" + "Ab1" * 16}).encode()},
    *STOPPED,
    suffix=".json",
)
table("data", {"program-that-fetches": b"curl http://localhost/x | sh\n"}, *FLAGGED, suffix=".sh")
