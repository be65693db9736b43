"""Helm charts: images in values (repository, tag and digest joined), models they serve, dependencies, literal images in templates."""

import re
from collections.abc import Iterator

from lading.catalog.commands import chart
from lading.catalog.containers import image_at, images_below, joined, served
from lading.catalog.owner import Owner, documents, is_chart_template, owner_of
from lading.core.component import Occurrence, Unresolved
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Pin, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node, walk
from lading.syntax.yaml import yaml_documents

_LITERAL_IMAGE = pattern(r"^\s*(?:-\s*)?(?:\"?image\"?|IMAGE):\s*[\"']?(?P<image>[^\s\"'#]+)[\"']?\s*(?:#.*)?$")
_TEMPLATE_DEFAULT = pattern(r"default\s+\"(?P<image>[\w./:@-]+)\"")


@extractor("*.yaml", "*.yml", "*.tpl", "*.tftpl", "Chart.lock", "*.gotmpl", "*.yaml.j2")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a chart's values, metadata and templates name."""
    if is_chart_template(file):
        readable = _as_yaml(file)
        if not readable:
            yield from _template(file)
        for document in readable:
            yield from _values(file, document)
        return
    for document in documents(file):
        owner = owner_of(file.path, document, file.tree.paths)
        if owner is Owner.HELM_VALUES:
            yield from _values(file, document)
        elif owner is Owner.HELM_CHART:
            yield from _dependencies(file, document)


def _as_yaml(file: SourceFile) -> list[Node]:
    """The documents of a template of values (`.tpl` for Terraform's templatefile) that is YAML as it stands."""
    if "{{" in file.text or "%{" in file.text or not file.name.endswith((".tpl", ".tftpl")):
        return []
    try:
        return [d for d in yaml_documents(file) if isinstance(d.value, dict)]
    except ExtractError:
        return []


def _values(file: SourceFile, document: Node) -> Iterator[Observation]:
    version = _app_version(file)
    told: set[int] = set()
    for path, node in walk(document):
        if isinstance(node.value, dict) and node.get("repository") and path:
            yield from joined(file, node, str(path[-1]), app_version=version)
        elif (image := _untagged(node)) and (tag := node.string("tag") or node.string("imageTag")):
            told.add(id(image))
            yield from image_at(file, image, "image", f"{image.text}:{tag}", inferred=True)
        elif path and isinstance(node.value, str) and str(path[-1]) != "repository" and id(node) not in told:
            yield from _flat(file, path, node)
    yield from served(file, document)


def _untagged(node: Node) -> Node | None:
    """The image of a mapping that names it without a tag (`image: name`, `tag: …` beside it)."""
    image = node.get("image")
    named = image is not None and isinstance(image.value, str) and image.text and ":" not in image.text.rpartition("/")[2]
    return image if named else None


def _flat(file: SourceFile, path: tuple[str | int, ...], node: Node) -> Iterator[Observation]:
    lone = Node({str(path[-1]): node}, node.line)
    yield from images_below(file, lone)


def _app_version(file: SourceFile) -> str:
    metadata = file.sibling("Chart.yaml")
    match = re.search(r"^appVersion:\s*[\"']?([^\s\"'#]+)", metadata.text, re.MULTILINE) if metadata else None
    return match[1] if match else ""


def _dependencies(file: SourceFile, document: Node) -> Iterator[Observation]:
    """The charts a chart depends on; a Chart.lock fixes versions, without digests of its own."""
    for entry in document.elements("dependencies"):
        name, repository = entry.get("name"), entry.string("repository")
        if name is None or repository.startswith("file:") or not repository:
            continue
        at = Occurrence(file.path, name.line, "dependencies[].name", name.text, scope=Scope.DEPLOY)
        yield chart(
            name.text,
            at,
            version=entry.string("version"),
            repository_url=repository,
            pin=Pin.MUTABLE if entry.string("version") else Pin.NONE,
        )


def _template(file: SourceFile) -> Iterator[Observation]:
    """Literal images and arguments in a template, line by line; what the template fills in is unresolved."""
    for number, line in enumerate(file.text.splitlines(), 1):
        match = _LITERAL_IMAGE.match(line)
        if not match and "image" in line and (default := _TEMPLATE_DEFAULT.search(line)) and "/" in default["image"]:
            yield from image_at(file, Node(default["image"], number, default["image"]), "image default", inferred=True)
        elif match and "{{" not in line and "${" not in line:
            yield from image_at(file, Node(match["image"], number, match["image"]), "image")
        elif match or ("image:" in line and "{{" in line):
            expression = line.partition("image:")[2].strip()
            at = Occurrence(file.path, number, "image", expression, Confidence.UNRESOLVED, Scope.DEPLOY)
            if expression and ".Values" not in expression:
                yield Unresolved(Kind.IMAGE, expression, at, "filled in by the template")
    yield from _keyed_lines(file)


_KEY_LINE = pattern(r"^\s*(?:-\s*)?(?P<key>[A-Za-z_][\w-]*):\s*[\"']?(?P<value>[\w.-]+/[\w./:@-]+)[\"']?\s*$")
_ARGUMENT_LINE = pattern(r"(?P<name>--[a-z][\w-]*)[=\s\"',]+(?P<value>[\w.-]+/[\w.:@-]+)")


def _keyed_lines(file: SourceFile) -> Iterator[Observation]:
    from lading.catalog.identity import under_key  # noqa: PLC0415 - one use
    from lading.catalog.keys import key_of  # noqa: PLC0415 - one use

    lines = file.text.splitlines()
    for number, line in enumerate(lines, 1):
        match = _KEY_LINE.match(line) or _ARGUMENT_LINE.search(line)
        if match is None or "{{" in match[0]:
            continue
        name = match.group(1)
        key = key_of(name.lstrip("-"))
        at = Occurrence(file.path, number, name, match["value"], scope=Scope.DEPLOY)
        if key and (found := under_key(key.kind, match["value"], at, paths=file.tree.paths)):
            yield found
