"""GitLab CI, CircleCI, Buildkite, pre-commit: images, included pipelines, orbs, hooks, what scripts fetch."""

from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.catalog.containers import filled, image_at
from lading.catalog.owner import Owner, owner_of
from lading.catalog.upstreams import pin_of, repository
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Pin, Scope
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node, walk
from lading.syntax.yaml import yaml_documents

_SCRIPTS = frozenset({"script", "before_script", "after_script", "run", "command", "bash", "pwsh", "commands"})


@extractor(
    ".gitlab-ci*.yml",
    "*.gitlab-ci.yml",
    "*.gitlab/*.yml",
    "*.circleci/*.yml",
    "*.buildkite/*.yml",
    ".pre-commit-config.yaml",
)
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a pipeline runs on, includes and fetches."""
    for document in yaml_documents(file):
        if owner_of(file.path, document, file.tree.paths) not in {Owner.GITLAB, Owner.CI, Owner.OTHER}:
            continue
        if file.name == ".pre-commit-config.yaml":
            yield from _hooks(file, document)
            continue
        known = {k: v.text for k, v in document.items("variables") if isinstance(v.value, str)}
        for path, node in walk(document):
            yield from _step(file, path, node, known)
        yield from _orbs(file, document)


def _step(file: SourceFile, path: tuple[str | int, ...], node: Node, known: dict[str, str]) -> Iterator[Observation]:
    names = [p for p in path if isinstance(p, str)]
    last = names[-1] if names else ""
    if not isinstance(node.value, str):
        return
    if (
        last in {"image", "container"}
        or (last == "name" and len(names) > 1 and names[-2] in {"image", "services"})
        or (last == "services" and isinstance(path[-1], int))
    ):
        text = filled(node.text, known)
        yield from image_at(file, node, ".".join(names[-2:]), text, Scope.CI, inferred=text != node.text)
    elif last in _SCRIPTS:
        places = [Line(file.path, node.line + offset) for offset in range(node.text.count("\n") + 1)]
        yield from shell_observations(node.text, file, places, known)


def _orbs(file: SourceFile, document: Node) -> Iterator[Component]:
    for _, orb in document.items("orbs"):
        if isinstance(orb.value, str) and "/" in orb.text:
            name, _, version = orb.text.partition("@")
            at = Occurrence(file.path, orb.line, "orbs", orb.text, scope=Scope.CI)
            yield Component(kind=Kind.ACTION, name=name, upstream="circleci", version=version, pin=Pin.MUTABLE, occurrences=(at,))


def _hooks(file: SourceFile, document: Node) -> Iterator[Component]:
    """The repositories pre-commit fetches hooks from: infrastructure of development."""
    for entry in document.elements("repos"):
        url = entry.get("repo")
        if url is None or "github.com/" not in url.text:
            continue
        name = url.text.partition("github.com/")[2].removesuffix(".git").rstrip("/")
        at = Occurrence(file.path, url.line, "repos[].repo", url.text, scope=Scope.CI)
        revision = entry.string("rev")
        yield repository(Kind.FILE, name, at, revision=revision) if pin_of(revision) else repository(Kind.FILE, name, at)
