"""Configurations of Keras, of any version: every object that loading makes, by module, class and registered name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.pickles.known import effect_of
from lading.scanners._json import Duplicates, brief, loads, marked, too_large, walk
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_OWN = ("keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.optimizers", "keras.losses", "keras.metrics",
        "keras.activations", "keras.ops", "keras.dtype_policies", "keras.quantizers", "keras.random", "keras.src.layers", "keras.src.models", "keras.src.initializers",
        "keras.src.regularizers", "keras.src.constraints", "keras.src.optimizers", "keras.src.losses", "keras.src.metrics", "keras.src.activations", "keras.src.ops",
        "keras.src.dtype_policies", "keras.src.quantizers", "keras.src.random", "keras.engine", "keras.src.engine", "keras.saving.legacy", "keras.src.saving.legacy",
        "keras.preprocessing", "keras_hub", "keras_nlp", "keras_cv", "keras.legacy", "keras.src.backend.common", "keras.src.backend.torch.optimizers", "keras.src.backend.tensorflow.optimizer_distribute",
        "keras.src.backend.tensorflow.optimizer", "keras.src.backend.jax.optimizer", "keras.mixed_precision", "keras.src.mixed_precision",
        "keras.optimizers.schedules", "keras.applications", "keras.distribution", "keras.visualization")  # fmt: skip
_RUNS = ("keras.utils", "keras.src.utils", "keras.config", "keras.src.config", "keras.saving", "keras.src.saving", "keras.src.legacy.saving", "keras.callbacks",
         "keras.datasets", "keras.src.trainers", "keras.backend", "keras.src.backend", "keras.export", "keras.src.export", "keras.wrappers", "keras.src.wrappers")  # fmt: skip
_FUNCTIONS = frozenset(
    [
        "relu",
        "relu6",
        "elu",
        "selu",
        "gelu",
        "sigmoid",
        "softmax",
        "softplus",
        "softsign",
        "tanh",
        "exponential",
        "linear",
        "swish",
        "silu",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "leaky_relu",
        "log_softmax",
        "mish",
        "glu",
        "celu",
        "crelu",
        "sparsemax",
        "log_sigmoid",
        "squareplus",
        "hard_tanh",
        "hard_shrink",
        "soft_shrink",
        "tanh_shrink",
        "threshold",
        "sparse_plus",
        "sparse_sigmoid",
        "mse",
        "mae",
        "categorical_crossentropy",
        "binary_crossentropy",
        "sparse_categorical_crossentropy",
        "accuracy",
        "mean_squared_error",
        "mean_absolute_error",
        "cosine_similarity",
        "hinge",
        "log_cosh",
        "poisson",
        "kl_divergence",
    ]
)
_LOADS = {
    "TFSMLayer": ("reads a saved model of TensorFlow, whose graph runs", Grade.MALICIOUS),
    "TorchModuleWrapper": ("unpickles a module of PyTorch", Grade.SUSPICIOUS),
    "FlaxLayer": ("runs a function of Flax", Grade.SUSPICIOUS),
    "JaxLayer": ("runs a function of JAX", Grade.SUSPICIOUS),
    "ExportArchive": ("writes files", Grade.SUSPICIOUS),
}
_VOCABULARY = frozenset({"StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup", "Hashing"})
_CLASS = pattern(r"(?:(?:Keras\w*|keras\w*|builtins|TFOpLambda|SlicingOpLambda|ClassMethod|InstanceMethod|InstanceProperty)>)?\w+")
"""A name without dots; with the package that it is registered in, only where that is one of Keras."""
_ACTS = frozenset({"get_file", "enable_unsafe_deserialization", "set_global_attribute", "load_model", "func_load"})
_MODULE = pattern(r"[A-Za-z_]\w*(?:\.\w+)*")
_MARKED = 1 << 20
LOADER = "keras.models.load_model, keras.models.model_from_json"


def _is_config(part: Part) -> bool:
    return part.context == "keras-config"


@scanner("Keras configuration", _is_config)
def scan(part: Part) -> Iterator[Seen]:
    """Judge every object of the configuration."""
    limit = too_large(part)
    if limit:
        yield limit
        return
    try:
        document = loads(part.window.view)
    except ValueError as e:
        yield part.sees("broken-file", f"it is no JSON: {str(e)[:120]}", Grade.UNSCANNABLE)
        return
    yield Span(0, part.window.size)
    if part.window.size <= _MARKED and isinstance(marks := marked(part.window.read(0, part.window.size)), Duplicates):
        yield part.sees("header-keys", f"the configuration names {marks.twice[0][:80]!r} twice", effect="integrity", loader=LOADER)
    told: set[tuple[str, str]] = set()
    for path, value in walk(document, lambda key, value: isinstance(value, str) and ("module" in key or value.rpartition(".")[2] in _ACTS)):
        if isinstance(value, str):
            yield from _word(part, path, value)
        if not isinstance(value, dict) or "class_name" not in value:
            continue
        for seen in _object(part, path, value):
            key = (getattr(seen, "rule", ""), getattr(seen, "message", path))
            malicious = getattr(seen, "grade", None) is Grade.MALICIOUS
            if key not in told and (len(told) < 100 or malicious):  # noqa: PLR2004 - enough to see what it is
                told.add(key)
                yield seen


def _word(part: Part, path: str, value: str) -> Iterator[Seen]:
    """A text that names a function or module with effects, wherever it stands."""
    name = value.rpartition(".")[2]
    acts = name in _ACTS and (value.startswith(("keras", "tensorflow", "tf_keras")) or value == name)
    module = path.rpartition(".")[2].endswith("module") and _MODULE.fullmatch(value) and value != "builtins" and effect_of(value, "")
    if (acts or module) and not value.startswith(_OWN):
        yield part.sees("keras-object", f"{path} names {value[:120]}", callable=value[:120], effect="execute", loader=LOADER)


def _object(part: Part, path: str, value: dict[str, Any]) -> Iterator[Seen]:
    name, config = value.get("class_name"), value.get("config")
    if not isinstance(name, str):
        yield part.sees("keras-object", f"{path} is of a class without a name", loader=LOADER)
        return
    if name == "__lambda__":
        yield part.sees("keras-code", f"{path} is Python bytecode", Grade.MALICIOUS, effect="execute", loader=LOADER)
        return
    if not _CLASS.fullmatch(name):
        yield part.sees(
            "keras-object",
            f"{path} is of the class {name[:120]}, which is no name of Keras",
            callable=name[:120],
            effect="import",
            loader=LOADER,
        )
    if name == "Lambda":
        yield from _lambda(part, path, config)
    if name in _LOADS:
        what, grade = _LOADS[name]
        yield part.sees(
            "keras-reach" if name == "TFSMLayer" else "keras-code",
            f"the layer {name} {what}",
            grade,
            callable=name,
            effect="execute",
            loader=LOADER,
        )
        yield from _wrapped(part, config)
    if name in _VOCABULARY and isinstance(config, dict):
        yield from _vocabulary(part, name, config)
    yield from _named(part, path, value, name)


def _lambda(part: Part, path: str, config: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in JSON
    function = config.get("function") if isinstance(config, dict) else None
    kinds = (
        [config.get(k) for k in ("function_type", "output_shape_type", "mask_type", "arguments_type")] if isinstance(config, dict) else []
    )
    bytecode = (
        isinstance(function, (list, tuple))
        or (isinstance(function, dict) and function.get("class_name") == "__lambda__")
        or "lambda" in kinds
    )
    message = f"the Lambda layer {path} " + ("holds Python bytecode" if bytecode else f"calls {brief(function)[:120]}")
    yield part.sees("keras-code", message, Grade.MALICIOUS if bytecode else Grade.SUSPICIOUS, effect="execute", loader=LOADER)


def _wrapped(part: Part, config: Any) -> Iterator[Seen]:  # noqa: ANN401 - as above
    """A pickle inside of a configuration, as text."""
    from base64 import b64decode  # noqa: PLC0415 - for this format alone

    for _, value in walk(config):
        part.budget.spend(1 + (len(value) // 200 if isinstance(value, str) else 0))
        if isinstance(value, str) and len(value) > 20:  # noqa: PLR2004 - shorter ones are no archive
            try:
                content = b64decode(value, validate=True)
            except ValueError:
                continue
            if content[:2] in {b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}:
                yield Nested(Window(content), "module", "")


def _vocabulary(part: Part, name: str, config: dict[str, Any]) -> Iterator[Seen]:
    for key in ("vocabulary", "file", "vocabulary_file"):
        place = config.get(key)
        if isinstance(place, str) and place:
            away = "://" in place or place.startswith(("/", "~", "\\")) or ".." in place or place[1:2] == ":"
            grade = Grade.MALICIOUS if away else Grade.SUSPICIOUS
            yield part.sees(
                "keras-reach", f"the layer {name} reads the file {place[:200]} when it is loaded", grade, effect="read-file", loader=LOADER
            )


def _named(part: Part, path: str, value: dict[str, Any], name: str) -> Iterator[Seen]:
    module, registered = value.get("module"), value.get("registered_name")
    if name == "function" and module in {None, "builtins"}:
        target = value.get("config")
        target = target if isinstance(target, str) else brief(registered)
        if target not in _FUNCTIONS:
            dangerous = (
                effect_of("builtins", target)
                if target in {"eval", "exec", "open", "compile", "__import__", "getattr", "setattr", "input", "breakpoint"}
                else ""
            )
            grade = Grade.MALICIOUS if dangerous else Grade.SUSPICIOUS
            yield part.sees(
                "keras-object", f"{path} is the function {target[:120]}", grade, callable=target[:120], effect="execute", loader=LOADER
            )
        return
    if isinstance(module, str) and module and module != "builtins" and "." in f"{module}.":
        plain = module.removeprefix("tensorflow.python.").removeprefix("tensorflow.").removeprefix("tf_")
        if _under(plain, _RUNS) and not _under(plain, _OWN):
            message = f"{path} makes {module}.{name}, which is no part of a model and acts on files or settings"
            yield part.sees("keras-object", message, Grade.MALICIOUS, callable=f"{module}.{name}", effect="execute", loader=LOADER)
        elif not _under(plain, _OWN) and plain != "keras":
            grade = Grade.MALICIOUS if effect_of(module, name) else Grade.SUSPICIOUS
            yield part.sees(
                "keras-object", f"{path} makes {module}.{name}", grade, callable=f"{module}.{name}", effect="import", loader=LOADER
            )
        elif name == "function" and brief(value.get("config")) not in _FUNCTIONS and _under(plain, ("keras.ops", "keras.src.ops")) is False:
            yield part.sees(
                "keras-object", f"{path} is the function {brief(value.get('config'))[:120]} of {module}", effect="execute", loader=LOADER
            )
    if (
        isinstance(registered, str)
        and registered
        and registered not in {name, "function"}
        and ">" in registered
        and not registered.startswith(("Keras", "keras", "builtins"))
    ):
        yield part.sees(
            "keras-object",
            f"{path} is the class {registered}, which somebody else registers",
            callable=registered,
            effect="import",
            loader=LOADER,
        )


def _under(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == p or module.startswith(f"{p}.") for p in packages)
