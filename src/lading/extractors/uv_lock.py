"""uv.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.locked import Dependency, Package, locked_packages
from lading.catalog.lockfile import MOST_VERSIONS, bounded, crowded, newer, own, rows_of
from lading.core.component import Edge
from lading.core.kinds import Relation
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.toml import toml_document

NEWEST = 1


@extractor("uv.lock", "*.uv.lock", "*.py.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency; the project's own packages are systems."""
    packages = locked_packages(file)
    yield from rows_of(file, toml_document(file), "package")[1]
    yield from newer(file, toml_document(file).string("version") or "1", NEWEST)
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(package.name, []).append(package)
        yield package.component
        if package.origin:
            yield package.origin
            yield Edge(package.component.ref, Relation.FETCHED_FROM, package.origin.ref)
    yield from crowded(file, by_name)
    yield from bounded(
        (package.component, target.component)
        for package in packages
        for dependency in package.dependencies
        for target in _targets(by_name.get(dependency.name, []), dependency)
    )
    yield from _script(file, by_name)


def _script(file: SourceFile, by_name: dict[str, list[Package]]) -> Iterator[Observation]:
    """A lock beside a script (`name.py.lock`) says in its manifest what the script asks for."""
    asked = toml_document(file).elements("manifest", "requirements")
    if asked and file.name.endswith(".py.lock"):
        script = own(file.path, asked[0].line, file.name.removesuffix(".lock"))
        yield script
        for name in sorted({need.string("name") for need in asked}):
            for target in by_name.get(name, ()):
                yield Edge(script.ref, Relation.DEPENDS_ON, target.component.ref)


def _targets(candidates: list[Package], dependency: Dependency) -> list[Package]:
    """The packages a dependency means: those of its version and source, else all of its name (one per platform)."""
    if len(candidates) > MOST_VERSIONS:
        return []
    versions = [c for c in candidates if dependency.version in {"", c.component.version}] or candidates
    return [c for c in versions if dependency.source in {(), c.source}] or versions
