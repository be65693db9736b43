"""Model and dataset cards: the front matter of a README.md beside an artifact; claims of whoever wrote it, marked so."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.licenses import stated
from lading.catalog.on_disk import held, is_model_folder
from lading.catalog.upstreams import hub, is_hub_id
from lading.core.component import Component, Edge, ModelFacts, Occurrence
from lading.core.kinds import Confidence, Kind, Relation
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.node import Node
from lading.syntax.yaml import parse_yaml

_KEYS = frozenset(
    {
        "license",
        "base_model",
        "datasets",
        "pipeline_tag",
        "library_name",
        "tags",
        "language",
        "model-index",
        "task_categories",
        "dataset_info",
        "license_name",
    }
)


@extractor("README.md")
def read(file: SourceFile) -> Iterator[Component | Edge]:
    """Yield what a card states about the artifact in its folder: license, base model, training data, languages."""
    if not file.text.startswith("---") or not is_model_folder(file):
        return
    front = file.text[3:].partition("\n---")[0]
    for document in parse_yaml(front, file):
        if isinstance(document.value, dict) and _KEYS & document.value.keys():
            yield from _card(file, document)


def _card(file: SourceFile, document: Node) -> Iterator[Component | Edge]:
    facts = ModelFacts(task=document.string("pipeline_tag"), languages=tuple(sorted(_texts(document, "language"))))
    licenses = tuple(stated(text) for text in _texts(document, "license") if text not in {"other", "unknown"})
    model = held(
        file,
        what="model card",
        facts=facts if facts != ModelFacts() else None,
        licenses=licenses,
        properties=(("lading:declared-by", file.path),),
    )
    yield model
    for key, kind, relation in (("base_model", Kind.MODEL, Relation.DERIVED_FROM), ("datasets", Kind.DATASET, Relation.TRAINED_ON)):
        for node in _nodes(document, key):
            if is_hub_id(node.text) and ("/" in node.text or kind is Kind.DATASET):
                at = Occurrence(file.path, node.line, key, node.text, Confidence.DECLARED)
                other = replace(hub(kind, node.text, at), properties=(("lading:declared-by", file.path),))
                yield other
                yield Edge(model.ref, relation, other.ref)


def _nodes(document: Node, key: str) -> list[Node]:
    node = document.get(key)
    if node is None:
        return []
    return (
        [n for n in node.elements() if isinstance(n.value, str)]
        if isinstance(node.value, list)
        else [node]
        if isinstance(node.value, str)
        else []
    )


def _texts(document: Node, key: str) -> list[str]:
    return [n.text for n in _nodes(document, key) if n.text]
