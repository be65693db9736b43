"""Folders in the layout of the hub's libraries: configuration, tokenizer, adapter and pipeline files beside the weights."""

import re
from collections.abc import Iterator
from typing import Any

from lading.catalog.on_disk import WEIGHTS, held, kind_of_folder, template_digest
from lading.catalog.upstreams import hub, is_hub_id
from lading.core.component import Component, Edge, ModelFacts, Occurrence
from lading.core.kinds import Confidence, Flag, Kind, Relation
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node

Found = Iterator[Component | Edge]


@extractor(
    "config.json", "adapter_config.json", "tokenizer.json", "tokenizer_config.json", "model_index.json", "modules.json", "chat_template.jinja",
    "generation_config.json", "special_tokens_map.json", "preprocessor_config.json", "*.safetensors.index.json", "*.bin.index.json",
    "config_sentence_transformers.json", "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model",
)  # fmt: skip
def read(file: SourceFile) -> Found:
    """Yield the model a configuration belongs to, with the facts it tells and what it derives from."""
    if not _belongs_to_a_model(file):
        return
    match file.name:
        case "adapter_config.json":
            yield from _adapter(file, json_document(file))
        case "config.json":
            yield from _config(file, json_document(file))
        case "tokenizer_config.json":
            yield _tokenizer(file, json_document(file))
        case "chat_template.jinja":
            yield held(file, what="chat template", facts=ModelFacts(chat_template=template_digest(file.text)))
        case "model_index.json":
            pipeline = json_document(file).string("_class_name")
            yield held(file, what="_class_name", facts=ModelFacts(architecture=pipeline, format="diffusers pipeline"))
        case _:
            yield held(file, what="model file")


def _belongs_to_a_model(file: SourceFile) -> bool:
    """Whether weights or an unmistakable configuration lie beside it, so that a lone config.json of anything else is nothing."""
    marks = ("adapter_config.json", "model_index.json", "modules.json", "tokenizer_config.json", "tokenizer.json")
    if any(file.sibling(m) for m in marks):
        return True
    prefix = f"{file.folder}/" if file.folder else ""
    if any(p.startswith(prefix) and "/" not in p[len(prefix) :] and p.endswith(WEIGHTS) for p in file.tree.paths):
        return True
    return (
        file.name == "config.json"
        and file.size < 1 << 20
        and bool(re.search(rb'"(?:model_type|architectures|_name_or_path)"\s*:', file.data))
    )


def _config(file: SourceFile, document: Node) -> Found:
    names = [n.text for n in document.elements("architectures")]
    facts = ModelFacts(
        architecture=", ".join(names),
        architecture_family=document.string("model_type"),
        context_length=_integer(document, "max_position_embeddings"),
        quantization=document.string("quantization_config", "quant_method") or document.string("torch_dtype"),
    )
    code = (Flag.REMOTE_CODE,) if document.get("auto_map") else ()
    model = held(file, what="config.json", facts=facts, flags=code)
    yield model
    yield from _derived(file, model, document.get("_name_or_path"), "_name_or_path", "")


def _adapter(file: SourceFile, document: Node) -> Found:
    method = document.string("peft_type")
    task = document.string("task_type")
    adapter = held(file, what="adapter_config.json", facts=ModelFacts(format=method, task=task))
    yield adapter
    yield from _derived(file, adapter, document.get("base_model_name_or_path"), "base_model_name_or_path", document.string("revision"))


def _derived(file: SourceFile, child: Component, node: Node | None, key: str, revision: str) -> Found:
    """The base model that a configuration names, when it is one upstream knows."""
    if node is None or not isinstance(node.value, str) or not is_hub_id(node.text) or "/" not in node.text or node.text == child.name:
        return
    base = hub(Kind.MODEL, node.text, Occurrence(file.path, node.line, key, node.text, Confidence.DECLARED), revision=revision)
    yield base
    yield Edge(child.ref, Relation.DERIVED_FROM, base.ref)


def _tokenizer(file: SourceFile, document: Node) -> Component:
    template: Any = document.get("chat_template")
    text = template.text if template is not None and isinstance(template.value, str) else ""
    facts = ModelFacts(
        chat_template=template_digest(text) if text else None,
        architecture=document.string("tokenizer_class") if kind_of_folder(file) is Kind.TOKENIZER else "",
    )
    return held(file, what="tokenizer_config.json", facts=facts if facts != ModelFacts() else None)


def _integer(document: Node, key: str) -> int:
    node = document.get(key)
    return node.value if node and isinstance(node.value, int) and not isinstance(node.value, bool) and node.value > 0 else 0
