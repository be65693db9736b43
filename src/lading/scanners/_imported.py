"""Keys of configurations under which a name stands that one library imports, evaluates or fetches code by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.pickles.known import effect_of
from lading.scanners._registry import Part, Seen

_OWN = {
    "megatron_core": (("megatron.",), "peft"),
    "activation_function": (("torch.nn.", "sentence_transformers.", "transformers."), "sentence-transformers"),
    "activation_fn": (("torch.nn.", "sentence_transformers.", "transformers."), "sentence-transformers"),
    "sbert_ce_default_activation_function": (("torch.nn.", "sentence_transformers.", "transformers."), "sentence-transformers"),
}
"""Keys whose value is imported where it has dots, the packages that belong there, and who imports it."""
_MODULES = frozenset({"megatron_core"})
"""Those of them whose value is a module, with dots or without."""
_COMPONENT = pattern(r"components\.[^.]+\.type")
_KERNELS = frozenset(
    {"attn_implementation", "_attn_implementation", "_attn_implementation_internal", "_experts_implementation", "experts_implementation"}
)
_EVALUATED = frozenset({"expr_str", "_expr_str"})
_CHAINS = frozenset({"llm_bash_chain", "pal_chain", "llm_requests_chain", "bash_chain"})
"""Chains that run what a model answers, or fetch what it names."""
_DOTTED = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_OPERATORS = pattern(
    r"torch\.ops\.(?:aten|prim|prims|quantized|quantized_decomposed|torchvision|torchaudio|higher_order|inductor|_c10d_functional|_quantized|mkldnn|onednn|profiler|sym)\.\w+(?:\.\w+)?"
    r"|torch\.ops\.(?!\w+\.)\w+|_operator\.\w+|math\.\w+|torch\.(?:sym_\w+|_sym_\w+|_check\w*|_C\._\w+)|torch\.(?:_higher_order_ops|utils\._sympy|fx\.experimental|autograd)\.[\w.]+|torch\.(?!ops\.)\w+"
)
"""What a program of torch.export calls; a plain name of torch is a function of it."""
_ACTS = pattern(
    r"torch\.(?:os|sys|load|save|importlib|inspect|ctypes|builtins|textwrap|threading|platform|glob|hub|compile|from_file)\b|_operator\.(?:methodcaller|attrgetter|call)"
)
_EXPRESSION = pattern(
    r"(?:(?:Symbol|Float|Rational|Integer|Dummy)\('[\w.+/-]++'|(?:floor|ceiling|sqrt|log|exp|sin|cos|tan|sign|sum|min|max|abs)(?=\()|[a-z_]\w*+(?!\()|[A-Z]\w*+|\d[\w.]*+|[\s+\-*/%(),<>=!&|~:^])*+"
)
"""Arithmetic of sizes: capital names are classes of SymPy and of torch, others are called only where they compute."""
_REPOSITORY = pattern(r"(?<![\w.-])(?!kernels-community/)[\w.-]+/[^/\s]+")
"""A repository of somebody's own; those of one publisher are what the library itself falls back to."""


_GUARD = pattern(
    r"(?:L(?:\['\w+'\]|\[\d+\])+|\.(?:size|stride|storage_offset|dim|numel)\(\)|\[\d+\]|math\.\w++|torch\.sym_\w++|(?:max|min|abs|len|not|and|or|int|float|bool|True|False|Mod|Eq|Ne)(?!\w)|\d[\d.e]*+|[\s+\-*/%(),<>=!&|])*+"
)
"""What is asked of the sizes of the inputs."""


class _Rule(Struct, frozen=True):
    """When the value of a key is told, in which words, and who loads it."""

    counts: Callable[[Part, str, str], bool]
    message: str
    loader: str


_RASA = frozenset({"pipeline.name", "policies.name"})
_NAMED = "{path} names {value} to be imported"
_KERNEL = _Rule(
    lambda _, __, v: bool(_REPOSITORY.search(v)),
    "{path} names the repository {value}, whose code and libraries are fetched and run",
    "transformers with kernels",
)
_RULES = {
    **dict.fromkeys(_KERNELS, _KERNEL),
    "tokenizer_class": _Rule(lambda p, _, v: p.base == "wordembedding_config.json" and not v.startswith("sentence_transformers."), _NAMED, "sentence-transformers"),
    "_type": _Rule(lambda _, __, v: v in _CHAINS, "the chain {value} runs or fetches what a model answers", "langchain"),
    "#": _Rule(lambda _, __, v: v.endswith("py_func"), "an operator of it calls Python", "PaddlePaddle"),
    "py_modules": _Rule(lambda _, __, v: bool(v), "{path} names the program {value}", "Jina"),
    "user_dir": _Rule(lambda _, path, v: path.endswith("common.user_dir") and v not in {"", "null", "~"}, "{path} names the folder {value}, which is imported", "fairseq"),
    "custom_ops_library": _Rule(lambda _, __, v: bool(v), "{path} names the library {value}", "ONNX Runtime GenAI"),
    "model_script": _Rule(lambda _, __, v: bool(v), "{path} names the program {value}", "Olive"),
    "user_script": _Rule(lambda _, __, v: bool(v), "{path} names the program {value}", "Olive"),
    "column_encodings": _Rule(lambda _, __, v: v == "pkl", "the rows of a column are pickles", "MosaicML Streaming"),
    "data_format": _Rule(lambda _, path, v: v.startswith("pickle") and path.startswith("config."), "the rows of a column are pickles", "LitData"),
    "name": _Rule(lambda p, path, v: p.base == "config.yml" and path in _RASA and bool(_DOTTED.fullmatch(v)) and not v.startswith("rasa."), _NAMED, "Rasa"),
    "module_name": _Rule(lambda p, _, v: p.base.startswith("great_expectations") and not v.startswith("great_expectations"), _NAMED, "Great Expectations"),
    "type": _Rule(lambda _, path, v: bool(_COMPONENT.fullmatch(path) and _DOTTED.fullmatch(v)) and not v.startswith("haystack"), _NAMED, "Haystack"),
}  # fmt: skip
KEYS = frozenset({"custom_imports", "target", "guards_code"}) | _EVALUATED | _OWN.keys() | _RULES.keys()


def imported(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in a configuration
    """Yield an objection where a library imports, evaluates or fetches something else than what belongs there."""
    if key == "custom_imports" and isinstance(value, dict):
        yield from _modules(part, value.get("imports"))
    if not isinstance(value, str):
        return
    if part.context == "pt2":
        yield from _exported(part, path, key, value)
    elif key in _OWN:
        packages, loader = _OWN[key]
        if (key in _MODULES or _DOTTED.fullmatch(value)) and not f"{value}.".startswith(packages):
            yield _seen(part, _NAMED.format(path=path, value=value[:120]), value, loader)
    elif (rule := _RULES.get(key)) and rule.counts(part, path, value):
        yield _seen(part, rule.message.format(path=path, value=value[:120]), value, rule.loader)


def _modules(part: Part, names: Any) -> Iterator[Seen]:  # noqa: ANN401 - as above
    for name in names if isinstance(names, list) else [names]:
        if isinstance(name, str) and not name.startswith("mm"):
            yield _seen(part, f"custom_imports names {name[:120]}", name, "mmengine")


def _exported(part: Part, path: str, key: str, value: str) -> Iterator[Seen]:
    """A call of a program that torch exported, and the expressions of its sizes, which SymPy evaluates."""
    if (
        key == "target"
        and value.startswith(("torch", "_operator", "math", "#"))
        and (_ACTS.match(value) or not _OPERATORS.fullmatch(value))
    ):
        yield _seen(part, f"{path} calls {value[:120]}, which is no operator", value, "torch.export.load")
    elif (key in _EVALUATED and ("__" in value or not _EXPRESSION.fullmatch(value))) or (
        key == "guards_code" and not _GUARD.fullmatch(value)
    ):
        yield _seen(part, f"{path} is {value[:120]!r}, which is evaluated", value, "torch.export.load")


class _Tag(Struct, frozen=True):
    """A table that makes an object: the keys that it has, where module and name stand, and the packages that belong there."""

    mark: str
    other: str
    module: str
    name: str
    own: tuple[str, ...]
    loader: str


_PLAIN = (
    "numpy.",
    "datetime.",
    "pathlib.",
    "collections.",
    "decimal.",
    "builtins.int.",
    "builtins.float.",
    "builtins.str.",
    "builtins.bool.",
    "builtins.dict.",
    "builtins.list.",
    "builtins.tuple.",
    "builtins.set.",
)
_TAGS = (
    _Tag("type", "module", "module", "name", ("nemo.", "fiddle.", "torch.nn.", "torch.optim.", "megatron.core.", "transformers.models.", "lightning.", "pytorch_lightning.", "collections."), "NeMo, Fiddle"),
    _Tag("@module", "@class", "@module", "@class", (*_PLAIN, "matgl.", "pymatgen.", "monty.", "megnet.", "chgnet.", "maml.", "emmet.", "atomate", "custodian."), "monty, matgl"),
    _Tag("__kind__", "class", "", "class", (*_PLAIN, "gluonts.", "torch.", "pandas.", "mxnet.", "lightning.", "pytorch_lightning."), "GluonTS"),
    _Tag("__instance_type__", "__instance_type__", "", "__instance_type__", _PLAIN, "json_tricks"),
    _Tag("component_type", "provider", "", "provider", ("autogen_", "autogen."), "AutoGen"),
    _Tag("@class", "@class", "", "@class", (*_PLAIN, "org.deeplearning4j.", "org.nd4j.", "org.datavec.", "java.lang.", "java.util.", "ml.dmlc.", "hex.", "water."), "Jackson"),
)  # fmt: skip


def pointed(part: Part, path: str, value: dict[str, Any]) -> Iterator[Seen]:
    """Yield an objection to a table that makes an object of a class that it names, by the customs of one library."""
    for tag in _TAGS:
        if tag.mark not in value or tag.other not in value or (tag.mark == "type" and value["type"] != "pyref"):
            continue
        named = value.get(tag.name)
        full = ".".join(
            str(n) for n in ([value.get(tag.module)] if tag.module else []) + (named if isinstance(named, list) else [named]) if n
        )
        module, _, last = full.rpartition(".")
        own = f"{full}.".startswith(tag.own)
        dangerous = not (own and module == "builtins") and bool(effect_of(module, last) or _WALKED.search(full))
        if "." in full and (dangerous or not own):
            grade = Grade.MALICIOUS if dangerous else Grade.SUSPICIOUS
            yield _seen(part, f"{path or 'it'} makes an object of {full[:160]}", full, tag.loader, grade)
        return


_WALKED = pattern(r"\.(?:os|sys|subprocess|builtins|importlib|hub|serialization|shutil|ctypes|pickle)\.|__")
MARKS = frozenset(tag.mark for tag in _TAGS)
"""Keys by which such a table is known."""


_ACTING = frozenset(
    {"load", "loads", "loader", "save", "dump", "write", "open", "run", "exec", "execute", "eval", "call", "import", "download", "fetch", "spawn", "launch", "system", "popen", "remove",
     "delete", "rmtree", "unpack", "extract", "deserialize", "unpickle", "script", "basichandlers", "upload", "send", "restore", "export", "copy"}
)  # fmt: skip
_FILES = pattern(r"(?:get|cached|fetch)_(?:file|class|module|cached|object)\w*")
_READS = ("sklearn.datasets.", "datasets.load_", "monai.data.load_decathlon_")
"""Functions whose names sound like more than they do."""


def acts(full: str) -> bool:
    """Whether a name within a framework is that of a function which opens, fetches, imports or runs something."""
    name = full.rpartition(".")[2].strip("_")
    if full.startswith(_READS) or name[:1].isupper():
        return False
    return not _ACTING.isdisjoint(name.lower().split("_")) or bool(_FILES.fullmatch(name))


def _seen(part: Part, message: str, name: str, loader: str, grade: Grade = Grade.SUSPICIOUS) -> Seen:
    module, _, last = name.rpartition(".")
    grade = Grade.MALICIOUS if module and effect_of(module, last) else grade
    return part.sees("remote-code", message, grade, callable=name[:120], effect="import", loader=loader)
