"""A file of the scanned tree as plugins see it: read once, hashed once, parsed once."""

from collections.abc import Callable, Collection
from functools import cached_property
from typing import BinaryIO, Protocol, TypeVar, cast

from lading.core.digest import Digest
from lading.core.errors import ExtractError, LimitError
from lading.core.limits import DEFAULT_LIMITS, Limits

T = TypeVar("T")


class Tree(Protocol):
    """The scanned folder, image or archive: paths are relative, with forward slashes."""

    @property
    def paths(self) -> Collection[str]:
        """Every path that belongs to the scan."""

    def file(self, path: str) -> "SourceFile | None":
        """The file at a path of the tree, the same object each time; None when there is none."""

    def once(self, derive: "Callable[[Tree], T]") -> T:
        """`derive(tree)`, computed once for the whole scan: an index over many files, a user's tables."""

    def size(self, path: str) -> int:
        """The size of a file in bytes; OSError when it cannot be told."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; OSError when it cannot be."""


class SourceFile:
    """One file: `path` in its `tree`; whatever is derived from its bytes is derived once."""

    def __init__(self, path: str, tree: Tree, limits: Limits = DEFAULT_LIMITS) -> None:
        self.path = path
        self.tree = tree
        self.limits = limits
        self._memo: dict[Callable[[SourceFile], object], object] = {}

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without its last part; empty at the root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def size(self) -> int:
        """The size in bytes."""
        return self.tree.size(self.path)

    def open(self) -> BinaryIO:
        """Open for reading, for formats of which only a header is wanted."""
        return self.tree.open(self.path)

    @cached_property
    def digest(self) -> Digest:
        """The SHA-256 of the bytes, streamed."""
        with self.open() as stream:
            return Digest.of_stream(stream)

    @cached_property
    def data(self) -> bytes:
        """The bytes; LimitError when there are more than a text file may have."""
        if self.size > self.limits.text_bytes:
            raise LimitError(f"{self.path} has {self.size} bytes, more than the {self.limits.text_bytes} that are parsed as text")
        with self.open() as stream:
            return stream.read(self.limits.text_bytes + 1)

    @cached_property
    def text(self) -> str:
        """The bytes as UTF-8 text (with or without a byte order mark; UTF-16 with one); ExtractError when they are not."""
        data = self.data
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as e:
            raise ExtractError(f"{self.path} is not {encoding.removesuffix('-sig').upper()} text at byte {e.start}") from e
        if "\0" in text:
            raise ExtractError(f"{self.path} is not text: it holds a NUL character")
        return text

    def once(self, derive: "Callable[[SourceFile], T]") -> T:
        """`derive(self)`, computed once for all plugins; an error is raised again each time."""
        if derive not in self._memo:
            try:
                self._memo[derive] = derive(self)
            except ExtractError as e:
                self._memo[derive] = e
        remembered = self._memo[derive]
        if isinstance(remembered, ExtractError):
            raise remembered
        return cast("T", remembered)

    def sibling(self, relative: str) -> "SourceFile | None":
        """The file at a path relative to this one's folder; None when the tree has none there."""
        parts = self.folder.split("/") if self.folder else []
        for part in relative.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part == "..":
                return None
            elif part not in {"", "."}:
                parts.append(part)
        return self.tree.file("/".join(parts))
