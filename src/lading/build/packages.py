"""The Python distributions that a command can import, read from their metadata on disk without running anything of them."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from packaging.utils import canonicalize_name

from lading.core.digest import Digest
from lading.trust.statement import Resource


def packages_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[Resource, ...]:
    """The distributions installed for the interpreter that a command names, or finds as `python`, each with its version."""
    found = {(r.uri): r for folder in _site_packages(command, environment) for r in _installed(folder)}
    return tuple(found[uri] for uri in sorted(found))


def _site_packages(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Path]:
    for name in (command[0], "python", "python3"):
        where = shutil.which(name, path=environment.get("PATH"))
        prefix = Path(where).parent.parent if where else None
        folders = sorted(prefix.glob("lib/python3*/site-packages")) if prefix and prefix != Path("/usr") and prefix != Path("/") else []
        if folders:
            yield from folders
            return


def _installed(folder: Path) -> Iterator[Resource]:
    for metadata in sorted(folder.glob("*.dist-info")):
        distribution: Distribution = PathDistribution(metadata)
        name, version = distribution.metadata["Name"], distribution.metadata["Version"]
        record = metadata / "RECORD"
        if name and version:
            annotations: dict[str, object] = {"installed": True}
            if record.is_file():
                annotations["record"] = str(Digest.of_bytes(record.read_bytes()))
            yield Resource(name=name, uri=f"pkg:pypi/{canonicalize_name(name)}@{version}", annotations=annotations)
