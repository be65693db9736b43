"""Training and application recipes in YAML, JSON and TOML: models, datasets, tokenizers, adapters and services under known keys."""

from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.owner import Owner, owned_documents
from lading.catalog.tasks import tasks
from lading.core.component import Component, Edge
from lading.core.coverage import Skipped
from lading.core.kinds import Kind, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

_BASE = pattern(r"(?:model|base_model|model_name_or_path|model_id|base_model_name_or_path|pretrained_model_name_or_path|model\.\w+)\Z")
LARGEST = 4 << 20
"""Configuration is smaller than this; larger files of these names hold data."""

_OTHERS = frozenset(
    [
        "config.json",
        "tokenizer_config.json",
        "tokenizer.json",
        "generation_config.json",
        "adapter_config.json",
        "model_index.json",
        "modules.json",
        "special_tokens_map.json",
        "preprocessor_config.json",
        "processor_config.json",
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "composer.json",
        "vocab.json",
        "added_tokens.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "pyproject.toml",
        "poetry.lock",
        "uv.lock",
        "cargo.toml",
        "cargo.lock",
        "pipfile",
        "pixi.toml",
        "pixi.lock",
        "lading.toml",
        "lading.lock",
        "devcontainer.json",
        ".devcontainer.json",
        "pnpm-lock.yaml",
        "mkdocs.yml",
        "mkdocs.yaml",
        "_config.yml",
        "codecov.yml",
        ".readthedocs.yaml",
        ".readthedocs.yml",
        "croissant.json",
        "turbo.json",
        "nx.json",
        "renovate.json",
    ]
)
_ENDINGS = (".index.json", ".schema.json", ".lock.json", "-lock.json", ".tf.json", ".min.json", ".geojson", ".ipynb", ".lock")
_DATA_FOLDERS = (
    "locales",
    "i18n",
    "translations",
    "node_modules",
    "fixtures",
    "cassettes",
    "snapshots",
    "__snapshots__",
    "public",
    "results",
    "outputs",
    "output",
    "predictions",
)
MOST_RECORDS = 40


@extractor("*.yaml", "*.yml", "*.json", "*.jsonc", "*.toml", "*.yaml.example", "*.yml.example", "*.yaml.j2", "*_yaml", "OAI_CONFIG_LIST*")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what the documents of a configuration file announce, and what the commands of their tasks fetch."""
    name = file.name.lower()
    if name in _OTHERS or name.endswith(_ENDINGS) or any(part in _DATA_FOLDERS for part in file.folder.split("/")):
        return
    if file.size > LARGEST:
        yield Skipped(file.path, f"has {file.size} bytes, more than a configuration file; read as data, not for names", "LD201")
        return
    for document in _documents(file):
        if not _is_data(document):
            found = list(Announced(file, document).observations())
            yield from found
            yield from _lineage([o for o in found if isinstance(o, Component)])
            yield from tasks(file, document)


def _lineage(found: list[Component]) -> Iterator[Edge]:
    """What one recipe says of its one base model: which tokenizer goes with it, which adapters derive from it."""
    bases = {c.ref: c for c in found if c.kind is Kind.MODEL and _BASE.match(c.occurrences[0].symbol)}
    if len(bases) != 1:
        return
    (base,) = bases.values()
    tokenizers = {c.ref for c in found if c.kind is Kind.TOKENIZER} - {base.ref}
    if len(tokenizers) == 1:
        yield Edge(base.ref, Relation.TOKENIZED_BY, tokenizers.pop())
    for adapter in sorted({c.ref for c in found if c.kind is Kind.ADAPTER} - {base.ref}):
        yield Edge(adapter, Relation.DERIVED_FROM, base.ref)


def _documents(file: SourceFile) -> list[Node]:
    if file.name.endswith((".json", ".jsonc")) or file.name.startswith("OAI_CONFIG_LIST"):
        return [json_document(file)] if file.data.strip() else []
    if file.name.endswith(".toml"):
        return [toml_document(file)]
    return owned_documents(file, Owner.OTHER)


def _is_data(document: Node) -> bool:
    """Whether a document is a table of records rather than configuration."""
    return isinstance(document.value, list) and len(document.value) > MOST_RECORDS
