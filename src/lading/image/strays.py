"""Programs in the system's folders that no package brought: copied there, they are known to no package manager."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lading.catalog import native
from lading.core.component import Component, Edge, FileRecord
from lading.core.coverage import Skipped
from lading.core.digest import Digest
from lading.core.errors import ExtractError
from lading.image.files import APK, LISTED, Found
from lading.image.system import Package


def strays(found: Found, packages: Iterable[Package]) -> Iterator[Component | Edge | Skipped]:
    """Each such program with what was linked into it; nothing where packages are known and their files are not."""
    packages, programs = list(packages), found.programs
    lists = [data for path, data in found.files.items() if LISTED.match(path)]
    if any(p.kind == "deb" for p in packages) and not lists:
        reason = f"{len(programs)} programs are not looked at: whether a package brought them is not known, because the lists of its files are gone"
        found.excluded += [Skipped(".", reason)] if programs else []
        return
    owned = {_place(line.rpartition("  ")[2]) for data in lists for line in data.decode("utf-8", "replace").splitlines()}
    owned |= {_place(path) for data in (d for p, d in found.files.items() if APK.match(p)) for path in _of_apk(data)}
    owned |= _of_rpm(packages, programs)
    for path, place in sorted(programs.items()):
        if _place(path) not in owned:
            yield from _program(place, path)


def _place(path: str) -> str:
    """A path without its root, and with `/bin` and `/usr/bin` as one folder, as they are on most systems."""
    return path.lstrip("/").removeprefix("usr/")


def _of_apk(data: bytes) -> Iterator[str]:
    folder = ""
    for line in data.decode("utf-8", "replace").splitlines():
        if line.startswith("F:"):
            folder = line[2:]
        elif line.startswith("R:"):
            yield f"{folder}/{line[2:]}"


def _of_rpm(packages: list[Package], programs: Iterable[str]) -> set[str]:
    wanted: dict[bytes, set[bytes]] = {}
    for path in programs:
        folder, _, name = path.rpartition("/")
        bare = folder.removeprefix("usr/")
        wanted.setdefault(name.encode(), set()).update({f"/{bare}/".encode(), f"/usr/{bare}/".encode()})
    return {_place(path) for package in packages if package.files for path in package.files.among(wanted)}


def _program(place: Path, path: str) -> Iterator[Component | Edge | Skipped]:
    try:
        with place.open("rb") as stream:
            if not native.is_object(stream.read(4)):
                return
            stream.seek(0)
            found = native.read(stream, path)
            stream.seek(0)
            record = FileRecord(path, place.stat().st_size, Digest.of_stream(stream))
    except (ExtractError, OSError, ValueError) as e:
        yield Skipped(path, f"cannot be read: {e}", "LD200")
        return
    whole = native.component(found, record, lambda _: False, {})
    yield whole
    yield from native.parts(found, whole)
