"""Which layer brought a package: the databases of package managers, compared from layer to layer as these are laid."""

from collections.abc import Iterator

from lading.image import apk, dpkg, rpm
from lading.image.files import APK, DPKG, LOG, Found
from lading.image.system import Package
from lading.image.wal import applied

MOST_BYTES = 1 << 30
"""Bytes of databases that are read to tell which layer brought what."""
Identity = tuple[str, str, str, str, str]
_State = tuple[list[Package], str]


class History:
    """Since which layer each package has been there without a break."""

    def __init__(self) -> None:
        self.since: dict[Identity, str] = {}
        self.blind = False
        """Whether there was too much to read, so that of no package is told which layer brought it."""
        self._left = MOST_BYTES
        self._states: dict[str, tuple[bytes, bytes, _State]] = {}

    def read(self, path: str, files: dict[str, bytes]) -> _State:
        """The packages of a database, and why it could not be read to its end; each state of it is read once."""
        data, log = files[path], files.get(f"{path}{LOG}", b"")
        known = self._states.get(path)
        if known is None or known[0] is not data or known[1] is not log:
            known = self._states[path] = (data, log, _read(path, data, log))
        return known[2]

    def after(self, layer: str, found: Found) -> None:
        """A layer is laid: what was not there before it is of this layer."""
        touched, found.touched = {path.removesuffix(LOG) for path in found.touched}, set()
        for path in touched:
            self._states.pop(path, None)
        self._left -= sum(len(found.files.get(name, b"")) for path in touched for name in (path, f"{path}{LOG}"))
        if self._left < 0:
            self.blind, self.since = True, {}
        if self.blind or not touched:
            return
        for path in touched & found.files.keys():
            self.read(path, found.files)
        here = (package.identity for _, _, (packages, _) in self._states.values() for package in packages)
        self.since = {identity: self.since.get(identity, layer) for identity in here}


def _read(path: str, data: bytes, log: bytes) -> _State:
    packages: list[Package] = []
    try:
        packages.extend(_packages(path, applied(data, log) if log else data))
    except (ValueError, RecursionError) as e:
        return packages, str(e)
    return packages, ""


def _packages(path: str, data: bytes) -> Iterator[Package]:
    if DPKG.match(path):
        return dpkg.read(data)
    return apk.read(data) if APK.match(path) else rpm.read(data)
