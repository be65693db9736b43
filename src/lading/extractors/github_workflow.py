"""GitHub workflows and composite actions: actions, reusable workflows, job and service images, container actions."""

import re
from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.catalog.upstreams import action, image
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Confidence, Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.node import Node, walk
from lading.syntax.yaml import yaml_documents


@extractor("*.github/workflows/*.yml", "*.github/workflows/*.yaml", "action.yml", "action.yaml")
def read(file: SourceFile) -> Iterator[Component | Unresolved]:
    """Yield a component for every `uses:` and every image of a job, a service container or a container action."""
    for document in yaml_documents(file):
        for path, node in walk(document):
            if path and isinstance(node.value, str):
                yield from _reference(file, path, node, document)


def _reference(file: SourceFile, path: tuple[str | int, ...], node: Node, document: Node) -> Iterator[Component | Unresolved]:
    text = node.text.strip()
    at = Occurrence(file.path, node.line, _key(path), text, scope=Scope.CI)
    if path[-1] == "uses" and not text.startswith("docker://"):
        found = action(text, at)
    elif path[-1] == "run":
        places = [Line(file.path, node.line + offset) for offset in range(text.count("\n") + 1)]
        known = _environment(document, path)
        script = _VARIABLE.sub(lambda m: known.get(m[1], m[0]), node.text)
        yield from shell_observations(script.strip(), file, places, known)
        return
    elif _is_image(path) or (str(path[-1]).endswith("IMAGE") and "env" in path and re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+:[\w.-]+", text)):
        if "${{" in text:
            yield from _from_matrix(file, path, node, at)
            return
        found = image(text.removeprefix("docker://"), at)
    else:
        return
    if found:
        yield found


_VARIABLE = pattern(r"\$\{\{\s*env\.(\w+)\s*\}\}")


def _environment(document: Node, path: tuple[str | int, ...]) -> dict[str, str]:
    """The variables of the workflow, the job and the step that a script stands in."""
    known: dict[str, str] = {}
    for depth in range(len(path)):
        given = document.get(*path[:depth], "env")
        known.update({k: v.text for k, v in given.items() if isinstance(v.value, str) and "${{" not in v.text} if given else {})
    return known


_MATRIX = pattern(r"\$\{\{\s*matrix\.(?P<name>[\w-]+)\s*\}\}")


def _from_matrix(file: SourceFile, path: tuple[str | int, ...], node: Node, at: Occurrence) -> Iterator[Component | Unresolved]:
    """The images a job's matrix lists, else the place where only a run tells."""
    match = _MATRIX.search(node.text)
    (document, *_) = yaml_documents(file)
    matrix = document.get(*path[:2], "strategy", "matrix") if match else None
    listed = (
        [*matrix.elements(match["name"]), *(e for i in matrix.elements("include") if (e := i.get(match["name"])))]
        if matrix and match
        else []
    )
    found = False
    for entry in listed:
        text = node.text.replace(match[0], entry.text) if match else ""
        component = (
            image(text, Occurrence(file.path, entry.line, "strategy.matrix", text, Confidence.INFERRED, Scope.CI))
            if "${{" not in text
            else None
        )
        if component:
            found = True
            yield component
    if not found:
        yield Unresolved(Kind.IMAGE, at.written, at, "an expression that only a run of the workflow fills in")


def _is_image(path: tuple[str | int, ...]) -> bool:
    in_job = "jobs" in path and ("container" in path or "services" in path)
    return (path[-1] == "image" and ("runs" in path or in_job)) or (path[-1] == "container" and "jobs" in path) or path[-1] == "uses"


def _key(path: tuple[str | int, ...]) -> str:
    return ".".join(str(p) for p in path if isinstance(p, str))
