"""Kubernetes objects and custom resources: images of containers, models they serve, kustomizations."""

from collections.abc import Iterator

from lading.catalog.commands import chart
from lading.catalog.containers import image_at, images_below, served
from lading.catalog.owner import Owner, owned_documents
from lading.catalog.upstreams import located, repository
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile, Tree
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents


@extractor("*.yml", "*.yaml", "*.yaml.example", "kustomization.yaml", "kustomization.yml", "Kustomization")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the images of every container and the models that objects name."""
    if file.name.lower().startswith("kustomization"):
        for document in yaml_documents(file):
            yield from _kustomization(file, document)
            yield from served(file, document)
        return
    try:
        objects = owned_documents(file, Owner.KUBERNETES)
    except ExtractError:  # a slip in one line hides nothing that the other lines name
        yield from _legible(file)
        raise
    for document in objects:
        yield from (o for o in images_below(file, document) if not _stands_for_another(o, file.tree))
        yield from served(file, document)
        yield from _application(file, document)


_IMAGE_LINE = pattern(r"^\s*(?:-\s*)?image:\s*[\"']?(?P<image>[^\s\"'#{}$]+)[\"']?\s*(?:#.*)?$")


def _legible(file: SourceFile) -> Iterator[Observation]:
    """The images of a manifest that is not YAML, line by line."""
    if "apiVersion:" in file.text and "kind:" in file.text:
        for number, line in enumerate(file.text.splitlines(), 1):
            if match := _IMAGE_LINE.match(line):
                yield from image_at(file, Node(match["image"], number, match["image"]), "image", inferred=True)


def _stands_for_another(observation: Observation, tree: Tree) -> bool:
    """Whether an image is a name that a kustomization replaces by another."""
    if not isinstance(observation, Component):
        return False
    renamed, listed = tree.once(_replaced)
    return observation.name in renamed or (observation.version == "replace" and observation.name in listed)


def _replaced(tree: Tree) -> tuple[frozenset[str], frozenset[str]]:
    """Names without a registry that kustomizations replace by others, and all names they list."""
    renamed: set[str] = set()
    listed: set[str] = set()
    for path in tree.paths:
        if path.endswith(("kustomization.yaml", "kustomization.yml", "Kustomization")) and (file := tree.file(path)):
            try:
                entries = [e for document in yaml_documents(file) for e in document.elements("images")]
            except ExtractError:  # said where the file itself is read
                continue
            renamed.update(e.string("name") for e in entries if e.string("newName") and "/" not in e.string("name"))
            listed.update(e.string("name") for e in entries)
    return frozenset(renamed), frozenset(listed)


_REMOTE = pattern(
    r"(?:https://|git@|ssh://git@)?github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?(?:/[^?]*)?(?:\?(?:[^#]*&)?ref=(?P<ref>[^&#]+).*)?\Z"
)
"""A folder of a repository that kustomize fetches."""


def _remote(file: SourceFile, document: Node) -> Iterator[Observation]:
    """Manifests and folders that a kustomization takes from elsewhere."""
    for key in ("resources", "bases", "components"):
        for entry in document.elements(key):
            at = Occurrence(file.path, entry.line, f"{key}[]", entry.text, scope=Scope.DEPLOY)
            manifest = entry.text.startswith("https://") and entry.text.endswith((".yaml", ".yml"))
            if manifest:
                yield located(Kind.INFRASTRUCTURE, entry.text, at)
            elif match := _REMOTE.match(entry.text):
                yield repository(Kind.INFRASTRUCTURE, match["name"], at, revision=match["ref"] or "")


def _kustomization(file: SourceFile, document: Node) -> Iterator[Observation]:
    for entry in document.elements("images"):
        name = entry.get("newName") or entry.get("name")
        if name is None:
            continue
        tag, digest = entry.string("newTag"), entry.string("digest")
        text = name.text + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
        yield from image_at(file, name, "images[].newName", text, inferred=True)
    for entry in document.elements("helmCharts"):
        if name := entry.get("name"):
            at = Occurrence(file.path, name.line, "helmCharts[].name", name.text, scope=Scope.DEPLOY)
            yield chart(name.text, at, version=entry.string("version"), repository_url=entry.string("repo"))
    yield from _remote(file, document)


def _application(file: SourceFile, document: Node) -> Iterator[Observation]:
    """Charts that Argo CD and Flux install."""
    sources = [document.get("spec", "source"), *document.elements("spec", "sources")]
    for source in sources:
        if source and (name := source.get("chart")):
            at = Occurrence(file.path, name.line, "spec.source.chart", name.text, scope=Scope.DEPLOY)
            yield chart(name.text, at, version=source.string("targetRevision"), repository_url=source.string("repoURL"))
        elif source and (url := source.get("repoURL")) and (match := _REMOTE.match(url.text)) and not _lies_here(source, file.tree):
            at = Occurrence(file.path, url.line, "spec.source.repoURL", url.text, scope=Scope.DEPLOY)
            yield repository(Kind.INFRASTRUCTURE, match["name"], at, revision=source.string("targetRevision").removeprefix("HEAD"))
    if document.string("kind") == "HelmRelease" and (name := document.get("spec", "chart", "spec", "chart")):
        at = Occurrence(file.path, name.line, "spec.chart.spec.chart", name.text, scope=Scope.DEPLOY)
        yield chart(name.text, at, version=document.string("spec", "chart", "spec", "version"))


def _lies_here(source: Node, tree: Tree) -> bool:
    """Whether the folder of a source is one of this tree: then the repository is this one."""
    folder = source.string("path").strip("./")
    return not folder or any(path.startswith(f"{folder}/") for path in tree.paths)
