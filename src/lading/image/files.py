"""The files of an image as its layers leave them: what each is for, and where what is looked at is laid aside."""

import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from lading.catalog.on_disk import BUNDLED
from lading.core.coverage import Skipped

LARGEST_FILE = 256 << 20
"""Bytes of a database or of metadata that are read."""
LARGEST_APP_FILE = 8 << 20
LARGEST_OBJECT = 1 << 30
"""Bytes of a file of an application, and of one that is machine code by its name."""
LARGEST_SCRIPT = 64 << 10
"""Bytes of a program in the system's folders that may be a script of a Python package."""
MOST_KEPT = 1_000_000
"""Files that are laid aside to be scanned."""
MOST_BYTES = 64 << 30
SPARED = 1 << 30
"""Bytes of the disk that are left free, however much is laid aside."""
MOST_REPLACED = 1_000
"""Folders that files of upper layers replace: each costs a look at all names."""
DPKG = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+(?<!\.md5sums))\Z")
PYTHON = re.compile(r"(?:.*/)?[^/]+(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info)\Z")
NODE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json\Z")
RPM = re.compile(r"(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite(?:-wal)?|Packages|Packages\.db)\Z")
LOG = "-wal"
"""What the name of a log of changes ends with, behind the name of the database of RPM that it is of."""
RELEASE = re.compile(r"(?:etc|usr/lib)/os-release\Z")
APK = re.compile(r"(?:usr/)?lib/apk/db/installed\Z")
LISTED = re.compile(r"var/lib/dpkg/(?:info/[^/]+\.list|status\.d/[^/]+\.md5sums)\Z")
"""Which files are of which package of Debian; only those in folders of programs are kept."""
_PROGRAM = re.compile(r"(?:usr/)?s?bin/[^/]+\Z")
_SITE = re.compile(r"(?:[^/]+/)*?(?:lib(?:64)?/python3[^/]*|Lib)/(?:site|dist)-packages(?=/)")
_NOT_INSTALLED = re.compile(r"usr/lib/python3/dist-packages\Z|(?:.*/)?pkgs/")
"""What Debian's own packages bring, and conda's cache of packages, are no environments."""
_BESIDE = re.compile(r"(?:.*/)?(?:bin/[^/]+|pyvenv\.cfg|conda-meta/[^/]+\.json)\Z")
"""What installed distributions have outside of their folder and is compared too."""
_OF_SYSTEM = re.compile(r"(?:usr/)?s?bin/")
_SYSTEM = re.compile(r"(?:usr(?!/local/(?:bin/|lib(?:64)?/[^/]+\Z))|lib|lib32|lib64|bin|sbin|etc|var|proc|dev|sys|run|boot|tmp)/")
_OBJECT = re.compile(r"(?:/|\A)bin/[^/]+\Z|\.(?:so(?:\.[0-9]+[0-9.a-z]*)?|dylib|dll|exe)\Z")
_INSTALLED = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|__pycache__|\.git)/")


class Found:
    """What an image holds so far: databases by path, what is laid aside, which layer each file is of, and what was not read."""

    def __init__(self, aside: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.layer_of: dict[str, str] = {}
        """Every file that is there, whether looked at or not."""
        self.unread: list[Skipped] = []
        self.excluded: list[Skipped] = []
        self.touched: set[str] = set()
        """Databases of package managers that came, changed or went since somebody asked."""
        self.applications, self.environments = aside / "applications", aside / "environments"
        self._programs = aside / "programs"
        self._stores = (self.applications, self.environments, self._programs)
        for folder in self._stores:
            folder.mkdir()
        self.sites: set[str] = set()
        """Folders that Python packages are installed in."""
        self._folders: set[str] = set()
        self._laid: set[str] = set()
        self._room = min(MOST_BYTES, shutil.disk_usage(aside).free - SPARED)
        self._no_room = self._replaced = self._passed_over = 0

    def name(self, path: str, layer: str) -> None:
        """Something that is no folder has this name now; what had it, lay below it or stands in its way is gone."""
        self.folder(path)
        if path in self._folders:
            self._replaced += 1
            if self._replaced > MOST_REPLACED:
                raise ValueError(f"more than {MOST_REPLACED} folders are replaced by files")
            self.remove(set(), {path})
            self._folders.discard(path)
            for store in self._stores:
                shutil.rmtree(store / path, ignore_errors=True)
        for folder in _parents(path):
            if folder in self._folders:
                break
            self._folders.add(folder)
            self.folder(folder)
        self.layer_of[path] = layer

    def folder(self, path: str) -> None:
        """A folder has this name now: a file that had it is gone."""
        if path in self.layer_of:
            self._forget(path)

    def remove(self, names: Collection[str], emptied: Collection[str], but_of: str | None = None) -> None:
        """Take away files and folders, and what is in those that are emptied, save what one layer brought."""
        gone = [
            path
            for path, layer in self.layer_of.items()
            if layer != but_of and (path in names or any(f in names or f in emptied for f in _parents(path)))
        ]
        for path in gone:
            self._forget(path)

    def wants(self, path: str, size: int) -> bool:
        """Whether a file is looked at: databases, what is installed for Python, weights wherever they lie, and what applications brought."""
        if is_database(path) or _site(path) or _is_beside(path, size) or _is_brought(path, size) or _is_program(path, size):
            return True
        self._passed_over += _is_of_application(path)
        return False

    def take(self, path: str, size: int, stream: IO[bytes]) -> None:
        """Keep a file: in memory what is read here, aside what is scanned."""
        site = _site(path)
        if site or not is_database(path):
            stores = [self.environments] if site or _is_beside(path, size) else []
            stores += [self.applications] if _is_brought(path, size) else []
            stores += [self._programs] if _is_program(path, size) else []
            if self._lay(path, size, stream, stores) and site:
                self.sites.add(site)
        elif size > LARGEST_FILE:
            self.unread.append(Skipped(path, f"{size} bytes are more than such a file may have", "LD201"))
        elif LISTED.match(path):
            self._keep(path, b"\n".join(line for line in stream if b"bin/" in line))
        else:
            self._keep(path, stream.read(LARGEST_FILE))

    @property
    def programs(self) -> dict[str, Path]:
        """Programs in the system's folders that may be machine code, and where each is laid aside."""
        return {path: self._programs / path for path in self._laid if _PROGRAM.match(path) and (self._programs / path).is_file()}

    def link(self, path: str, target: str) -> None:
        """A second name of a file: it counts under it too, or is told as not read."""
        if not self.wants(path, 0):
            return
        if target in self.files and is_database(path):
            self._keep(path, self.files[target])
        elif target in self._laid:
            (place,) = [p for store in self._stores if (p := store / target).is_file()][:1]
            with place.open("rb") as stream:
                self.take(path, place.stat().st_size, stream)
        else:
            self.unread.append(Skipped(path, f"it is a second name of {target}, which is not kept", "LD200"))

    def gaps(self) -> list[Skipped]:
        """What was not read."""
        short = f"{self._no_room} files are not read: there is no room to lay them aside, or more than the {MOST_KEPT} that are"
        return [*self.unread, *([Skipped(".", short, "LD201")] if self._no_room else [])]

    def left_out(self) -> list[Skipped]:
        """What was not looked at on purpose."""
        reason = f"{self._passed_over} files of applications are not looked at: each has more than {LARGEST_APP_FILE >> 20} MiB, and by its name is neither weights nor machine code"
        return [*self.excluded, *([Skipped(".", reason)] if self._passed_over else [])]

    def _lay(self, path: str, size: int, stream: IO[bytes], stores: list[Path]) -> bool:
        if len(self._laid) >= MOST_KEPT or size > self._room:
            self._no_room += 1
            return False
        first, *others = [store / path for store in stores]
        try:
            first.parent.mkdir(parents=True, exist_ok=True)
            with first.open("wb") as target:
                shutil.copyfileobj(stream, target, 1 << 20)
            for other in others:
                other.parent.mkdir(parents=True, exist_ok=True)
                other.hardlink_to(first)
        except OSError as e:
            self.unread.append(Skipped(path, f"cannot be laid aside to be scanned: {e.strerror or e}", "LD202"))
            return False
        self._room -= size
        self._laid.add(path)
        return True

    def _keep(self, path: str, data: bytes) -> None:
        self.files[path] = data
        if is_system(path):
            self.touched.add(path)

    def _forget(self, path: str) -> None:
        del self.layer_of[path]
        if self.files.pop(path, None) is not None and is_system(path):
            self.touched.add(path)
        if path in self._laid:
            self._laid.remove(path)
            for store in self._stores:
                place = store / path
                if place.is_file():
                    self._room += place.stat().st_size
                    place.unlink()


def _parents(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first and the root last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def is_database(path: str) -> bool:
    """Whether a file tells what is installed."""
    return is_system(path) or any(p.match(path) for p in (RELEASE, PYTHON, NODE, LISTED))


def is_system(path: str) -> bool:
    """Whether a file is a database of what manages the packages of a system."""
    return any(p.match(path) for p in (APK, DPKG, RPM))


def _site(path: str) -> str:
    """The folder of installed Python packages that a file lies in; empty when in none that is read as an environment."""
    found = _SITE.match(path) if "-packages/" in path else None
    return "" if found is None or _NOT_INSTALLED.match(found[0]) else found[0]


def _is_beside(path: str, size: int) -> bool:
    return bool(_BESIDE.match(path)) and (size <= LARGEST_SCRIPT or not _OF_SYSTEM.match(path))


def _is_program(path: str, size: int) -> bool:
    """Whether a file may be a program of machine code in a folder of the system; what is smaller is most likely a script."""
    return LARGEST_SCRIPT < size <= LARGEST_OBJECT and bool(_PROGRAM.match(path))


def _is_brought(path: str, size: int) -> bool:
    """Whether a file is of an application: weights wherever they lie, machine code, and whatever is not too large."""
    if BUNDLED.search(f"/{path}"):
        return not _site(path)
    return _is_of_application(path) and size <= (LARGEST_OBJECT if _OBJECT.search(path) else LARGEST_APP_FILE)


def _is_of_application(path: str) -> bool:
    return not _SYSTEM.match(path) and not _INSTALLED.search(path)
