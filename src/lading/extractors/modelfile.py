"""Ollama Modelfiles: the model built on and the adapter applied."""

import re
from collections.abc import Iterator

from lading.catalog.commands import ollama
from lading.catalog.identity import is_local, uri
from lading.catalog.upstreams import hub, is_hub_id
from lading.core.component import Component, Edge, Occurrence
from lading.core.kinds import Kind, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_LINE = pattern(r"\s*(?P<name>FROM|ADAPTER)\s+(?P<value>\S+)\s*\Z", re.IGNORECASE)


@extractor("Modelfile", "Modelfile.*", "*.Modelfile", "*.modelfile")
def read(file: SourceFile) -> Iterator[Component | Edge]:
    """Yield the base model and the adapter that a Modelfile names."""
    base: Component | None = None
    for number, line in enumerate(file.text.splitlines(), 1):
        match = _LINE.match(line)
        if not match or is_local(match["value"].removeprefix("hf.co/")):
            continue
        at = Occurrence(file.path, number, match["name"].upper(), match["value"])
        if match["name"].upper() == "FROM":
            base = _model(match["value"], at)
            yield base
        elif is_hub_id(match["value"]):
            adapter = uri(Kind.ADAPTER, match["value"], at) or hub(Kind.ADAPTER, match["value"], at)
            yield adapter
            if base:
                yield Edge(adapter.ref, Relation.DERIVED_FROM, base.ref)


def _model(value: str, at: Occurrence) -> Component:
    for host in ("hf.co/", "huggingface.co/"):
        if value.startswith(host) and is_hub_id(value.removeprefix(host).partition(":")[0]):
            return hub(Kind.MODEL, value.removeprefix(host).partition(":")[0], at)
    return ollama(value, at)
