"""Shared objects that lie in a folder: what each is, what it needs, and what was linked into it."""

from collections.abc import Iterator

from lading.catalog import native
from lading.core.component import Component, Edge, FileRecord
from lading.core.source import SourceFile, Tree
from lading.extractors._registry import extractor


@extractor("*.so", "*.so.*", "*.dylib", "*.dll", "*.pyd", "bin/*", "*/bin/*", "*.exe")
def read(file: SourceFile) -> Iterator[Component | Edge]:
    """Yield the object and the libraries, crates and modules that it shows to be in it."""
    with file.open() as stream:
        if not native.NAMED.search(file.path) and not native.is_object(stream.read(4)):
            return
        stream.seek(0)
        found = native.read(stream, file.path)
    record = FileRecord(file.path, file.size, file.digest)
    beside = file.tree.once(_names).get(file.folder, set())
    whole = native.component(found, record, beside.__contains__, {})
    yield whole
    yield from native.parts(found, whole)


def _names(tree: Tree) -> dict[str, set[str]]:
    """The names in every folder of the tree."""
    found: dict[str, set[str]] = {}
    for path in tree.paths:
        folder, _, name = path.rpartition("/")
        found.setdefault(folder, set()).add(name)
    return found
