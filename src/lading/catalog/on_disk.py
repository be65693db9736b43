"""Artifacts whose bytes lie in the tree: one folder that holds a model is one component with its files."""

import msgspec

from lading.catalog.upstreams import hub
from lading.core.component import Component, DatasetFacts, FileRecord, License, ModelFacts, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Confidence, Flag, Kind, Pin
from lading.core.pattern import pattern
from lading.core.source import SourceFile, Tree

WEIGHTS = (
    ".safetensors",
    ".gguf",
    ".onnx",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".keras",
    ".h5",
    ".tflite",
    ".pkl",
    ".joblib",
    ".msgpack",
    ".npz",
)
BUNDLED = pattern(r"\.(?:safetensors|gguf|ggml|pt|ckpt|onnx|h5|hdf5|keras|tflite|mlmodel|nemo|pdparams)\Z|/[^/]+\.pth\Z")
"""Weights by their names, wherever they lie; a `.pth` at the top of a folder of packages is a list of paths."""
_CACHE = pattern(r"(?:^|/)(?P<type>models|datasets|spaces)--(?P<id>[^/]+)/snapshots/(?P<commit>[0-9a-f]{40})(?:/|\Z)")
_FOLDER_MARKS = ("config.json", "adapter_config.json", "model_index.json", "modules.json", "tokenizer.json", "tokenizer_config.json")


def held(  # noqa: PLR0913 - everything a file may tell, by name
    file: SourceFile,
    *,
    what: str,
    facts: ModelFacts | None = None,
    flags: tuple[Flag, ...] = (),
    licenses: tuple[License, ...] = (),
    properties: tuple[tuple[str, str], ...] = (),
    line: int = 0,
    kind: Kind | None = None,
    description: str = "",
) -> Component:
    """The artifact that a file is, or is a part of: named by its folder when that holds a model, from the hub when it lies in a hub cache."""
    at = Occurrence(file.path, line, what, file.name, Confidence.VERIFIED)
    record = FileRecord(file.path, file.size, file.digest)
    component = _cached(file, at) or _local(file, at, kind)
    dataset = DatasetFacts(size=file.size) if component.kind is Kind.DATASET else None
    return msgspec.structs.replace(
        component,
        flags=tuple(sorted({Flag.ON_DISK, *flags})),
        files=(record,),
        model=facts,
        dataset=dataset,
        licenses=licenses,
        properties=(*component.properties, *properties),
        description=description,
    )


def _cached(file: SourceFile, at: Occurrence) -> Component | None:
    match = _CACHE.search(file.path)
    if not match or match["type"] == "spaces":
        return None
    kind = Kind.DATASET if match["type"] == "datasets" else kind_of_folder(file)
    return hub(kind, match["id"].replace("--", "/"), at, revision=match["commit"])


def _local(file: SourceFile, at: Occurrence, kind: Kind | None) -> Component:
    grouped = is_model_folder(file)
    name = (file.folder or ".") if grouped else file.path
    return Component(
        kind=kind or kind_of_folder(file),
        name=name,
        upstream="local",
        pin=Pin.EXACT,
        purl="",
        digests=() if grouped else (file.digest,),
        occurrences=(at,),
    )


def is_model_folder(file: SourceFile) -> bool:
    """Whether the folder of a file holds a model in the layout of the hub's libraries."""
    return any(file.sibling(mark) is not None for mark in _FOLDER_MARKS)


def kind_of_folder(file: SourceFile) -> Kind:
    """What the folder of a file holds: an adapter, an embedding, a tokenizer alone, or a model."""
    if file.sibling("adapter_config.json"):
        return Kind.ADAPTER
    if file.sibling("modules.json") or file.sibling("config_sentence_transformers.json"):
        return Kind.EMBEDDING
    tokenizer = file.sibling("tokenizer.json") or file.sibling("tokenizer_config.json")
    prefix = f"{file.folder}/" if file.folder else ""
    alone = tokenizer and not file.sibling("config.json") and not any(p.startswith(prefix) and p.endswith(WEIGHTS) for p in _beside(file))
    return Kind.TOKENIZER if alone and not file.name.endswith(WEIGHTS) else Kind.MODEL


def _beside(file: SourceFile) -> list[str]:
    depth = file.path.count("/")
    return [p for p in file.tree.once(_with_weights) if p.count("/") == depth]


def _with_weights(tree: Tree) -> list[str]:
    return [p for p in tree.paths if p.endswith(WEIGHTS)]


def template_digest(text: str) -> Digest:
    """The digest of a chat template: it runs at each inference, so it is pinned like code."""
    return Digest.of_bytes(text.encode("utf-8", "surrogatepass"))
