"""The packages of the operating system that a build runs on, read from the databases of dpkg and apk.

They are named by their source packages, as advisories name them: `liblzma5` is of `xz-utils`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lading.core.purl import purl
from lading.trust.statement import Resource

LARGEST = 64 << 20
_SOURCE = re.compile(r"(?P<name>\S+)(?: \((?P<version>[^)]+)\))?")


def system_packages(root: Path = Path("/")) -> tuple[Resource, ...]:
    """The source packages of what is installed, each once; none where there is no database that is known."""
    release = _fields(_text(root / "etc/os-release").replace("=", ":").replace('"', ""))
    named = {purl(*identity, namespace=release.get("ID", "linux"), version=version) for identity, version in _installed(root)}
    return tuple(Resource(uri=uri, annotations={"installed": "system"}) for uri in sorted(named))


def unread(root: Path = Path("/")) -> str:
    """Which database of packages is there and was not read; empty when none is."""
    names = ("var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/Packages", "var/lib/pacman/local")
    found = next((n for n in names if (root / n).exists()), "")
    return f"packages of the system in /{found}" if found else ""


def _installed(root: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """Type and name, and version, of source packages."""
    for paragraph in _text(root / "var/lib/dpkg/status").split("\n\n"):
        fields = _fields(paragraph)
        if fields.get("Status", "").endswith(" installed") and "Package" in fields:
            source = _SOURCE.fullmatch(fields.get("Source", fields["Package"]))
            if source:
                yield ("deb", source["name"]), source["version"] or fields.get("Version", "")
    for paragraph in _text(root / "lib/apk/db/installed").split("\n\n"):
        fields = _fields(paragraph)
        if "P" in fields:
            yield ("apk", fields.get("o", fields["P"])), fields.get("V", "")


def _fields(paragraph: str) -> dict[str, str]:
    """`Name: value` lines; continued lines are of no interest here."""
    rows = (line.partition(":") for line in paragraph.splitlines() if line[:1] not in {" ", "\t", "#"})
    return {name: value.strip() for name, colon, value in rows if colon}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST else ""
    except OSError:
        return ""
