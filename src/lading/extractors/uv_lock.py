"""uv.lock: every package with the hashes of its files, and what depends on what."""

from collections.abc import Iterator

from lading.catalog.locked import Dependency, Package, locked_packages
from lading.core.component import Edge
from lading.core.kinds import Relation
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor


@extractor("uv.lock", "*.uv.lock", "*.py.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every locked package and an edge for every dependency; the project's own packages are systems."""
    packages = locked_packages(file)
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(package.name, []).append(package)
        yield package.component
    for package in packages:
        for dependency in package.dependencies:
            for target in _targets(by_name.get(dependency.name, []), dependency):
                yield Edge(package.component.ref, Relation.DEPENDS_ON, target.component.ref)


def _targets(candidates: list[Package], dependency: Dependency) -> list[Package]:
    """The packages a dependency means: the one of its version, else all of its name (one per platform)."""
    return [c for c in candidates if dependency.version in {"", c.component.version}] or candidates
