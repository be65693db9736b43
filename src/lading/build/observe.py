"""Which files a command opens, as the kernel tells it (Linux inotify): whatever reads them, Python, Rust or C++, mapped or not.

Every process counts, so what another one opens in the same folders is told too: a material too many, never one too few.
"""

import ctypes
import os
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from msgspec import Struct

_OPENED, _FOLDER, _OVERFLOW = 0x20, 0x40000000, 0x4000
_MADE = 0x08 | 0x80 | 0x100
"""Written and closed, moved here, created."""
_ONLY_FOLDERS, _NO_LINKS = 0x01000000, 0x02000000
_EVENT = struct.Struct("iIII")
_LEFT_OUT = frozenset({".git", "__pycache__", "node_modules"})


class Seen(Struct, frozen=True):
    """The files that were opened, in order of their paths, and what was not observed."""

    opened: tuple[Path, ...] = ()
    gaps: tuple[str, ...] = ()


class Observer:
    """Watches folders while it is entered; `seen` tells afterwards."""

    def __init__(self, folders: Sequence[Path], left_out: Iterable[Path] = ()) -> None:
        self._folders = folders
        self._left_out = {p.resolve() for p in left_out}
        self._watched: dict[int, Path] = {}
        self._opened: set[Path] = set()
        self._made: set[Path] = set()
        self._gaps: dict[str, None] = {}
        self._descriptor = -1
        self._thread: threading.Thread | None = None

    @property
    def seen(self) -> Seen:
        """What was opened, is a regular file and was not made meanwhile, nor lies in a folder that was."""
        read = (p for p in self._opened if self._made.isdisjoint((p, *p.parents)) and p.is_file())
        return Seen(tuple(sorted(read)), tuple(self._gaps))

    def __enter__(self) -> Self:
        self._kernel = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._kernel, "inotify_init1"):
            self._gaps["files read by the command: this system does not tell them"] = None
            return self
        self._descriptor = self._kernel.inotify_init1(os.O_CLOEXEC)
        if self._descriptor < 0:
            self._gaps[f"files read by the command: {os.strerror(ctypes.get_errno())}"] = None
            return self
        for folder in self._folders:
            self._watch_below(folder.resolve())
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread:
            os.close(self._stopped)
            self._thread.join()
            os.close(self._stop)
            os.close(self._descriptor)

    def _watch_below(self, folder: Path) -> None:
        for found in _folders_below(folder, self._left_out):
            number = self._kernel.inotify_add_watch(self._descriptor, os.fsencode(found), _OPENED | _MADE | _ONLY_FOLDERS | _NO_LINKS)
            if number < 0:
                self._gaps[f"files in {found} and below: {os.strerror(ctypes.get_errno())}"] = None
                return
            self._watched[number] = found

    def _listen(self) -> None:
        """Take events until the end, then those that still wait."""
        import select  # noqa: PLC0415 - only where there is inotify

        while True:
            ready, _, _ = select.select([self._descriptor, self._stop], [], [])
            if self._descriptor in ready:
                self._take(os.read(self._descriptor, 1 << 16))
            elif self._stop in ready:
                return

    def _take(self, events: bytes) -> None:
        position = 0
        while position < len(events):
            number, mask, _, length = _EVENT.unpack_from(events, position)
            position += _EVENT.size + length
            name = os.fsdecode(events[position - length : position].rstrip(b"\0"))
            if mask & _OVERFLOW:
                self._gaps["files read by the command: more were opened at once than the kernel keeps"] = None
            elif number in self._watched and name:
                self._note(self._watched[number] / name, mask)

    def _note(self, path: Path, mask: int) -> None:
        if mask & _MADE:
            self._made.add(path)
            if mask & _FOLDER:
                self._watch_below(path)
        elif mask & _OPENED and not mask & _FOLDER and path not in self._left_out:
            self._opened.add(path)


def _folders_below(folder: Path, left_out: set[Path]) -> Iterator[Path]:
    """A folder and those in it, without links, version control, caches of bytecode and virtual environments."""
    pending = [folder]
    while pending:
        folder = pending.pop()
        if folder in left_out or folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").exists():
            continue
        yield folder
        with suppress(OSError), os.scandir(folder) as entries:
            pending += [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
