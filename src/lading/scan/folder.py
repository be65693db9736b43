"""A folder as a tree of source files: walked once, without following links out of it or in circles."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from lading.core.coverage import Skipped
from lading.core.errors import UsageError
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.core.source import SourceFile, Tree

T = TypeVar("T")

EXCLUDED_FOLDERS = {
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    "node_modules": "installed packages",
    "site-packages": "installed packages",
    ".venv": "installed packages",
    "venv": "installed packages",
    ".tox": "installed packages",
    ".nox": "installed packages",
    "__pycache__": "compiled bytecode",
    ".mypy_cache": "tool cache",
    ".ruff_cache": "tool cache",
    ".pytest_cache": "tool cache",
    ".ipynb_checkpoints": "editor copies",
    ".terraform": "installed modules",
}


class Folder:
    """The files below a folder (or one file alone, or those that are `chosen`); what is not walked is in `excluded` and `unread`."""

    def __init__(
        self, root: Path, limits: Limits = DEFAULT_LIMITS, exclude: tuple[str, ...] = (), chosen: Collection[str] | None = None
    ) -> None:
        if not os.path.lexists(root):
            raise UsageError(f"{root} does not exist", hint="give a folder or a file: lading scan .")
        if not (root.is_dir() or root.is_file()):
            raise UsageError(f"{root} is neither a file nor a folder", hint="give a folder or a file: lading scan .")
        self.root, alone = (root, "") if root.is_dir() else _placed(root)
        self._prefix = f"{self.root}/"
        self.limits = limits
        self.exclude = exclude
        self.excluded: list[Skipped] = []
        self.unread: list[Skipped] = []
        self._files: dict[str, SourceFile] = {}
        self._derived: dict[Callable[[Tree], object], object] = {}
        found = [alone] if alone else sorted(self._walk("") if chosen is None else chosen)
        self._sizes = dict.fromkeys(found, -1)

    @property
    def paths(self) -> dict[str, int]:
        """Every path of the scan, sorted."""
        return self._sizes

    def file(self, path: str) -> SourceFile | None:
        """The file at a path, the same object each time."""
        if path not in self._sizes:
            return None
        if path not in self._files:
            self._files[path] = SourceFile(path, self, self.limits)
        return self._files[path]

    def once(self, derive: Callable[[Tree], T]) -> T:
        """`derive(self)`, computed once for the whole scan."""
        if derive not in self._derived:
            self._derived[derive] = derive(self)
        return cast("T", self._derived[derive])

    def forget(self, path: str) -> None:
        """Drop what is remembered of a file, to keep memory flat on large trees."""
        self._files.pop(path, None)

    def forget_all(self) -> None:
        """Drop whatever is remembered of the files and of the whole tree."""
        self._files.clear()
        self._derived.clear()

    def size(self, path: str) -> int:
        """The size of a file in bytes."""
        return os.stat(f"{self._prefix}{path}").st_size  # noqa: PTH116 - as above

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        return open(f"{self._prefix}{path}", "rb")  # noqa: PTH123 - a Path costs as much as the opening

    def _walk(self, folder: str) -> Iterator[str]:
        pending = [folder]
        while pending:
            folder = pending.pop()
            try:
                entries = list(os.scandir(self.root / folder))
            except OSError as e:
                self.unread.append(Skipped(folder or ".", f"folder cannot be read: {e.strerror}", "LD202"))
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if reason := self._reason_to_exclude(path, entry):
                    self.excluded.append(Skipped(_printable(path), reason))
                elif entry.is_symlink() and not self._inside(path):
                    self.excluded.append(Skipped(_printable(path), "link that leads out of the tree, in a circle or nowhere"))
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif entry.is_symlink() and entry.is_dir():
                    self.excluded.append(Skipped(_printable(path), "link to a folder that is read at its own place"))
                elif not entry.is_file():
                    self.excluded.append(Skipped(_printable(path), "neither a file nor a folder"))
                else:
                    yield path

    def _reason_to_exclude(self, path: str, entry: os.DirEntry[str]) -> str:
        if entry.name in EXCLUDED_FOLDERS and entry.is_dir():
            return EXCLUDED_FOLDERS[entry.name]
        if any(path == e.rstrip("/") or path.startswith(e.rstrip("/") + "/") for e in self.exclude):
            return "excluded by configuration"
        return ""

    def _inside(self, path: str) -> bool:
        try:
            return (self.root / path).resolve(strict=True).is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):
            return False


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _placed(file: Path) -> tuple[Path, str]:
    """The repository that a file alone is of, and its path in there, which says what it is (requirements/base.txt); else its folder and name."""
    absolute = Path(os.path.abspath(file))  # noqa: PTH100 - a link stays the name that it has
    folder = next((f for f in absolute.parents if (f / ".git").exists()), absolute.parent)
    return folder, absolute.relative_to(folder).as_posix()
