"""One folder of installed packages: its distributions, then what belongs to none."""

import os
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lading.catalog.integrity import MISSING, MODIFIED, UNLISTED
from lading.core.component import Component, Edge, FileRecord, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Relation
from lading.installed.bundled import brings_models, bundled
from lading.installed.declared import declared
from lading.installed.distribution import Distribution, distribution
from lading.installed.machine_code import machine_code, may_be_object
from lading.installed.markers import interpreter
from lading.installed.record import Difference, Row, compare, rows
from lading.installed.startup import startup
from lading.installed.vendored import vendored

_OF_SYSTEM = re.compile(r"usr/lib(?:64)?/python3[^/]*/")
"""Where the package managers of distributions install for Python."""
_UNPACKED = ("*.egg-info", "*.egg")


class Found(Struct):
    """What the folders of an environment hold so far."""

    components: list[Component] = []
    edges: set[Edge] = set()
    unread: list[Skipped] = []
    excluded: list[Skipped] = []
    distributions: list[Distribution] = []
    files: int = 0
    bytes: int = 0


class Site:
    """One site-packages folder."""

    def __init__(self, root: Path, site: Path, prefix: Path, found: Found, *, verify: bool = True, elsewhere: Container[str] = ()) -> None:
        self.root, self.site = Path(os.path.abspath(root)), Path(os.path.abspath(site))  # noqa: PTH100 - links stay as they are
        self.prefix, self.found, self.verify = prefix, found, verify
        inner = os.path.relpath(self.site, self.root)
        self.inner = "" if inner == "." else f"{inner}/"
        self.python = interpreter(self.site, prefix)
        self.owners: dict[str, Component] = {}
        self.listed: set[str] = set()
        self.tops: dict[str, str] = {}
        self.troubles: dict[str, list[Occurrence]] = {}
        self.of_system = bool(elsewhere) and bool(_OF_SYSTEM.match(self.inner))
        self.elsewhere, self.passed_over, self.left_to_system = elsewhere, 0, 0

    def read(self) -> None:
        """Read every distribution, then what belongs to none."""
        for folder in sorted(self.site.glob("*.dist-info")):
            try:
                self._distribution(folder)
            except ExtractError as e:
                self._gap(folder.name, e.sentence, e.code)
            except OSError as e:
                self._gap(folder.name, f"cannot be read: {e.strerror or e}", "LD202")
        for pattern in _UNPACKED:
            for other in sorted(self.site.glob(pattern)):
                self._unpacked(other)
        self._unlisted()
        self._startup()
        self._left_out()
        for ref, places in self.troubles.items():
            owner = self.owners.get(ref)
            self.found.components.append(replace(owner, occurrences=tuple(places)) if owner else _lone(ref, places))

    def _left_out(self) -> None:
        """What was not compared on purpose is said, with its number."""
        unknown, here = "whether they are as installed is not known", self.inner.rstrip("/") or "."
        if self.passed_over:
            why = "they are links, or lie in folders of the image that are not looked at" if self.verify else "as was asked"
            reason = f"{self.passed_over} files were not compared with their RECORD, {why}: {unknown}"
            self.found.excluded.append(Skipped(here, reason))
        if self.left_to_system:
            reason = f"{self.left_to_system} distributions have no RECORD: their files, and others that none lists, are the package manager's to verify"
            self.found.excluded.append(Skipped(here, reason))

    def _distribution(self, folder: Path) -> None:
        one = distribution(folder, f"{self.inner}{folder.name}", self.python)
        self.found.components.append(one.component)
        self.found.distributions.append(one)
        self.owners[one.component.ref] = one.component
        self._declared(one)
        record = folder / "RECORD"
        if not record.is_file() and self.of_system:
            self.left_to_system += 1
            return
        if not record.is_file():
            self._gap(f"{folder.name}/RECORD", "there is none: no file of it can be verified", "LD200")
            return
        told = rows(record)
        self._vendored(one, told)
        looked = told if self.verify else [row for row in told if may_be_object(row.path)]
        self.passed_over += len(told) - len(looked)
        files, differences = compare(self.site, self.prefix, looked, min(8, os.cpu_count() or 1))
        site = str(self.site)
        self.listed.update(os.path.normpath(os.path.join(site, r.path)) for r in told)  # noqa: PTH118 - many files
        for row in told:
            self.tops.setdefault(row.path.split("/")[0], one.component.ref)
            if "/" not in row.path or row.path.endswith("__init__.py"):
                self.tops.setdefault(row.path, one.component.ref)
        self.found.files += len(files)
        self.found.bytes += sum(f.size for f in files)
        for difference in differences:
            self._different(one.component, difference)
        self._brings(one.component, files, told)

    def _unpacked(self, place: Path) -> None:
        """An older form of installation: what it is can be told, not whether its files are as they were."""
        folder = place / "EGG-INFO" if place.suffix == ".egg" else place
        try:
            one = distribution(folder, f"{self.inner}{folder.relative_to(self.site).as_posix()}", self.python)
        except (ExtractError, OSError) as e:
            self._gap(place.name, str(e), "LD200")
            return
        self.found.components.append(one.component)
        self.found.distributions.append(one)
        if self.of_system:
            self.left_to_system += 1
            return
        self._gap(place.name, "an older form of installation, without digests: none of its files can be verified", "LD200")

    def _vendored(self, one: Distribution, told: list[Row]) -> None:
        """The packages that a distribution carries inside of it."""
        for component in vendored(self.site, self.inner, [r.path for r in told]):
            self.found.components.append(component)
            if component.ref != one.component.ref:
                self.found.edges.add(Edge(one.component.ref, Relation.CONTAINS, component.ref))

    def _different(self, owner: Component, difference: Difference) -> None:
        words = {"modified": MODIFIED, "missing": MISSING}
        if difference.how == "missing" and self._path(difference.path) in self.elsewhere:
            self.passed_over += 1
        elif difference.how in words:
            at = Occurrence(self._path(difference.path), 0, words[difference.how], difference.path)
            self.troubles.setdefault(owner.ref, []).append(at)
        else:
            self._gap(difference.path, difference.how, "LD200")

    def _declared(self, one: Distribution) -> None:
        for document in sorted((one.folder / "sboms").rglob("*")):
            if document.is_file():
                path = f"{self.inner}{document.relative_to(self.site).as_posix()}"
                try:
                    components, edges = declared(document, path, one.component)
                except ExtractError as e:
                    self.found.unread.append(Skipped(path, e.sentence, e.code))
                else:
                    self._keep([*components, *edges])

    def _brings(self, owner: Component, files: list[FileRecord], told: list[Row]) -> None:
        """Machine code and models among the files of a distribution."""
        self._keep(machine_code(self.site, self._path, owner, files, self.found.components))
        paths = [row.path for row in told]
        if brings_models(paths):
            self._keep(bundled(self.root, self.inner, paths, owner))

    def _keep(self, found: Iterable[Component | Edge | Skipped]) -> None:
        for one in found:
            if isinstance(one, Component):
                self.found.components.append(one)
            elif isinstance(one, Edge):
                self.found.edges.add(one)
            else:
                self.found.unread.append(one)

    def _unlisted(self) -> None:
        """Files that no RECORD lists; the compiled form of a listed source is of that source."""
        if self.left_to_system:
            return
        for path in _walk(self.site):
            if path not in self.listed and _source(path) not in self.listed:
                inner = os.path.relpath(path, self.site)
                top, below, _ = inner.partition(os.sep)
                ref = (self.tops.get(top) if below else "") or self._path(inner)
                self.troubles.setdefault(ref, []).append(Occurrence(self._path(inner), 0, UNLISTED, inner))

    def _startup(self) -> None:
        for name, at in startup(self.site, self.inner):
            self.troubles.setdefault(self.tops.get(name) or at.path, []).append(at)

    def _path(self, path: str) -> str:
        inner = os.path.normpath(f"{self.inner}{path}").replace(os.sep, "/")
        return inner.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def _gap(self, path: str, reason: str, code: str) -> None:
        self.found.unread.append(Skipped(self._path(path), reason, code))


def _lone(path: str, places: Iterable[Occurrence]) -> Component:
    return Component(kind=Kind.FILE, name=path, occurrences=tuple(places))


def _walk(site: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(site):
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(names))  # noqa: PTH118 - many files


def _source(path: str) -> str:
    """The source of a compiled file in `__pycache__`; the path itself for others."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != "__pycache__" or not name.endswith(".pyc"):  # noqa: PTH119 - many files
        return path
    return os.path.join(os.path.dirname(folder), f"{name.split('.')[0]}.py")  # noqa: PTH118, PTH120 - many files
