"""What the package managers of an image say is installed: dpkg, apk, RPM, Python's metadata and npm's, and what needs what of it."""

import json
from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from lading.audit import environment
from lading.audit.environment import Distribution
from lading.core.component import Component, Edge, Occurrence
from lading.core.coverage import Skipped
from lading.core.kinds import Kind, Pin
from lading.core.purl import purl
from lading.image import apk, dpkg, rpm
from lading.image.files import LOG, NODE, PYTHON, Found, is_system
from lading.image.history import History
from lading.image.needs import Fits, Holder, edges
from lading.image.strays import strays
from lading.image.system import Package, component


class Installed(Struct):
    """Every package, every distribution of Python, which package needs which, and the layer that brought each."""

    components: list[Component]
    distributions: list[Distribution]
    edges: list[Edge]
    layers: dict[str, str]


def installed(found: Found, history: History) -> Installed:
    """What is there at last; what cannot be read is added to what was found."""
    told = _systems(found, history)
    for path, data in sorted(found.files.items()):
        try:
            if PYTHON.match(path):
                told.distributions.append(environment.distribution(path, data))
            elif NODE.match(path):
                told.components += _node(path, data)
        except (ValueError, RecursionError) as e:
            found.unread.append(Skipped(path, f"cannot be read: {e}", "LD200"))
    return told


def _systems(found: Found, history: History) -> Installed:
    """What the managers of the system's packages say."""
    release = _release(found.files)
    told = Installed([], [], [], {})
    by_kind: defaultdict[str, list[tuple[str, Package]]] = defaultdict(list)
    for path in sorted(filter(is_system, found.files)):
        if path.endswith(LOG):
            if found.files[path] and path.removesuffix(LOG) not in found.files:
                found.unread.append(Skipped(path, "cannot be read: the database that it is the log of is not there", "LD200"))
            continue
        packages, problem = history.read(path, found.files)
        for package in packages:
            one = component(package, path, release)
            told.components.append(one)
            told.layers[one.ref] = history.since.get(package.identity, "")
            by_kind[package.kind].append((one.ref, package))
        if problem:
            found.unread.append(Skipped(path, f"cannot be read: {problem}", "LD200"))
    if history.blind:
        found.unread.append(Skipped(".", "which layer brought which package is not told: their databases change too often", "LD201"))
    _add_strays(told, found, [p for rows in by_kind.values() for _, p in rows])
    _add_edges(told, found, by_kind)
    return told


def _add_strays(told: Installed, found: Found, packages: list[Package]) -> None:
    """Programs that none of the packages brought."""
    for stray in strays(found, packages):
        if isinstance(stray, Component):
            told.components.append(stray)
        elif isinstance(stray, Edge):
            told.edges.append(stray)
        else:
            found.unread.append(stray)


def _add_edges(told: Installed, found: Found, by_kind: dict[str, list[tuple[str, Package]]]) -> None:
    for kind, rows in sorted(by_kind.items()):
        try:
            told.edges += _edges(kind, rows)
        except ValueError as e:
            found.unread.append(Skipped(".", f"which package needs which is not told: {e}", "LD201"))


def _edges(kind: str, rows: list[tuple[str, Package]]) -> list[Edge]:
    judges: dict[str, Fits] = {"apk": apk.fits, "rpm": rpm.fits}
    holders = [Holder(ref, p.wants, p.offers, p.arch, p.files) for ref, p in rows]
    return list(edges(holders, judges.get(kind) or dpkg.fits([p for _, p in rows])))


def _release(files: dict[str, bytes]) -> tuple[str, str]:
    """Id and version of the distribution."""
    text = next((files[n] for n in ("etc/os-release", "usr/lib/os-release") if n in files), b"").decode("utf-8", "replace")
    rows = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return rows.get("ID", "").strip("\"'"), rows.get("VERSION_ID", "").strip("\"'")


def _node(path: str, data: bytes) -> Iterator[Component]:
    row = json.loads(data)
    if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("version"), str) and row["name"]:
        namespace, _, short = row["name"].rpartition("/")
        yield Component(
            kind=Kind.LIBRARY,
            name=row["name"],
            upstream="npm",
            version=row["version"],
            pin=Pin.MUTABLE,
            purl=purl("npm", short, namespace=namespace, version=row["version"]),
            occurrences=(Occurrence(path, 0, "installed"),),
        )
