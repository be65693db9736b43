"""Development containers: the image and the features."""

from collections.abc import Iterator

from lading.catalog.containers import image_at
from lading.core.kinds import Scope
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.node import Node


@extractor("devcontainer.json", ".devcontainer.json")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the image of a development container and the features fetched into it."""
    document = json_document(file)
    if image := document.get("image"):
        yield from image_at(file, image, "image", scope=Scope.CI)
    for name, feature in document.items("features"):
        if not name.startswith("."):
            yield from image_at(file, Node(name, feature.key_line, name), "features", scope=Scope.CI)
