"""What the edited bytes say, read as every scan reads them, before they are written anywhere."""

from collections import Counter
from collections.abc import Callable, Collection
from io import BytesIO
from typing import BinaryIO, TypeVar

from msgspec.structs import replace

from lading.core.component import Component
from lading.core.kinds import Pin
from lading.core.source import SourceFile, Tree
from lading.scan.run import Proofs, proofs_of

T = TypeVar("T")


class Edited:
    """A tree in which one file has other bytes; what is derived from the whole tree, which names no revisions, is the tree's."""

    def __init__(self, tree: Tree, path: str, data: bytes) -> None:
        self._tree = tree
        self._path = path
        self._data = data
        self._file = SourceFile(path, self)

    @property
    def paths(self) -> Collection[str]:
        """Every path of the tree."""
        return self._tree.paths

    def file(self, path: str) -> SourceFile | None:
        """The file at a path."""
        return self._file if path == self._path else self._tree.file(path)

    def once(self, derive: Callable[[Tree], T]) -> T:
        """`derive` of the tree as it is on disk, computed once."""
        return self._tree.once(derive)

    def size(self, path: str) -> int:
        """The size of a file in bytes."""
        return len(self._data) if path == self._path else self._tree.size(path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        return BytesIO(self._data) if path == self._path else self._tree.open(path)


def says_the_same(was: Proofs, now: Proofs, pinned: Counter[tuple[str, str]]) -> bool:
    """Whether a file, edited, names what it named, of which only `pinned` (upstream, name: how often) is held more firmly than before."""
    if _named(was.components) != _named(now.components) or len(was.unread) != len(now.unread):
        return False
    if len(was.unresolved) != len(now.unresolved):
        return False
    firmer = open_names(was) - open_names(now)
    return not open_names(now) - open_names(was) and firmer.keys() == pinned.keys() and all(firmer[k] >= n for k, n in pinned.items())


def read(tree: Tree, path: str, data: bytes) -> Proofs:
    """What a file would prove with these bytes."""
    return proofs_of(Edited(tree, path, data), path)


def _named(components: list[Component]) -> set[tuple[str, ...]]:
    return {(c.kind.value, c.upstream, c.name) for c in components}


def open_names(proofs: Proofs) -> Counter[tuple[str, str]]:
    """What is held by no revision, by upstream and name, with how often."""
    return Counter((c.upstream, c.name) for c in _each(proofs.components) if c.pin is not Pin.EXACT)


def _each(components: list[Component]) -> list[Component]:
    return [replace(c, occurrences=(o,)) for c in components for o in c.occurrences]
