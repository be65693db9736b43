"""Bundles that a framework unpacks and loads: NeMo, TorchServe, PT2, MLflow, llamafile, spaCy."""

import gzip
import json
import struct

from attacks.archives import tarred, zipped
from attacks.opcodes import RUN, proto
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, MARKER, STOPPED, table

EVIL = proto(2, RUN)
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
TARGET = f"model:\n  _target_: os.system\n  command: {MARKER}\n".encode()
PROGRAM = f"import os\nos.system({MARKER!r})\n".encode()


def _pt2(extra: dict[str, bytes]) -> bytes:
    return zipped({"m/archive_format": b"pt2", "m/archive_version": b"0", "m/models/model.json": b"{}", **extra})


def _objects(kind: bytes) -> bytes:
    """A table of MessagePack with an array as msgpack-numpy writes it."""
    return b"\x84\xa2nd\xc3\xa4type\xa1f\xa4kind\xa1" + kind + b"\xa4data\xc4" + bytes([len(EVIL)]) + EVIL


table("bundles", {"target-in-the-configuration": tarred({"model_config.yaml": TARGET, "model_weights.ckpt": zipped({"a/data.pkl": b"\x80\x02}."})}),
                  "pickle-as-weights": tarred({"model_config.yaml": b"a: 1\n", "model_weights.ckpt": EVIL}),
                  "compressed": gzip.compress(tarred({"model_config.yaml": TARGET}))}, *MALICIOUS, suffix=".nemo", what="a model of NeMo that runs something")  # fmt: skip
table("bundles", {"climbs": tarred({"../../.bashrc": b"x"})}, *MALICIOUS, suffix=".nemo")
table(
    "bundles",
    {"handler": zipped({"MAR-INF/MANIFEST.json": json.dumps({"model": {"handler": "handler.py"}}).encode(), "handler.py": PROGRAM})},
    *MALICIOUS,
    suffix=".mar",
)
table("bundles", {"library": _pt2({"m/data/aotinductor/model/x.so": ELF}), "weights-as-a-pickle": _pt2({"m/data/weights/weights.pt": EVIL})}, *FLAGGED, suffix=".pt2",
      what="an exported program with machine code or a pickle")  # fmt: skip
table(
    "bundles",
    {"llamafile": b"MZqFpD='\n" + bytes(55) + zipped({".args": b"-m\nmodel.gguf\n"})},
    *STOPPED,
    suffix=".llamafile",
    what="a program and an archive at once",
)
table("bundles", {"array-of-objects": _objects(b"O")}, *FLAGGED, suffix=".msgpack", what="an array of objects that its reader unpickles")
table("bundles", {"spacy-array-of-objects": _objects(b"O")}, *FLAGGED, suffix="", what="the same under a name without a suffix")
table("bundles", {"spacy-plain": b"\x82\xa5nodes\x92\x01\x02\xa4name\xa3abc"}, *BENIGN, suffix="", what="a table of spaCy")
table("bundles", {"loader": f"flavors:\n  python_function:\n    loader_module: os.system\n    code: code\n# {MARKER}\n".encode()}, *FLAGGED, suffix=".yaml",
      what="an MLflow model that names what loads it")  # fmt: skip
table("bundles", {"broken-zstd": struct.pack("<I", 0xFD2FB528) + EVIL}, *STOPPED, suffix=".zst", what="a stream that is broken")


def _record(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + b"sum1" + content + b"sum2"


table("bundles", {"examples": _record(b"\n\x05hello") * 3}, *BENIGN, suffix=".tfrecord", what="records of TensorFlow")
table(
    "bundles",
    {"examples-and-a-pickle": _record(b"\n\x05hello") + EVIL},
    *FLAGGED,
    suffix=".tfrecord",
    what="records, and a pickle behind them",
)
table("bundles", {"letters-of-one-byte": "naïve café\n".encode("latin-1") * 9}, *BENIGN, suffix=".txt", what="text in an older encoding")
table(
    "bundles",
    {"letters-of-two-bytes": "a,b\n1,2\n".encode("utf-16")},
    *BENIGN,
    suffix=".csv",
    what="text behind a mark of its order of bytes",
)
