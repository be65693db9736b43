"""Python, templates and configurations that reach what they mean on a detour: handed on, looked up by a name, put together."""

import base64
import io
import json
import lzma
import struct
import zipfile
import zlib

from attacks.archives import GOOD, tarred, torch_zip, zipped
from attacks.opcodes import RUN, items, name, proto, text
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, MARKER, Content, sample, table
from attacks.tensors import npy

EVIL = proto(2, RUN)

DETOURS = {
    "starred": b"from os import *\nsystem('x')\n", "in-a-table": b"import os\nd = {'a': os.system}\nd['a']('x')\n", "mapped": b"import os\nlist(map(os.system, ['x']))\n",
    "partial": b"import functools, os\nfunctools.partial(os.system, 'x')()\n", "thread": b"import threading, os\nthreading.Thread(target=os.system, args=('x',)).start()\n",
    "loaded-modules": b"import sys\nsys.modules['os'].system('x')\n", "names-of-a-module": b"import os\nvars(os)['system']('x')\n", "dictionary-of-a-module": b"import os\nos.__dict__['system']('x')\n",
    "joined-name": b"import builtins\nbuiltins.__dict__['ex' + 'ec']('1')\n", "global-names": b"globals()['__builtins__']['eval']('1')\n", "taken": b"getattr(__builtins__, 'eval')('1')\n",
    "attribute-getter": b"import operator, os\noperator.attrgetter('system')(os)('x')\n", "python-in-python": b"import ctypes\nctypes.pythonapi.PyRun_SimpleString(b'x')\n",
}  # fmt: skip


def _module(code: bytes) -> Content:
    return {"modeling_x.py": code, "config.json": json.dumps({"auto_map": {"AutoModel": "modeling_x.Net"}}).encode()}


for _name, _code in DETOURS.items():
    table("python_code", {f"detour-{_name}": _module(_code)}, *MALICIOUS, suffix="", what="a program that reaches a function on a detour")
table(
    "python_code",
    {"type-of-a-process": {"modeling_x.txt": b"-", "helper.py": b"import subprocess\n\nx: subprocess.Popen | None = None\n"}},
    *BENIGN,
    suffix="",
)

TEMPLATES = {
    "joined-name-in-a-variable": "{% set n = ['__cl', 'ass'] | join %}{{ x[n] }}",
    "name-of-letters": "{{ x['%c%c' % (95, 95)] }}",
    "program-that-renders": "{{ request.application }}",
    "settings-of-a-program": "{{ config.items() }}",
}
table("templates", {f"detour-{n}": t.encode() for n, t in TEMPLATES.items()}, *FLAGGED, suffix=".jinja")
table("templates", {"under-another-key": b"doc_to_text: \"{{ ''.__class__.__mro__ }}\"\n"}, *MALICIOUS, suffix=".yaml")
table("templates", {"in-toml": b"chat_template = \"{{ ''.__class__.__mro__ }}\"\n"}, *MALICIOUS, suffix=".toml")
table("templates", {"not-run": b"{% raw %}{{ x.__class__ }}{% endraw %}"}, *BENIGN, suffix=".jinja")

table(
    "configurations",
    {
        "target-as-a-tag": b"a: !new:os.system\n  command: x\n",
        "walk-through-a-framework": b"_target_: torch.nn.os.system\n",
        "target-behind-an-alias": b"x: &t os.system\n_target_: *t\n",
        "target-of-two-bytes": "_target_: os.system\n".encode("utf-16"),
        "factory-of-logging": b"version: 1\nhandlers:\n  h:\n    (): os.system\n    command: x\n",
    },
    *MALICIOUS,
    suffix=".yaml",
)
table("configurations", {"target": b'[model]\n_target_ = "os.system"\n'}, *MALICIOUS, suffix=".toml")
table(
    "configurations",
    {
        "resolver-that-evaluates": b"a: ${eval:'1+1'}\n",
        "command-in-a-field": b"debug_command: rm -rf /tmp/lading-marker\n",
    },
    *FLAGGED,
    suffix=".yaml",
)
table(
    "configurations",
    {
        "chain": json.dumps({"lc": 1, "type": "constructor", "id": ["langchain", "tools", "python", "PythonREPLTool"]}).encode(),
        "custom-operator": json.dumps({"nodes": [{"op": "Custom", "name": "x", "inputs": []}], "arg_nodes": [], "heads": []}).encode(),
        "notebook-of-version-3": json.dumps({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "import os\nos.system('x')"}]}]}).encode(),
    },
    *FLAGGED, suffix=".json",
)  # fmt: skip


@sample("repository", *FLAGGED)
def generation_code_elsewhere() -> Content:
    """A configuration that fetches generation code from another repository."""
    return {"generation_config.json": json.dumps({"custom_generate": "somebody/else"}).encode()}


@sample("repository", *FLAGGED)
def adapter_through_a_library() -> Content:
    """An adapter that reaches another module through the library that it names."""
    return {
        "adapter_config.json": json.dumps({"auto_mapping": {"base_model_class": "system", "parent_library": "transformers.os"}}).encode()
    }


@sample("repository", *FLAGGED)
def router_of_other_modules() -> Content:
    """A router of sentence-transformers that names modules that are not its own."""
    return {"router_config.json": json.dumps({"types": {"a": "acme.Module"}, "structure": {"query": ["a"]}}).encode()}


@sample("repository", *FLAGGED)
def script_of_a_data_set() -> Content:
    """A script that the loader of a data set imports by the name of its folder."""
    return {"acme.py": b"import datasets\n\n\nclass Acme(datasets.GeneratorBasedBuilder):\n    pass\n"}


@sample("repository", *FLAGGED)
def build_backend_of_its_own() -> Content:
    """A project whose build imports a module that it brings along."""
    return {"pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "build_it"\nbackend-path = ["."]\n'}


@sample("repository", *MALICIOUS)
def model_of_mlflow_above() -> Content:
    """An MLflow model whose file lies above its folder."""
    return {"MLmodel": b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: ../../x.pkl\n"}


@sample("repository", *FLAGGED)
def compiled_and_unchecked() -> Content:
    """Compiled Python that is run whatever its source says."""
    return {"net.py": b"X = 1\n", "__pycache__/net.cpython-311.pyc": b"\xa7\r\r\n\x01\0\0\0" + bytes(8) + b"\xe3" + MARKER.encode()}


@sample("repository", *BENIGN)
def compiled_and_checked() -> Content:
    """What Python itself leaves behind, and makes again when the source is another."""
    return {"net.py": b"X = 1\n", "__pycache__/net.cpython-311.pyc": b"\xa7\r\r\n\0\0\0\0" + bytes(8) + b"\xe3"}


def _link(target: bytes) -> bytes:
    out, info = io.BytesIO(), zipfile.ZipInfo("weights.bin")
    info.external_attr, info.create_system = 0xA1FF << 16, 3
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, target)
    return out.getvalue()


table("archives", {"zip-link-climbs": _link(b"../../../../etc/passwd")}, *MALICIOUS, suffix=".zip")
table("archives", {"code-that-is-no-torchscript": torch_zip(GOOD, extra={"archive/code/__torch__.py": b"import os\nos.system('x')\n", "archive/constants.pkl": proto(2, b")")})}, *FLAGGED, suffix=".pt")  # fmt: skip
table(
    "archives",
    {"handler-above": zipped({"MAR-INF/MANIFEST.json": json.dumps({"model": {"handler": "../../h.py"}}).encode()})},
    *MALICIOUS,
    suffix=".mar",
)
table("archives", {"requirements-of-its-own": zipped({"MAR-INF/MANIFEST.json": json.dumps({"model": {"requirementsFile": "r.txt"}}).encode(), "r.txt": b"x\n"})}, *FLAGGED, suffix=".mar")  # fmt: skip
table("archives", {"object-of-a-class": zipped({"m/archive_format": b"pt2", "m/archive_version": b"0", "m/models/model.json": b"{}", "m/data/constants/custom_obj_0": EVIL})}, *FLAGGED, suffix=".pt2")  # fmt: skip
table("joblib_arrays", {"before-0-10": b"ZF" + hex(len(EVIL)).ljust(19).encode() + zlib.compress(EVIL)}, *MALICIOUS, suffix=".pkl.z")
table("joblib_arrays", {"before-0-10-plain": b"ZF" + hex(len(GOOD)).ljust(19).encode() + zlib.compress(GOOD)}, *BENIGN, suffix=".pkl.z")
table("npy", {"objects-by-their-word": npy("'object'", "(1,)", EVIL)}, *MALICIOUS, suffix=".npy")
table("npy", {"objects-that-are-no-pickle": npy("'|O'", "(1,)", b"    " + EVIL)}, "malicious", "suspicious", "unscannable", suffix=".npy")
table("skops", {"file-above": zipped({"schema.json": json.dumps({"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode", "type": "numpy", "file": "../../x.npy"}).encode()})}, *MALICIOUS, suffix=".skops")  # fmt: skip


_STORAGE = proto(2, items(text("0"), text("cpu"), name("torch:FloatStorage")))
_TENSOR = proto(2, items(text("t"), text("0"), name("torch:FloatTensor")))
STORAGES = proto(2, b"K\x01") + _STORAGE + struct.pack("<q2f", 2, 1, 2) + proto(2, b"]")
TENSORS = proto(2, b"K\x01") + _TENSOR + struct.pack("<iiqqq", 1, 0, 2, 1, 0)


def _oldest(**members: bytes) -> bytes:
    """An archive of torch before 0.2."""
    return tarred({"sys_info": GOOD, "pickle": GOOD, "storages": STORAGES, "tensors": TENSORS, **members})


LZMA = lzma.compress(EVIL, lzma.FORMAT_ALONE)
table("archives", {"oldest-torch-plain": _oldest()}, *BENIGN, suffix=".pth")
table(
    "archives",
    {
        "oldest-torch-storages": _oldest(storages=EVIL),
        "oldest-torch-views": _oldest(storages=STORAGES[:-4] + EVIL),
        "oldest-torch-tensors": _oldest(tensors=EVIL),
        "oldest-torch-one-tensor": _oldest(tensors=proto(2, b"K\x01") + EVIL),
        "lzma-that-says-how-long-it-is": LZMA[:5] + struct.pack("<Q", len(EVIL)) + LZMA[13:],
        "stable-baselines": zipped({"data": json.dumps({"policy_class": {":serialized:": base64.b64encode(EVIL).decode()}}).encode()}),
    },
    *MALICIOUS,
    suffix=".pth",
)
table("configurations", {"pickle-as-text": json.dumps({"blob": base64.b64encode(EVIL).decode()}).encode()}, *FLAGGED, suffix=".json")
table("npy", {"shape-of-a-field-that-is-no-number": npy("[('a', '<f4', 'x')]", "(1,)", bytes(8))}, *FLAGGED, suffix=".npy")
