"""conda environment files: conda packages, and the pip requirements inside."""

from collections.abc import Iterator

from lading.catalog.owner import Owner, owned_documents
from lading.catalog.python_libraries import required
from lading.catalog.upstreams import library
from lading.core.component import Component, Occurrence
from lading.core.kinds import Pin
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.node import Node
from lading.syntax.requirements import parse


@extractor("environment*.yml", "environment*.yaml", "conda*.yml", "conda*.yaml", "env*.yml", "env*.yaml")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield conda packages and what pip installs beside them."""
    for document in owned_documents(file, Owner.CONDA):
        for node in document.elements("dependencies"):
            if isinstance(node.value, str):
                yield _package(file, node)
            for element in node.elements("pip"):
                if (requirement := parse(element.text, element.line)) and not element.text.startswith("-"):
                    yield from required(file, requirement, "dependencies.pip")


def _package(file: SourceFile, node: Node) -> Component:
    """`channel::name=version=build`; a build string holds more than a version but not the bytes."""
    name, _, rest = node.text.rpartition("::")[2].partition("=")
    name, version = name.strip(), rest.strip("= ").partition("=")[0]
    for operator in "<>!~ ":
        name, _, _ = name.partition(operator)
    at = Occurrence(file.path, node.line, "dependencies", node.text)
    return library(name or node.text, at, version=version, pin=Pin.MUTABLE if version else Pin.NONE, ecosystem="conda")
