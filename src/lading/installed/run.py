"""An installed environment as a bill of materials: distributions, declared parts, machine code, and what is not as it was installed."""

import os
import time
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

import lading
from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.coverage import Coverage
from lading.core.finding import Report
from lading.core.kinds import Kind, Phase, Relation
from lading.core.merge import merge
from lading.installed.distribution import Distribution
from lading.installed.site import Found, Site
from lading.scan.run import judge


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment, or a site-packages folder."""
    return folder.is_dir() and ((folder / "pyvenv.cfg").is_file() or any(folder.glob("*.dist-info")))


def scan(root: Path, *, verify: bool = True) -> Report:
    """Everything that is installed in an environment, and what the rules say about it.

    Without `verify` only machine code is read and compared with its RECORD; that the other files were not is part of the coverage.
    """
    found = Found()
    for site, prefix in _sites(root):
        Site(root, site, prefix, found, verify=verify).read()
    return judge(_bom(found, root.resolve().name))


def read_sites(root: Path, sites: Iterable[str], name: str, elsewhere: Container[str]) -> Bom:
    """What is installed in folders of an image, of which `root` holds a part; a file that is `elsewhere` in the image is not missing."""
    found = Found()
    for inner in sites:
        site = root / inner
        Site(root, site, site.parents[2] if site.parent.name != "Lib" else site.parents[1], found, elsewhere=elsewhere).read()
    return _bom(found, name)


def _sites(root: Path) -> list[tuple[Path, Path]]:
    """Every folder that packages are installed in, with the folder that their files may not leave."""
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages", "Lib/site-packages")
    inner = [p for pattern in patterns for p in sorted(root.glob(pattern)) if p.is_dir()]
    by_place = {p.resolve(): p for p in reversed(inner)}
    if by_place:
        return [(p, Path(os.path.abspath(root))) for p in sorted(by_place.values())]  # noqa: PTH100 - links stay as they are
    whole = Path(os.path.abspath(root))  # noqa: PTH100 - as above
    in_python = whole.parent.name.startswith("python") and whole.parent.parent.name.startswith("lib")
    return [(root, whole.parents[2] if in_python else whole)]


def _bom(found: Found, name: str) -> Bom:
    subject = Component(kind=Kind.SYSTEM, name=name)
    components = merge(found.components)
    known = {c.ref for c in components} | {subject.ref}
    edges = found.edges | set(_dependencies(subject, found.distributions))
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdigit() else time.time()
    return Bom(
        subject=subject,
        components=components,
        edges=tuple(sorted(e for e in edges if {e.source, e.target} <= known)),
        coverage=Coverage(
            files=found.files + len(found.unread),
            read=found.files,
            bytes=found.bytes,
            excluded=tuple(sorted(found.excluded)),
            unread=tuple(sorted(found.unread)),
        ),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
        generator=f"lading {lading.__version__}",
        phase=Phase.DEPLOYED,
    )


def _dependencies(subject: Component, listed: list[Distribution]) -> Iterator[Edge]:
    """Who needs what; a need of an extra counts where somebody asks for that extra."""
    by_name = {d.component.name: d for d in listed}
    asked: dict[str, set[str]] = {}
    changed = True
    while changed:
        before = sum(map(len, asked.values()))
        for one in listed:
            for need in one.needs:
                if _counts(one, need.belongs_to, asked):
                    asked.setdefault(need.name, set()).update(need.asks)
        changed = sum(map(len, asked.values())) > before
    for one in listed:
        if one.requested:
            yield Edge(subject.ref, Relation.DEPENDS_ON, one.component.ref)
        for need in one.needs:
            target = by_name.get(need.name)
            if target and target is not one and _counts(one, need.belongs_to, asked):
                yield Edge(one.component.ref, Relation.DEPENDS_ON, target.component.ref)


def _counts(one: Distribution, belongs_to: frozenset[str], asked: dict[str, set[str]]) -> bool:
    return not belongs_to or bool(belongs_to & asked.get(one.component.name, set()))
