"""What the package managers of an image say is installed: dpkg, apk, RPM, Python's metadata and npm's."""

import json
from collections.abc import Iterator

from msgspec import Struct

from lading.audit import environment
from lading.audit.environment import Distribution
from lading.core.component import Component, License, Occurrence
from lading.core.coverage import Skipped
from lading.core.kinds import Kind, Pin
from lading.core.purl import purl
from lading.image import rpm
from lading.image.files import APK, DPKG, NODE, PYTHON, RPM, Found

Release = tuple[str, str]
"""Id and version of the distribution."""


def installed(found: Found) -> tuple[list[Component], list[Distribution]]:
    """Every package, and every distribution of Python; what cannot be read is added to what was found."""
    release = _release(found.files)
    components: list[Component] = []
    distributions: list[Distribution] = []
    for path, data in sorted(found.files.items()):
        try:
            if DPKG.match(path):
                components += _debian(path, data, release)
            elif path == APK:
                components += _alpine(path, data, release)
            elif RPM.match(path):
                components += _rpm(path, data, release)
            elif PYTHON.match(path):
                distributions.append(environment.distribution(path, data))
            elif NODE.match(path):
                components += _node(path, data)
        except (ValueError, RecursionError) as e:
            found.unread.append(Skipped(path, f"cannot be read: {e}", "LD200"))
    return components, distributions


def _release(files: dict[str, bytes]) -> tuple[str, str]:
    """Id and version of the distribution."""
    text = next((files[n] for n in ("etc/os-release", "usr/lib/os-release") if n in files), b"").decode("utf-8", "replace")
    rows = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return rows.get("ID", "").strip("\"'"), rows.get("VERSION_ID", "").strip("\"'")


def _debian(path: str, data: bytes, release: Release) -> Iterator[Component]:
    """Installed packages, each with the source package that advisories name."""
    for rows in _stanzas(data, ": "):
        if "installed" in rows.get("Status", "installed").split() and "Package" in rows and "Version" in rows:
            name, _, version = rows.get("Source", "").partition(" ")
            source = "@".join(p for p in (name, version.strip("() ")) if p)
            package = _Package("deb", rows["Package"], rows["Version"], rows.get("Architecture", ""), source)
            yield _component(package, path, release)


def _alpine(path: str, data: bytes, release: Release) -> Iterator[Component]:
    for rows in _stanzas(data, ":"):
        if "P" in rows and "V" in rows:
            source = rows.get("o", "")
            package = _Package("apk", rows["P"], rows["V"], rows.get("A", ""), source if source != rows["P"] else "", rows.get("L", ""))
            yield _component(package, path, release)


def _rpm(path: str, data: bytes, release: Release) -> Iterator[Component]:
    if path.endswith("-wal"):
        if data:
            raise ValueError("changes that were not yet written to the database of RPM lie in it, which are not read")
        return
    for found in rpm.packages(data):
        version = f"{found.version}-{found.release}"
        yield _component(_Package("rpm", found.name, version, found.arch, "", found.license, found.epoch), path, release)


def _stanzas(data: bytes, separator: str) -> Iterator[dict[str, str]]:
    for block in data.decode("utf-8", "replace").split("\n\n"):
        rows = (line.split(separator, 1) for line in block.splitlines() if separator in line and not line[:1].isspace())
        yield {k: v.strip() for k, v in rows}


class _Package(Struct, frozen=True):
    """One package of a system, as its manager tells it."""

    kind: str
    name: str
    version: str
    arch: str = ""
    upstream: str = ""
    """The source package and, where it has another, its version: `glibc@2.36-9`."""
    license: str = ""
    epoch: str = ""


_MAKERS = {"deb": "debian", "apk": "alpine", "rpm": "redhat"}


def _component(package: _Package, path: str, release: Release) -> Component:
    namespace = release[0] or _MAKERS[package.kind]
    told = {"arch": package.arch, "epoch": package.epoch, "upstream": package.upstream, "distro": "-".join(release) if all(release) else ""}
    return Component(
        kind=Kind.NATIVE_LIBRARY,
        name=package.name,
        upstream=namespace,
        version=f"{package.epoch}:{package.version}" if package.epoch else package.version,
        pin=Pin.MUTABLE,
        purl=purl(package.kind, package.name, namespace=namespace, version=package.version, **told),
        licenses=(License(package.license),) if package.license else (),
        occurrences=(Occurrence(path, 0, "installed", package.name),),
    )


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
