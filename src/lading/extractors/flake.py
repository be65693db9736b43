"""Nix flakes: inputs as written, held exactly by the lock file."""

import json
from collections.abc import Iterator

from lading.catalog.upstreams import repository
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_INPUT = pattern(r"\burl\s*=\s*\"github:(?P<name>[\w.-]+/[\w.-]+)(?:/(?P<ref>[\w./-]+))?[^\"]*\"")


@extractor("flake.nix", "flake.lock")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the GitHub inputs of a flake; with a lock beside it they are exact."""
    if file.name == "flake.lock":
        yield from _locked(file)
        return
    held = {name.lower(): revision for name, revision, _ in _nodes(file.sibling("flake.lock"))}
    for number, line in enumerate(file.text.splitlines(), 1):
        for match in _INPUT.finditer(line) if not line.lstrip().startswith("#") else ():
            at = Occurrence(file.path, number, "inputs.url", match["name"], scope=Scope.DEPLOY)
            revision = held.get(match["name"].lower(), "")
            yield repository(Kind.INFRASTRUCTURE, match["name"], at, revision=revision or match["ref"] or "")


def _locked(file: SourceFile) -> Iterator[Component]:
    for name, revision, line in _nodes(file):
        yield repository(
            Kind.INFRASTRUCTURE, name, Occurrence(file.path, line, "nodes.locked", name, scope=Scope.DEPLOY), revision=revision
        )


def _nodes(file: SourceFile | None) -> Iterator[tuple[str, str, int]]:
    if file is None:
        return
    try:
        nodes = json.loads(file.text).get("nodes", {})
    except (ValueError, AttributeError, RecursionError) as e:
        raise ExtractError(f"{file.path} is not a flake lock: {e}") from e
    lines = file.text.splitlines()
    for node in nodes.values() if isinstance(nodes, dict) else ():
        locked = node.get("locked", {}) if isinstance(node, dict) else {}
        if isinstance(locked, dict) and locked.get("type") == "github" and locked.get("owner") and locked.get("repo"):
            revision = str(locked.get("rev", ""))
            line = next((n for n, text in enumerate(lines, 1) if revision and revision in text), 0)
            yield f"{locked['owner']}/{locked['repo']}", revision, line
