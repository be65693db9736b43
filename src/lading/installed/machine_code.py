"""The objects of machine code among the files of a distribution, and what each was made of."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from lading.catalog import native
from lading.core.component import Component, Edge, FileRecord
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.kinds import Relation


def may_be_object(path: str) -> bool:
    """Whether a file of this name may be machine code."""
    return bool(native.NAMED.search(path) or native.PROGRAM.match(path))


def machine_code(
    site: Path, shown: Callable[[str], str], owner: Component, files: list[FileRecord], declared: Iterable[Component]
) -> Iterator[Component | Edge | Skipped]:
    """Every object with its parts; `declared` are components of which some may be declared by the owner's documents."""
    records = [f for f in files if native.NAMED.search(f.path) or _is_program(site / f.path)]
    objects = []
    for record in records:
        path = shown(record.path)
        try:
            with (site / record.path).open("rb") as stream:
                objects.append((native.read(stream, path), replace(record, path=path)))
        except (ExtractError, OSError, ValueError) as e:
            yield Skipped(path, str(e), "LD200")
    if not objects:
        return
    carried = {f.path.rpartition("/")[2] for f in records}
    known = _versions(owner, [found for found, _ in objects], declared)
    for found, record in objects:
        whole = native.component(found, record, carried.__contains__, known)
        yield whole
        yield Edge(owner.ref, Relation.CONTAINS, whole.ref)
        yield from native.parts(found, whole)


def _is_program(path: Path) -> bool:
    if not native.PROGRAM.match(str(path)):
        return False
    try:
        with path.open("rb") as stream:
            return native.is_object(stream.read(4))
    except OSError:
        return False


def _versions(owner: Component, objects: list[native.Object], declared: Iterable[Component]) -> dict[str, str]:
    """Versions of libraries by what the wheel declares of the packages they were taken from, and by what others of their project tell."""
    by = ("declared-by", f"{owner.name} {owner.version}")
    taken = {c.name: c.version.rpartition("-")[0] for c in declared if c.purl.startswith("pkg:rpm/") and by in c.properties}
    told = {native.project(native.named(o.path)): v for o in objects if (v := native.told_version(o))}
    return {**taken, **told}
