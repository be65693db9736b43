"""What the values of configurations mean to the loaders that read them, whether they stand in JSON or in YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lading.binary.window import Window
from lading.core.inspection import Grade, Observation
from lading.core.pattern import pattern
from lading.pickles.known import effect_of
from lading.scanners._encoded import decoded
from lading.scanners._imported import KEYS as IMPORTED
from lading.scanners._imported import MARKS, acts, imported, pointed
from lading.scanners._json import brief
from lading.scanners._named import OPEN_INDEX
from lading.scanners._reached import KEYS as REACHED
from lading.scanners._reached import leads_out, located, reached, references
from lading.scanners._registry import Nested, Part, Seen
from lading.scanners._starts import KEYS as STARTS
from lading.scanners._starts import starts
from lading.syntax.programs import reads_as_program

_TARGETS = frozenset(
    {"_target_", "_target", "target", "class_path", "loader_module", "__target__", "init_fn", "cls_path", "_partial_target_", "_component_"}
)
_SURE_TARGETS = frozenset({"_component_", "_target_", "__target__", "class_path", "loader_module"})
_FRAMEWORKS = (
    "torch.nn.", "torch.optim.", "torch.utils.data.", "torchvision.", "torchmetrics.", "transformers.", "diffusers.", "nemo.", "nemo_automodel.", "pytorch_lightning.",
    "lightning.", "timm.", "sklearn.", "xgboost.", "lightgbm.", "peft.", "datasets.", "accelerate.", "sentence_transformers.", "mlflow.sklearn", "mlflow.pytorch",
    "mlflow.pyfunc", "mlflow.xgboost", "mlflow.transformers", "mlflow.tensorflow", "mlflow.keras", "mlflow.lightgbm", "mlflow.onnx", "mlflow.spark", "mlflow.catboost",
    "speechbrain.", "ldm.", "sgm.", "keras.", "megatron.", "monai.", "omegaconf.", "mlflow.langchain", "mlflow.openai", "mlflow.statsmodels", "mlflow.prophet", "mlflow.spacy",
    "torchtune.",
)  # fmt: skip
_DANGEROUS = pattern(
    r"(?:builtins|os|posix|subprocess|sys|shutil|socket|importlib|pickle|runpy|ctypes|pty|code|pip|webbrowser|marshal|urllib|requests)\.[\w.]+|eval|exec"
)
_WALK = pattern(
    r"\.(?:builtins|os|posix|subprocess|sys|shutil|socket|importlib|pickle|runpy|ctypes|pty|pip|webbrowser|marshal|__builtins__|__globals__)(?:\.|$)"
)
"""A module of danger on the way through one that is trusted."""
_DOTTED = pattern(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+")
_LIBRARIES = frozenset(
    {"diffusers", "transformers", "onnxruntime", "tokenizers", "flax", "peft", "sentence_transformers", "stable_diffusion"}
)
_NATIVE = frozenset({"Custom", "_Native", "_NDArray", "_CustomFunction"})
_PIPELINES = frozenset({"model_index.json", "modular_model_index.json"})
_TEMPLATES = pattern(r"(?:^|[._\[\]\d])\w*(?:template|prompt)\w*$", re.IGNORECASE)
_PLACES = frozenset({"weight_map", "all_weights"})
_FILES = frozenset({"external_data", "location", "weights", "model_file", "weights_file", "data_file"})
_OBJECTS = frozenset({"py/object", "py/reduce", "py/type", "py/function", "py/repr"})
_CODE = frozenset({"custom_generate", "model_code_path"})
"""Keys whose value is a place of Python that is fetched or imported."""
_BRINGS = frozenset({"auto_map", "custom_pipelines", "parent_library", "trust_remote_code", "requirementsFile"}) | _CODE
_IMPORTED = {"bentofile.yaml": ("service", "BentoML"), "mlmodel": ("python_model", "MLflow")}
"""Documents whose loader imports, or unpickles, what stands under one name."""
_ADAPTED = ("transformers.", "diffusers.", "timm.", "sentence_transformers.")
_UNPACKED = frozenset({"model_path", "artifact_path", "handler", "serializedFile"})
_KEYS = frozenset({"()", ":serialized:"}) | _BRINGS | _TARGETS | _FILES | _OBJECTS | _UNPACKED | STARTS | IMPORTED | REACHED
"""Names under which a value means something, whatever it is."""


_JOINS = pattern(r"\bos\.path\.\w+|^\$import [\w., ]+$")
"""What configurations of MONAI say every day."""
_DUNDER = pattern(r"__\w+__")
_RESOLVER = pattern(r"\$\{\s*(?:oc\.)?(?:eval|exec|python|py|resolve_eval|compute|shell|cmd)\s*:")
_RUN = frozenset(
    {
        "command", "cmd", "exec", "execute", "run", "script", "setup", "setup_commands", "shell", "debug_command", "post_install", "preinstall", "postinstall", "install",
        "init", "init_code", "code", "hook", "shell_hook", "entry", "source_code", "javascriptFunction", "enter", "on_load", "cleanup", "cleanup_script", "build_commands", "entrypoint",
    }
)  # fmt: skip
"""Names under which a command stands that something runs."""


def first_telling(names: set[str]) -> str:
    """The first of some names that means something to a loader."""
    return next((n for n in sorted(names) if n in _KEYS or "template" in n), "")


_EVERYWHERE = frozenset({"type", "name", "path", "file"})
"""Names that stand in every document: only a module or a path means anything there."""


def telling(key: str, value: Any) -> bool:  # noqa: ANN401 - anything stands in a configuration
    """Whether a value that is no table and no list can mean anything to a loader."""
    known = key in _KEYS or ("." in key and key.rpartition(".")[2] in STARTS)
    if known and key in _EVERYWHERE:
        known = isinstance(value, str) and ("." in value or "/" in value or "\\" in value)
    return known or (
        isinstance(value, str)
        and ("{" in value or value[:1] == "$" or "http://" in value or "--trusted" in value or (key in _RUN and bool(value)))
    )


_MOST_TOLD = 60
"""Enough to see what a document is; behind so many, only what is malicious is told."""


def values(part: Part, pairs: Iterable[tuple[str, Any]]) -> Iterator[Seen]:
    """Yield what counts against a configuration, and the templates that it holds."""
    told = 0
    for path, value in pairs:
        key = path.rpartition(".")[2].partition("[")[0]
        for seen in _value(part, path, key, value):
            if isinstance(seen, Observation):
                told += 1
                if told > _MOST_TOLD and seen.grade is not Grade.MALICIOUS:
                    continue
            yield seen
            if told > _MOST_TOLD * 1000:
                return


def _by_key(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands there
    """What one library does with the value of a key, or with a table that has one shape."""
    if key in STARTS:
        yield from starts(part, path, key, value)
    if key in IMPORTED:
        yield from imported(part, path, key, value)
    if key in REACHED:
        yield from reached(part, path, key, value)
    if isinstance(value, dict) and not MARKS.isdisjoint(value):
        yield from pointed(part, path, value)
    if isinstance(value, dict) and value.get("type") == "code" and isinstance(value.get("value"), str) and reads_as_program(value["value"]):
        yield part.sees("config-target", f"{path} is a program: {value['value'][:120]}", effect="execute", loader="Langflow")
    if isinstance(value, dict) and value.get("key") == "location":
        yield from located(part, path, value)


def _value(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - as above
    yield from _by_key(part, path, key, value)
    if key in _OBJECTS:
        yield part.sees("data-code", f"it makes an object of {brief(value)[:80]}", Grade.MALICIOUS, effect="execute", loader="jsonpickle")
    elif key in _TARGETS and isinstance(value, str) and part.context != "pt2":
        yield from _target(part, key, value)
    elif key == "()" and isinstance(value, str):  # what logging.config calls; formatters of a program's own stand there every day
        yield from (s for s in _target(part, "_target_", value) if isinstance(s, Observation) and s.grade is Grade.MALICIOUS)
    elif key == ":serialized:" and isinstance(value, str):  # stable-baselines3 unpickles it
        yield Nested(Window(decoded(value.encode("ascii", "replace"))), key, "pickle")
    elif key in _BRINGS and value:
        yield from _brings(part, key, value)
    elif isinstance(value, str):
        yield from _text(part, path, key, value)
    elif key in _PLACES and isinstance(value, dict):
        yield from _map(part, value)
    elif path == "" and isinstance(value, (dict, list)):
        yield from _whole(part, value)


def _brings(part: Part, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - as above
    """Code of the repository, or of another one, that a loader is told to import."""
    if key == "auto_map" and isinstance(value, (dict, list, str)):
        named = ", ".join(_texts(value))[:200]
        yield part.sees(
            "remote-code", f"auto_map tells the loader to import {named}", effect="execute", loader="transformers with trust_remote_code"
        )
    elif key == "custom_pipelines":
        yield part.sees("remote-code", "it brings pipelines of its own", effect="execute", loader="transformers.pipeline")
    elif key == "parent_library" and isinstance(value, str) and (not value.startswith(_ADAPTED) or _WALK.search(value)):
        yield part.sees("remote-code", f"the adapter names the module {value} to import", effect="import", loader="peft")
    elif key == "trust_remote_code" and value is True:
        yield part.sees("remote-code", "it asks to trust code from elsewhere", effect="execute")
    elif key in _CODE and isinstance(value, str):
        yield part.sees("remote-code", f"{key} names code to be imported: {value[:120]}", effect="execute", loader="transformers, MLflow")
    elif key == "requirementsFile" and part.context == "mar":
        yield part.sees("remote-code", f"the server installs what {str(value)[:80]} names", effect="network", loader="TorchServe")


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        value = [t for v in value.values() for t in (v if isinstance(v, list) else [v])]
    return [str(v) for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _target(part: Part, key: str, value: str) -> Iterator[Seen]:
    module, _, name = value.rpartition(".")
    if (
        _DANGEROUS.fullmatch(value)
        or _WALK.search(value)
        or (_DOTTED.fullmatch(value) and effect_of(module, name) and not value.startswith(_FRAMEWORKS))
    ):
        message = f"{key} names {value}, which is called with the arguments that stand beside it"
        yield part.sees("config-target", message, Grade.MALICIOUS, callable=value, effect="execute", loader="hydra, NeMo, Lightning")
    elif value.startswith(_FRAMEWORKS) and (acts(value) or "${" in value):
        message = f"{key} names {value}, a function that opens, fetches or runs what stands beside it"
        yield part.sees("config-target", message, callable=value, effect="execute", loader="hydra, NeMo, Lightning")
    elif (_DOTTED.fullmatch(value) or key in _SURE_TARGETS) and not value.startswith(_FRAMEWORKS):
        grade = Grade.SUSPICIOUS if key in _SURE_TARGETS else Grade.UNSCANNABLE
        yield part.sees(
            "config-target",
            f"{key} names {value} to be imported and called",
            grade,
            callable=value,
            effect="import",
            loader="hydra, NeMo, Lightning",
        )


def _text(part: Part, path: str, key: str, value: str) -> Iterator[Seen]:
    if ("{{" in value or "{%" in value) and (_TEMPLATES.search(path) or "template" in path or _DUNDER.search(value)):
        yield Nested(Window(value.encode("utf-8", "replace")), key or "template", "template")
    if "${" in value and _RESOLVER.search(value):
        message = f"{path} has the value {value[:120]}, which a resolver that evaluates Python would run"
        yield part.sees("config-target", message, effect="execute", loader="OmegaConf with a resolver of its own")
    if ("http://" in value or "--trusted" in value) and OPEN_INDEX.search(value.encode("utf-8", "replace")):
        message = f"{path} takes packages from a place that nobody vouches for: {value[:120]}"
        yield part.sees("remote-code", message, effect="network", loader="pip")
    if value[:1] == "$" and reads_as_program(_JOINS.sub("", value)):
        yield part.sees("config-target", f"{path} is the expression {value[:120]}", effect="execute", loader="MONAI")
    if key == "searchpath" and (value.startswith("file:") or leads_out(value)):
        message = f"{path} takes configurations from {value[:120]}, outside of the folder"
        yield part.sees("config-target", message, effect="import", loader="hydra")
    if (imported := _IMPORTED.get(part.base)) and key == imported[0]:
        message = f"{key} names {value[:120]}, which is loaded as code"
        yield part.sees("remote-code", message, effect="execute", loader=imported[1])
    if key in _RUN and "{" not in value and reads_as_program(value):
        yield part.sees("config-target", f"{path} is a command: {value[:120]}", effect="execute", loader="whatever runs it")
    in_bundle = part.context == "mar" or (part.base == "mlmodel" and key in _UNPACKED)
    if (in_bundle or (key in _FILES and "://" not in value)) and leads_out(value):
        yield part.sees("index-escape", f"{path} leads to {value[:200]}, outside of the folder", Grade.MALICIOUS, effect="read-file")


def _map(part: Part, value: dict[str, Any]) -> Iterator[Seen]:
    """The shards of an index."""
    for name in sorted({v for v in value.values() if isinstance(v, str)}):
        if leads_out(name) or "://" in name:
            yield part.sees(
                "index-escape",
                f"the index leads to {name[:200]}, outside of the folder",
                Grade.MALICIOUS,
                effect="read-file",
                loader="from_pretrained",
            )


def _whole(part: Part, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - as above
    """What only a document as a whole tells."""
    if isinstance(value, dict):
        if part.base in _PIPELINES and ("_class_name" in value or part.base != "model_index.json"):
            yield from _pipeline(part, value)
        if isinstance(value.get("refs"), dict) or "gen" in value:
            yield from references(part, value)
        if isinstance(value.get("types"), dict) and (part.base == "router_config.json" or "structure" in value):
            yield from _modules(part, [{"type": kind} for kind in value["types"].values()])
        yield from _document(part, value)
    if isinstance(value, list) and part.base == "modules.json":
        yield from _modules(part, value)


def _pipeline(part: Part, value: dict[str, Any]) -> Iterator[Seen]:
    for name, entry in value.items():
        for pair in _pairs(entry):
            grade = Grade.MALICIOUS if effect_of(pair[0], str(pair[-1])) else Grade.SUSPICIOUS
            message = f"{name} is of the module {pair[0]}, which the pipeline imports"
            yield part.sees("remote-code", message, grade, effect="import", loader="diffusers")
    if isinstance(value.get("_class_name"), list):
        message = f"the pipeline is {value['_class_name'][:2]}, from this repository"
        yield part.sees("remote-code", message, effect="execute", loader="diffusers")


def _pairs(entry: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - as above
    """The libraries and classes of a component, as they stand and within its specification, that are not of those that belong there."""
    if isinstance(entry, dict):
        entry = entry.get("type_hint")
    if isinstance(entry, list) and entry:
        if isinstance(entry[0], str) and entry[0] not in _LIBRARIES:
            yield entry
        for inner in entry:
            if isinstance(inner, dict):
                yield from _pairs(inner)


def _modules(part: Part, modules: list[Any]) -> Iterator[Seen]:
    for module in modules:
        kind = module.get("type") if isinstance(module, dict) else None
        if isinstance(kind, str) and (not kind.startswith("sentence_transformers.") or _WALK.search(kind)):
            yield part.sees("remote-code", f"the module {kind} is imported", effect="import", loader="sentence-transformers")
        place = module.get("path") if isinstance(module, dict) else None
        if isinstance(place, str) and leads_out(place):
            message = f"a module lies at {place}"
            yield part.sees("index-escape", message, Grade.MALICIOUS, effect="read-file", loader="sentence-transformers")


def _document(part: Part, value: dict[str, Any]) -> Iterator[Seen]:
    """Documents that are known by what stands in them together."""
    if value.get("lc") == 1 and value.get("type") == "constructor" and isinstance(value.get("id"), list):
        names = ".".join(str(n) for n in value["id"])[:160]
        yield part.sees("remote-code", f"loading makes {names}", effect="import", loader="langchain_core.load")
    nodes = value.get("nodes")
    if isinstance(nodes, list) and "arg_nodes" in value and any(isinstance(n, dict) and n.get("op") in _NATIVE for n in nodes):
        yield part.sees(
            "onnx-operator",
            "an operator of it calls Python, or an address in memory, that a program must bring",
            effect="execute",
            loader="MXNet",
        )
    weights = value.get("weightsManifest")
    places = [p for w in weights if isinstance(w, dict) for p in w.get("paths") or ()] if isinstance(weights, list) else []
    for place in places:
        if isinstance(place, str) and (leads_out(place) or "://" in place):
            yield part.sees("index-escape", f"weights lie at {place[:200]}", Grade.MALICIOUS, effect="read-file", loader="TensorFlow.js")
            return
