"""From a text in a place that announces an artifact to the artifact: upstream, local, placeholder or not resolvable."""

import re
from collections.abc import Collection

from lading.catalog.hosted import hosted_model
from lading.catalog.tables import table
from lading.catalog.upstreams import hub, is_hub_id, located, named, pin_of, repository, service
from lading.catalog.vision import RELEASED_BY_ULTRALYTICS
from lading.core.component import Component, Occurrence
from lading.core.kinds import Flag, Kind, Pin
from lading.core.pattern import pattern

_LOCAL_FOLDERS = frozenset(
    [
        "data",
        "datasets",
        "dataset",
        "models",
        "model",
        "checkpoints",
        "checkpoint",
        "ckpt",
        "ckpts",
        "output",
        "outputs",
        "out",
        "results",
        "result",
        "runs",
        "run",
        "logs",
        "log",
        "tmp",
        "temp",
        "cache",
        ".cache",
        "artifacts",
        "artifact",
        "experiments",
        "experiment",
        "exp",
        "configs",
        "config",
        "conf",
        "src",
        "saved_models",
        "saved_model",
        "saved",
        "pretrained",
        "pretrained_models",
        "weights",
        "assets",
        "static",
        "examples",
        "scripts",
        "tests",
        "test",
        "utils",
        "lib",
        "libs",
        "build",
        "dist",
        "bin",
        "home",
        "mnt",
        "opt",
        "var",
        "usr",
        "workspace",
        "content",
        "kaggle",
        "input",
        "app",
        "backend",
        "frontend",
        "train",
        "val",
        "valid",
        "validation",
        "eval",
        "images",
        "img",
        "docs",
        "notebooks",
        "prompts",
        "templates",
        "resources",
        "files",
        "storage",
        "local_models",
        "my_model",
        "best_model",
        "final_model",
        "lightning_logs",
        "mlruns",
        "work_dirs",
        "trained_models",
        "finetuned",
        "fine_tuned",
        "lora_weights",
        "adapters",
        "drive",
        "path",
        "processed",
        "raw",
        "interim",
        "external",
    ]
)
SCHEMES = ("hf://", "huggingface://", "ollama://")
"""How a value begins that names a model or dataset whatever key it stands under."""
_PLACEHOLDER = pattern(
    r"(?:^|/)(?:foo|bar|dummy|placeholder|todo|changeme|example|username|user_?name|user|namespace|org|organization|owner|repo|path|repo[-_]?name|"
    r"model[-_]?(?:name|id)|dataset[-_]?(?:name|id)|your|hf[-_]?(?:user|username|org))(?:/|$)"
    r"|(?:^|/)(?:your|my|some|fake|dummy|placeholder)[-_]|(?:^|[/_-])your[-_]|(?:^|/)(?:example|username|user|org)[-_](?:org|user|name|model|dataset|id)\b"
    r"|<[^<>]*>|\.\.\.|path/to|xxxx|^x{3,}$|\$\{|\{\{|model[-_]name$|(?-i:\bREPLACE)|\bCHANGE[-_]?ME\b",
    re.IGNORECASE,
)
_TEMPLATE = pattern(r"os\.environ[/\[]|\$\{|\{\{|\$\(|<[a-zA-Z_ -]+>|%\(|\{[a-z_]*\}|\$[A-Z_]")
SPACY_MODEL = pattern(r"[a-z]{2,3}_(?:core|ent|dep|sent|pipeline)_(?:web|news|wiki|sci|bionlp\d*\w*|hal|llmaug)\w*_(?:sm|md|lg|trf)\Z")
"""A spaCy pipeline by the name of its package."""
BUILDERS = frozenset(
    [
        "csv",
        "json",
        "jsonl",
        "parquet",
        "text",
        "arrow",
        "pandas",
        "imagefolder",
        "audiofolder",
        "videofolder",
        "webdataset",
        "xml",
        "generator",
        "sql",
    ]
)
"""Names of readers of local files where ids of datasets stand as well."""
_BUCKET = pattern(r"(?:s3|gs|gcs|az|abfss?|wasbs?|oss|r2|hdfs|minio|swift|detectron2)://[^\s]+\Z", re.IGNORECASE)
_WEB = pattern(r"https?://[^\s\"'<>]+\Z", re.IGNORECASE)
_LOCAL_HOST = pattern(
    r"https?://(?:localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal|[a-z0-9-]+(?::\d+)(?:/|$)|10\.|192\.168\.)", re.IGNORECASE
)


_OLLAMA = pattern(r"[a-z][a-z0-9._-]*:(?:latest|instruct|chat|text|mini|small|medium|large|e?\d+(?:\.\d+)?[bm])(?:-[\w.-]+)?\Z")
_LEGACY = pattern(
    r"(?:bert|roberta|distil\w*|albert|gpt2?|t5|mt5|xlm|xlnet|electra|camembert|flaubert|deberta|bart|pegasus|longformer|ctrl|transfo)[-\w.]*\Z"
)


def is_bare_model(text: str) -> bool:
    """Whether an id without an owner can be a model of the hub: one of its first ones; others are folders or local names."""
    return is_known(text, Kind.MODEL) or bool(_LEGACY.match(text))


def is_placeholder(text: str) -> bool:
    """Whether a text stands for a name that somebody has yet to fill in."""
    return bool(_PLACEHOLDER.search(text)) and not is_known(text)


def is_known(text: str, kind: Kind | None = None) -> bool:
    """Whether a bare name is one of the hub's canonical ids, of a model or a dataset when the kind is given."""
    rows = table("canonical")
    return (kind is not Kind.DATASET and text in rows["models"]) or (kind in {None, Kind.DATASET} and text in rows["datasets"])


def is_template(text: str) -> bool:
    """Whether a text has parts that only a run fills in."""
    return bool(_TEMPLATE.search(text))


def is_local_host(url: str) -> bool:
    """Whether a URL leads to this machine or a name that only a private network knows."""
    return bool(_LOCAL_HOST.match(url))


def is_local(text: str, paths: Collection[str] = ()) -> bool:
    """Whether a text is a path of this machine or of the scanned tree rather than a name upstream knows."""
    if text.startswith((".", "/", "~", "\\", "file:")) or re.match(r"[A-Za-z]:[\\/]", text) or "\\" in text:
        return True
    first = text.partition("/")[0].lower()
    return ("/" in text and first in _LOCAL_FOLDERS) or text.rstrip("/") in paths or text.count("/") > 1


_OLLAMA_NAME = pattern(r"[\w.-]+(?:/[\w.-]+)*(?::[\w.-]+)?")


def uri(kind: Kind, text: str, at: Occurrence, flags: tuple[Flag, ...] = ()) -> Component | None:
    """An artifact behind a URL, in a bucket or a registry (`hf://`, `models:/`, `s3://`, `pvc://` is local); None for other texts."""
    scheme, _, rest = text.partition("://")
    match scheme.lower():
        case "hf" | "huggingface":
            return _hub_uri(kind, rest, at, flags)
        case "http" | "https":
            return None if is_template(text) or is_local_host(text) or not _WEB.match(text) else located(kind, text, at, flags=flags)
        case "ollama":
            return hosted("ollama", rest, kind, at) if _OLLAMA_NAME.fullmatch(rest) else None
        case "oci" | "docker":
            from lading.catalog.upstreams import image  # noqa: PLC0415 - the rare case

            return image(rest, at)
        case _:
            pass
    if text.startswith("models:/"):
        return _registered(kind, text, at)
    return located(kind, text, at, flags=flags) if _BUCKET.match(text) else None


def _hub_uri(kind: Kind, rest: str, at: Occurrence, flags: tuple[Flag, ...]) -> Component | None:
    is_dataset = rest.startswith("datasets/")
    path, _, revision = rest.removeprefix("datasets/").removeprefix("models/").partition("@")
    if not revision:
        path, _, revision = path.partition(":")
    name = "/".join(path.split("/")[:2])
    return (
        hub(Kind.DATASET if is_dataset else kind, name, at, revision=revision.partition("/")[0], flags=flags) if is_hub_id(name) else None
    )


def _registered(kind: Kind, text: str, at: Occurrence) -> Component:
    """A model of an MLflow registry: `models:/name/version`, `models:/name@alias`."""
    name, _, version = text.removeprefix("models:/").lstrip("/").partition("@" if "@" in text else "/")
    return named(kind, "mlflow", name, at, version=version, pin=Pin.MUTABLE if version else Pin.NONE)


def under_key(  # noqa: PLR0911 - one answer per form of a name
    kind: Kind, text: str, at: Occurrence, *, revision: str = "", paths: Collection[str] = (), bare: bool = False
) -> Component | None:
    """The artifact a text names when it stands under a name that announces one; None when it is local or names none.

    Without a loading call as proof, only ids with an owner, canonical bare ids, hosted model ids and URIs count.
    """
    text = text.strip()
    if not text or len(text) > 300 or any(c.isspace() for c in text) or is_template(text):  # noqa: PLR2004 - longer texts are no names
        return None
    if component := uri(kind, text, at):
        return component if kind is not Kind.SERVICE and _is_artifact_uri(text, kind) else None
    if "://" in text or is_local(text, paths) or is_placeholder(text):
        return None
    if kind in {Kind.MODEL, Kind.EMBEDDING, Kind.SERVICE}:
        if _OLLAMA.match(text):
            return hosted("ollama", text, kind, at)
        if found := hosted_model(text):
            return hosted(*found, kind, at)
    if released := _released(kind, text, at):
        return released
    if kind is Kind.DATASET and text in BUILDERS:
        return None
    if is_hub_id(text) and ("/" in text or is_known(text, kind) or bare):
        return hub(kind, text, at, revision=revision)
    return None


def _released(kind: Kind, text: str, at: Occurrence) -> Component | None:
    """What a library fetches under a name of its own releases."""
    if kind in {Kind.MODEL, Kind.EMBEDDING, Kind.TOKENIZER} and SPACY_MODEL.match(text):
        return named(Kind.MODEL, "spacy", text, at)
    return named(kind, "ultralytics", text, at) if kind is Kind.MODEL and RELEASED_BY_ULTRALYTICS.match(text) else None


def hosted(provider: str, model: str, kind: Kind, at: Occurrence, endpoint: str = "") -> Component:
    """What a provider serves: a hosted service; models that run locally by way of ollama or the hub stay models."""
    if provider == "ollama":
        return named(
            kind if kind is not Kind.SERVICE else Kind.MODEL, "ollama", model, at, version=model.partition(":")[2], pin=_tagged(model)
        )
    return service(provider, model, at, endpoint=endpoint)


def _tagged(model: str) -> Pin:
    return Pin.MUTABLE if ":" in model else Pin.NONE


_WEIGHTS = pattern(
    r"\.(?:safetensors|gguf|ggml|bin|pt|pth|ckpt|onnx|h5|keras|tflite|pb|msgpack|npz|npy|pkl|pickle|joblib|model|vec|weights|caffemodel|"
    r"mlmodel|nemo|mar|engine|torchscript|params|pdparams|tar|t7|caffe)(?:\.(?:gz|zip|bz2|xz|tar))?\Z",
    re.IGNORECASE,
)
_DATA = pattern(
    r"\.(?:csv|tsv|json|jsonl|ndjson|parquet|arrow|feather|txt|zip|tar|tgz|gz|bz2|xz|7z|xlsx?|npz|npy|h5|hdf5|tfrecord|mat|pkl|db|sqlite|xml|wav|mp3|mp4|pdf|data)"
    r"(?:\.(?:gz|zip|bz2|xz))?\Z",
    re.IGNORECASE,
)


def file_kind(url: str) -> Kind | None:
    """Whether a URL or path names weights or data, by its ending; None when it is neither."""
    path = url.partition("?")[0].partition("#")[0].rstrip("/")
    if _WEIGHTS.search(path):
        return Kind.MODEL
    return Kind.DATASET if _DATA.search(path) else None


def _is_artifact_uri(text: str, kind: Kind) -> bool:
    if not text.lower().startswith("http") or "huggingface.co/" in text:
        return True
    return file_kind(text) is not None or kind in {Kind.DATASET, Kind.ADAPTER} or "tfhub.dev/" in text


def torch_hub(text: str, entry: str, kind: Kind, at: Occurrence, flags: tuple[Flag, ...]) -> Component | None:
    """A torch.hub repository `owner/name[:ref]` with the entry point that is called."""
    name, _, ref = text.partition(":")
    if name.count("/") != 1 or is_local(name):
        return None
    return repository(kind, name, at, revision=ref, entry=entry, flags=flags)


__all__ = [
    "SCHEMES",
    "file_kind",
    "hosted",
    "is_known",
    "is_local",
    "is_local_host",
    "is_placeholder",
    "is_template",
    "pin_of",
    "torch_hub",
    "under_key",
    "uri",
]
