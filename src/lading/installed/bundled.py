"""Models that packages bring with them: weights among the installed files, and what lies beside them."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from lading.catalog.on_disk import BUNDLED
from lading.core.component import Component, Edge
from lading.core.coverage import Skipped
from lading.core.kinds import Flag, Relation
from lading.rules.forgotten_artifact import MENTIONED
from lading.scan.folder import Folder
from lading.scan.run import collect

_BESIDE = (".json", ".jinja", ".txt", ".model")


def brings_models(paths: Iterable[str]) -> bool:
    """Whether there are weights among files, by their paths below the folder that packages are installed in."""
    return any(BUNDLED.search(path) for path in paths)


def bundled(root: Path, inner: str, paths: Collection[str], owner: Component) -> Iterator[Component | Edge | Skipped]:
    """What the weights among the files of a distribution in an `inner` folder, and the files beside them, say of themselves.

    The package that brings a model mentions its files in RECORD, and its license covers them.
    """
    folders = {_folder(path) for path in paths if BUNDLED.search(path)}
    beside = [p for p in paths if _folder(p) in folders and (BUNDLED.search(p) or p.endswith(_BESIDE))]
    bom = collect(Folder(root, chosen=[f"{inner}{p}" for p in beside if (root / f"{inner}{p}").is_file()]), root.name)
    rows = {("installed-by", f"{owner.name} {owner.version}"), (MENTIONED, "RECORD")}
    for component in bom.components:
        if Flag.ON_DISK in component.flags:
            properties = tuple(sorted({*component.properties, *rows}))
            yield replace(component, licenses=component.licenses or owner.licenses, properties=properties)
            yield Edge(owner.ref, Relation.CONTAINS, component.ref)
    yield from bom.edges
    yield from bom.coverage.unread


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
