"""Kubernetes objects and custom resources: images of containers, models they serve, kustomizations."""

import re
from collections.abc import Iterator

from lading.catalog.commands import chart
from lading.catalog.containers import image_at, images_below, served
from lading.catalog.owner import Owner, owned_documents
from lading.core.component import Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Scope
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents


@extractor("*.yml", "*.yaml", "*.yaml.example", "kustomization.yaml", "kustomization.yml", "Kustomization")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the images of every container and the models that objects name."""
    if file.name.lower().startswith("kustomization"):
        for document in yaml_documents(file):
            yield from _kustomization(file, document)
        return
    try:
        objects = owned_documents(file, Owner.KUBERNETES)
    except ExtractError:  # a slip in one line hides nothing that the other lines name
        yield from _legible(file)
        raise
    for document in objects:
        yield from images_below(file, document)
        yield from served(file, document)
        yield from _application(file, document)


_IMAGE_LINE = re.compile(r"^\s*(?:-\s*)?image:\s*[\"']?(?P<image>[^\s\"'#{}$]+)[\"']?\s*(?:#.*)?$")


def _legible(file: SourceFile) -> Iterator[Observation]:
    """The images of a manifest that is not YAML, line by line."""
    if "apiVersion:" in file.text and "kind:" in file.text:
        for number, line in enumerate(file.text.splitlines(), 1):
            if match := _IMAGE_LINE.match(line):
                yield from image_at(file, Node(match["image"], number, match["image"]), "image", inferred=True)


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


def _application(file: SourceFile, document: Node) -> Iterator[Observation]:
    """Charts that Argo CD and Flux install."""
    sources = [document.get("spec", "source"), *document.elements("spec", "sources")]
    for source in sources:
        if source and (name := source.get("chart")):
            at = Occurrence(file.path, name.line, "spec.source.chart", name.text, scope=Scope.DEPLOY)
            yield chart(name.text, at, version=source.string("targetRevision"), repository_url=source.string("repoURL"))
    if document.string("kind") == "HelmRelease" and (name := document.get("spec", "chart", "spec", "chart")):
        at = Occurrence(file.path, name.line, "spec.chart.spec.chart", name.text, scope=Scope.DEPLOY)
        yield chart(name.text, at, version=document.string("spec", "chart", "spec", "version"))
