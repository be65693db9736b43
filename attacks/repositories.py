"""Repositories of models: what a loader imports, renders or opens because a configuration says so."""

import json

from attacks.registry import BENIGN, FLAGGED, MALICIOUS, MARKER, STOPPED, Content, sample, table
from attacks.tensors import ESCAPE, safetensors

RUNS = f"import os\nos.system({MARKER!r})\n".encode()
DEFINES = b"from torch import nn\n\n\nclass Net(nn.Module):\n    pass\n"
WEIGHTS = safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


@sample("repository", *FLAGGED)
def auto_map() -> Content:
    """A configuration that tells transformers to import a module of the repository."""
    return {"config.json": _json({"auto_map": {"AutoModel": "modeling_x.Net"}}), "modeling_x.py": DEFINES, "model.safetensors": WEIGHTS}


@sample("repository", *FLAGGED)
def auto_map_of_another_repository() -> Content:
    """A configuration that names a module of somebody else's repository."""
    return {"config.json": _json({"auto_map": {"AutoModel": "somebody/else--modeling_x.Net"}}), "model.safetensors": WEIGHTS}


@sample("repository", *MALICIOUS)
def code_with_effects() -> Content:
    """The module that auto_map names does something when it is imported."""
    return {"config.json": _json({"auto_map": {"AutoModel": "modeling_x.Net"}}), "modeling_x.py": RUNS + DEFINES}


@sample("repository", *FLAGGED)
def tokenizer_code() -> Content:
    """A tokenizer of the repository's own."""
    return {"tokenizer_config.json": _json({"auto_map": {"AutoTokenizer": ["tokenization_x.T", None]}})}


@sample("repository", *FLAGGED)
def custom_generate() -> Content:
    """Generation code that is fetched and imported."""
    return {"custom_generate/generate.py": b"def generate(model, **kwargs):\n    return model\n", "config.json": _json({})}


@sample("repository", *FLAGGED)
def custom_pipeline() -> Content:
    """A pipeline that the configuration names."""
    return {"config.json": _json({"custom_pipelines": {"x": {"impl": "my_pipeline.P", "pt": ["AutoModel"]}}})}


@sample("repository", *FLAGGED)
def diffusers_component() -> Content:
    """A component of a pipeline that stands in the repository."""
    return {"model_index.json": _json({"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "UNet"]})}


@sample("repository", *FLAGGED)
def sentence_transformers_module() -> Content:
    """A module of sentence-transformers that is not its own."""
    return {"modules.json": _json([{"idx": 0, "name": "0", "path": "", "type": "my_module.Transformer"}])}


@sample("repository", *MALICIOUS)
def index_climbs() -> Content:
    """An index whose shards lie outside of the folder."""
    return {"model.safetensors.index.json": _json({"metadata": {}, "weight_map": {"a": "../../other/model.safetensors"}})}


@sample("repository", *MALICIOUS)
def index_absolute() -> Content:
    """An index whose shards have an absolute path."""
    return {"pytorch_model.bin.index.json": _json({"weight_map": {"a": "/etc/passwd"}})}


@sample("repository", *FLAGGED)
def adapter_library() -> Content:
    """An adapter that names a module to import."""
    return {"adapter_config.json": _json({"auto_mapping": {"base_model_class": "X", "parent_library": "my_library.x"}})}


def _template(text: str) -> bytes:
    return _json({"chat_template": text})


TEMPLATES = {
    "subclasses": ESCAPE, "globals": "{% for x in [1] %}{{ cycler.__init__.__globals__.os.popen('id') }}{% endfor %}",
    "attr-filter": "{{ ''|attr('__class__')|attr('__mro__') }}", "split-name": "{{ ''['__cl' ~ 'ass__'] }}", "escaped-name": r"{{ ''['\x5f\x5fclass\x5f\x5f'] }}",
    "joined-name": "{{ ''|attr(['__cla','ss__']|join) }}", "in-a-condition": "{% if ''.__class__ %}{% endif %}", "in-a-set": "{% set x = lipsum.__globals__ %}",
    "unicode-name": r"{{ ''['\u005f\u005fclass\u005f\u005f'] }}", "imports": "{{ self.__init__.__globals__.__builtins__.__import__('os').system('id') }}",
}  # fmt: skip
table("templates", {f"tokenizer-{n}": _template(t) for n, t in TEMPLATES.items()}, *FLAGGED, suffix=".json")
table("templates", {f"jinja-{n}": t.encode() for n, t in TEMPLATES.items()}, *FLAGGED, suffix=".jinja")
table(
    "templates",
    {"one-of-many": _json({"chat_template": [{"name": "default", "template": "x"}, {"name": "tool", "template": ESCAPE}]})},
    *FLAGGED,
    suffix=".json",
)
table(
    "templates",
    {"computed-name": _template("{{ x['%s' | format('a')] }}"), "includes": _template("{% include 'other' %}")},
    *FLAGGED,
    suffix=".json",
)
table(
    "templates",
    {
        "plain": _template("{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] | trim }}{% endfor %}{% set ns = namespace(x=1) %}{% set ns.x = 2 %}"),
        "tools": _template("{% if tools is defined %}{{ tools | map(attribute='name') | join(', ') }}{{ raise_exception('no') }}{% endif %}{# __class__ #}"),
        "words": _json({"vocab": {"__class__": 1, "os.system": 2, "{{": 3}}),
    },
    *BENIGN, suffix=".json",
)  # fmt: skip

table(
    "configurations",
    {
        "hydra-system": b"model:\n  _target_: os.system\n  command: echo lading-marker\n",
        "hydra-eval": b"_target_: builtins.eval\n_args_: ['1']\n",
        "tag-apply": b"a: !!python/object/apply:os.system ['echo lading-marker']\n",
        "tag-new": b"a: !!python/object/new:os.system {args: ['x']}\n",
        "tag-name": b"a: !!python/name:os.system\n",
        "tag-declared": b"%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['x']\n",
        "template": b"prompt_template: \"{{ ''.__class__.__mro__ }}\"\n",
    },
    *MALICIOUS, suffix=".yaml",
)  # fmt: skip
table(
    "configurations",
    {"hydra-unknown": b"_target_: acme.models.Thing\n", "class-path": b"model:\n  class_path: acme.Thing\n"},
    *FLAGGED,
    suffix=".yaml",
)
table(
    "configurations", {"aliases": b"a: &a [x,x]\n" + b"".join(b"b%d: [%s]\n" % (n, b",".join([b"*a"] * 4000)) for n in range(4))}, *STOPPED, suffix=".yaml",
)  # fmt: skip
table("configurations", {"plain": b"model:\n  _target_: torch.nn.Linear\n  in_features: 3\nlist: [1, 2]\n"}, *BENIGN, suffix=".yaml")
table(
    "configurations", {"jsonpickle": _json({"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["x"]}]})}, *MALICIOUS, suffix=".json"
)

PROGRAMS = {
    "system": RUNS, "subprocess": b"import subprocess as s\ns.run(['id'])\n", "from-import": b"from os import system as f\nf('x')\n",
    "dynamic-import": b"__import__('os').system('x')\n", "importlib": b"import importlib\nimportlib.import_module('os').system('x')\n",
    "exec-decoded": b"import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n", "eval": b"eval('1+1')\n", "getattr": b"import os\ngetattr(os, 'sys' + 'tem')('x')\n",
    "class-body": b"import os\nclass A:\n    os.system('x')\n", "decorator": b"import os\n@os.system\ndef f(): pass\n"[:0] + b"import os\ndef g(x=os.system('x')): pass\n",
    "called-function": b"import os\ndef f():\n    os.system('x')\nf()\n", "socket": b"import socket\ns = socket.socket()\n", "ctypes": b"import ctypes\nctypes.CDLL('libc.so.6')\n",
    "marshal": b"import marshal\nmarshal.loads(b'')\n", "subclasses": b"x = ().__class__.__base__.__subclasses__()\n", "renamed": b"import os\nrun = os.system\nrun('x')\n",
}  # fmt: skip
table("python_code", {f"program-{n}": c for n, c in PROGRAMS.items()}, *MALICIOUS, suffix=".py")


@sample("modeling_x.py", *MALICIOUS)
def effect_in_a_method() -> Content:
    """A module that loaders import, with an effect in its constructor."""
    return b"import os\nfrom torch import nn\nclass N(nn.Module):\n    def __init__(self):\n        super().__init__()\n        os.system('x')\n"


@sample("sitecustomize.py", *MALICIOUS)
def startup_file() -> Content:
    """A module that Python imports at its start."""
    return b"x = 1\n"


@sample("evil.pth", *MALICIOUS)
def startup_line() -> Content:
    """A line that Python runs at its start."""
    return b"import os; os.system('echo lading-marker')\n"


@sample("evil.ipynb", *MALICIOUS)
def notebook() -> Content:
    """A notebook whose cell runs a program."""
    return _json(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [{"cell_type": "code", "source": ["import os\n", "os.system('x')"], "metadata": {}, "outputs": []}],
        }
    )


@sample("repository", *BENIGN)
def plain_repository() -> Content:
    """Weights, configuration, tokenizer and a card."""
    return {
        "config.json": _json({"architectures": ["BertModel"], "model_type": "bert"}), "model.safetensors": WEIGHTS, "README.md": b"---\nlicense: mit\n---\n# Model\nUse os.system with care.\n",
        "tokenizer.json": _json({"model": {"type": "BPE", "vocab": {"__class__": 0}}}), "vocab.txt": b"[PAD]\n[UNK]\nos\n", ".gitattributes": b"*.bin filter=lfs\n",
        "model.safetensors.index.json": _json({"metadata": {"total_size": 16}, "weight_map": {"a": "model.safetensors"}}), "merges.txt": b"#version: 0.2\na b\n",
        "modules.json": _json([{"idx": 0, "name": "0", "path": "1_Pooling", "type": "sentence_transformers.models.Transformer"}]),
        "model_index.json": _json({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None]}),
    }  # fmt: skip
