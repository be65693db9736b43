"""pyproject.toml and Pipfile: what a Python project declares to depend on, at run time, as extras, in groups and to be built."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.locked import Package, locked_packages
from lading.catalog.requirement import from_git, requirement
from lading.catalog.upstreams import library, located
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Pin, Scope
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.toml import toml_document

_TEST_GROUPS = frozenset({"test", "tests", "testing", "dev", "development", "lint", "typing", "docs", "doc", "quality"})


@extractor("pyproject.toml", "Pipfile")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every declared requirement; where a `uv.lock` stands beside it, the release that is locked."""
    document = toml_document(file)
    locked = _locked(file)
    for component in [*_declared(file, document), *_poetry(file, document)]:
        yield _as_locked(component, locked)


def _declared(file: SourceFile, document: Node) -> Iterator[Component]:
    """PEP 621 dependencies, PEP 735 groups, PEP 518 build requirements, uv's and pdm's own tables."""
    lists: list[tuple[str, Node | None, Scope]] = [
        ("project.dependencies", document.get("project", "dependencies"), Scope.RUNTIME),
        ("build-system.requires", document.get("build-system", "requires"), Scope.CI),
        ("tool.uv.dev-dependencies", document.get("tool", "uv", "dev-dependencies"), Scope.TEST),
    ]
    for place in (("project", "optional-dependencies"), ("dependency-groups",), ("tool", "pdm", "dev-dependencies")):
        lists += [(f"{'.'.join(place)}.{name}", node, _scope(name)) for name, node in document.items(*place)]
    for symbol, node, scope in lists:
        for entry in node.elements() if node else ():
            if isinstance(entry.value, str):
                found = requirement(entry.value, Occurrence(file.path, entry.line, symbol, entry.value, scope=scope))
                if found:
                    yield _sourced(document, found, entry.line)


def _sourced(document: Node, found: Component, line: int) -> Component:
    """The component with the git repository that `tool.uv.sources` names for it."""
    source = document.get("tool", "uv", "sources", found.name)
    url = source.string("git") if source else ""
    if source is None or not url:
        return found
    at = replace(found.occurrences[0], line=line)
    return _git(source, url, at)


def _git(table: Node, url: str, at: Occurrence) -> Component:
    host, _, path = url.partition("://")[2].rpartition("@")[2].partition("/") if "://" in url else url.rpartition("@")[2].partition(":")
    return from_git(host, path, table.string("rev") or table.string("tag") or table.string("branch") or table.string("ref"), at)


def _poetry(file: SourceFile, document: Node) -> Iterator[Component]:
    """The tables of Poetry and pipenv: a version constraint per name, or a table with a version, a repository or a URL."""
    for symbol, table, scope in _tables(document):
        for name, value in table.items() if table else ():
            for choice in value.elements() or [value]:
                at = Occurrence(file.path, choice.line, symbol, choice.text or name, scope=scope)
                if name.lower() != "python" and (found := _poetry_choice(name, choice, at)):
                    yield found


def _tables(document: Node) -> Iterator[tuple[str, Node | None, Scope]]:
    yield "packages", document.get("packages"), Scope.RUNTIME
    yield "dev-packages", document.get("dev-packages"), Scope.TEST
    yield "tool.poetry.dependencies", document.get("tool", "poetry", "dependencies"), Scope.RUNTIME
    yield "tool.poetry.dev-dependencies", document.get("tool", "poetry", "dev-dependencies"), Scope.TEST
    for name, group in document.items("tool", "poetry", "group"):
        yield f"tool.poetry.group.{name}", group.get("dependencies"), _scope(name)


def _poetry_choice(name: str, value: Node, at: Occurrence) -> Component | None:
    if value.get("path"):
        return None
    if url := value.string("git"):
        return _git(value, url, at)
    if url := value.string("url"):
        return requirement(f"{name} @ {url}", at) or located(Kind.LIBRARY, url, at)
    constraint = (value.string("version") if isinstance(value.value, dict) else value.text).strip()
    single = constraint.removeprefix("==").strip() if constraint[:1].isdigit() or constraint.startswith("==") else ""
    version = single if single and not set(single) & set("*,<> ") else constraint.replace("*", "") if constraint == "*" else constraint
    return library(name, at, version=version, pin=Pin.MUTABLE if version else Pin.NONE)


def _scope(group: str) -> Scope:
    return Scope.TEST if group.lower() in _TEST_GROUPS else Scope.RUNTIME


def _locked(file: SourceFile) -> dict[str, Component]:
    """The locked release of every name that has exactly one; none when there is no lock, or none that can be read."""
    lock = file.sibling("uv.lock")
    try:
        packages = locked_packages(lock) if lock else []
    except ExtractError:  # the lock's own extractor reports it
        return {}
    found: dict[str, list[Package]] = {}
    for package in packages:
        if not package.own and package.component.upstream == "pypi":
            found.setdefault(package.component.name, []).append(package)
    return {name: rows[0].component for name, rows in found.items() if len(rows) == 1}


def _as_locked(component: Component, locked: dict[str, Component]) -> Component:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - slow to import

    held = locked.get(canonicalize_name(component.name)) if component.upstream == "pypi" else None
    if held is None:
        return component
    at = replace(component.occurrences[0], confidence=Confidence.INFERRED)
    return replace(held, occurrences=(at,), properties=tuple(sorted({*held.properties, *component.properties})))
