"""An installed Python environment: every distribution by its metadata, what each needs, and which were asked for."""

import os
import re
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from pathlib import Path

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from lading.catalog.upstreams import library
from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.coverage import Coverage, Skipped
from lading.core.kinds import Kind, Pin, Relation
from lading.core.merge import merge

LARGEST = 4 << 20
"""Bytes of a METADATA that are read; its head stands in front."""
_NAME = re.compile(r"[-_.]+")


class Distribution(Struct, frozen=True):
    """One installed distribution."""

    path: str
    name: str
    version: str
    needs: tuple[str, ...] = ()
    requested: bool = False

    @property
    def component(self) -> Component:
        """As a component; what is installed is held to its version, not to bytes that anybody checked."""
        return library(self.name, Occurrence(self.path, 0, "installed"), version=self.version, pin=Pin.MUTABLE)


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment, or a site-packages folder."""
    return (folder / "pyvenv.cfg").is_file() or any(folder.glob("*.dist-info"))


def read(folder: Path) -> Bom:
    """Every distribution that is installed there."""
    found: list[Distribution] = []
    unread: list[Skipped] = []
    for place in sorted(_metadata(folder)):
        path = place.relative_to(folder).as_posix()
        try:
            with place.open("rb") as stream:
                data = stream.read(LARGEST)
            found.append(distribution(path, data, requested=place.with_name("REQUESTED").exists()))
        except (OSError, ValueError) as e:
            unread.append(Skipped(path, f"cannot be read: {e}", "LD202"))
    return bom(folder.resolve().name, found, unread)


def bom(name: str, found: Iterable[Distribution], unread: Iterable[Skipped] = ()) -> Bom:
    """Distributions as a bill of materials; the system needs those that were asked for."""
    listed = list(found)
    subject = Component(kind=Kind.SYSTEM, name=name)
    by_name = {_NAME.sub("-", d.name).lower(): d.component.ref for d in listed}
    edges = {Edge(subject.ref, Relation.DEPENDS_ON, d.component.ref) for d in listed if d.requested}
    edges |= {Edge(d.component.ref, Relation.DEPENDS_ON, by_name[n]) for d in listed for n in d.needs if n in by_name}
    gaps = tuple(sorted(unread))
    return Bom(
        subject=subject,
        components=tuple(merge([d.component for d in listed])),
        edges=tuple(sorted(edges)),
        coverage=Coverage(files=len(listed) + len(gaps), read=len(listed), unread=gaps),
    )


def distribution(path: str, data: bytes, *, requested: bool = False) -> Distribution:
    """One distribution by its METADATA; ValueError when it tells no name or no version."""
    head = HeaderParser().parsestr(data.decode("utf-8", "replace"))
    name, version = str(head.get("Name") or "").strip(), str(head.get("Version") or "").strip()
    if not name or not version:
        raise ValueError("it tells no name or no version")
    needs = (_needed(str(text)) for text in head.get_all("Requires-Dist") or ())
    return Distribution(path, name, version, tuple(sorted({n for n in needs if n})), requested)


def _needed(text: str) -> str:
    """The name that a requirement needs whatever extras are asked for; empty when it is none."""
    try:
        parsed = Requirement(text[:2000])
    except (InvalidRequirement, RecursionError):  # parentheses without end
        return ""
    return "" if "extra ==" in str(parsed.marker) else _NAME.sub("-", parsed.name).lower()


def _metadata(folder: Path) -> Iterator[Path]:
    """The METADATA of every distribution below a folder, without following links."""
    for here, folders, _ in os.walk(folder):
        folders.sort()
        for name in [f for f in folders if f.endswith(".dist-info")]:
            yield Path(here) / name / "METADATA"
        folders[:] = [f for f in folders if not f.endswith(".dist-info") and f != "__pycache__"]
