"""Azure Pipelines: containers of jobs and services, tasks, templates of other repositories, what scripts fetch."""

from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.catalog.containers import filled, image_at
from lading.catalog.upstreams import repository
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Pin, Scope
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node, walk
from lading.syntax.yaml import yaml_documents

_SCRIPTS = frozenset({"script", "bash", "pwsh", "powershell"})


@extractor("azure-pipelines*.yml", "azure-pipelines*.yaml", "*.azure-pipelines/*.yml", "*.azuredevops/*.yml", "*.pipelines/*.yml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a pipeline runs on, what it runs and what it takes from elsewhere."""
    for document in yaml_documents(file):
        known = _variables(document)
        aliases = {c.string("container") for c in document.elements("resources", "containers")}
        for path, node in walk(document):
            if path and isinstance(node.value, str):
                yield from _step(file, path, node, known, aliases)
        yield from _repositories(file, document)


def _variables(document: Node) -> dict[str, str]:
    """Variables as a mapping, or as a list of names and values."""
    given = {k: v.text for k, v in document.items("variables") if isinstance(v.value, str)}
    return given | {e.string("name"): e.string("value") for e in document.elements("variables") if e.string("name")}


def _step(file: SourceFile, path: tuple[str | int, ...], node: Node, known: dict[str, str], aliases: set[str]) -> Iterator[Observation]:
    name = str(path[-1])
    if name == "image" or (name == "container" and "containers" not in path and node.text not in aliases):
        text = filled(node.text.replace("$(", "${").replace(")", "}"), known)
        yield from image_at(file, node, name, text, Scope.CI, inferred=text != node.text)
    elif name == "task" and "@" in node.text:
        task, _, version = node.text.partition("@")
        at = Occurrence(file.path, node.line, "task", node.text, scope=Scope.CI)
        yield Component(kind=Kind.ACTION, name=task, upstream="azure-pipelines", version=version, pin=Pin.MUTABLE, occurrences=(at,))
    elif name in _SCRIPTS:
        places = [Line(file.path, node.line + offset) for offset in range(node.text.count("\n") + 1)]
        yield from shell_observations(node.text, file, places, known)


def _repositories(file: SourceFile, document: Node) -> Iterator[Component]:
    """Repositories of GitHub that templates are taken from."""
    for entry in document.elements("resources", "repositories"):
        name = entry.get("name")
        if name is not None and entry.string("type").lower() in {"github", "githubenterprise"} and name.text.count("/") == 1:
            revision = entry.string("ref").removeprefix("refs/heads/").removeprefix("refs/tags/")
            at = Occurrence(file.path, name.line, "resources.repositories", name.text, scope=Scope.CI)
            yield repository(Kind.INFRASTRUCTURE, name.text, at, revision=revision)
