"""pyproject.toml and Pipfile: dependencies, optional and grouped ones, the build system (PEP 621, PEP 735, PEP 518, Poetry)."""

from collections.abc import Iterator

from lading.catalog.python_libraries import required
from lading.core.component import Component
from lading.core.kinds import Scope
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.node import Node
from lading.syntax.requirements import Requirement, parse
from lading.syntax.toml import toml_document


@extractor("pyproject.toml", "Pipfile")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield a component for every declared dependency."""
    document = toml_document(file)
    yield from _listed(file, document.elements("project", "dependencies"), "project.dependencies", Scope.RUNTIME)
    for extra, node in document.items("project", "optional-dependencies"):
        yield from _listed(file, node.elements(), f"project.optional-dependencies.{extra}", Scope.RUNTIME)
    for group, node in document.items("dependency-groups"):
        yield from _listed(file, node.elements(), f"dependency-groups.{group}", Scope.TEST)
    yield from _listed(file, document.elements("build-system", "requires"), "build-system.requires", Scope.CI)
    yield from _listed(file, document.elements("tool", "uv", "dev-dependencies"), "tool.uv.dev-dependencies", Scope.TEST)
    yield from _named(file, document.get("tool", "poetry", "dependencies"), "tool.poetry.dependencies", Scope.RUNTIME)
    for group, node in document.items("tool", "poetry", "group"):
        yield from _named(file, node.get("dependencies"), f"tool.poetry.group.{group}", Scope.TEST)
    if file.name == "Pipfile":
        yield from _named(file, document.get("packages"), "packages", Scope.RUNTIME)
        yield from _named(file, document.get("dev-packages"), "dev-packages", Scope.TEST)


def _listed(file: SourceFile, nodes: list[Node], symbol: str, scope: Scope) -> Iterator[Component]:
    for node in nodes:
        requirement = parse(node.text, node.line) if isinstance(node.value, str) else None
        if requirement:
            yield from required(file, requirement, symbol, scope)


def _named(file: SourceFile, table: Node | None, symbol: str, scope: Scope) -> Iterator[Component]:
    """Poetry's way: the name as the key, the range as the value (`^1.2`) or in a table."""
    for name, node in table.items() if table else ():
        specifier = node.text if isinstance(node.value, str) else node.string("version")
        if name.lower() == "python" or node.get("path"):
            continue
        url = (
            f"git+{node.string('git')}@{node.string('rev') or node.string('tag') or node.string('branch')}".rstrip("@")
            if node.get("git")
            else node.string("url")
        )
        version = "" if specifier == "*" else specifier
        yield from required(file, Requirement(name, version, url, (), node.line, f"{name} {specifier}".strip()), symbol, scope)
