"""Where a requirement counts: markers are judged for the Python of the environment, never for the one that reads it."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from msgspec import Struct
from packaging.markers import Marker, UndefinedEnvironmentName
from packaging.version import InvalidVersion

from lading.installed.texts import text_of

_MINORS = range(6, 20)
_TOLD = re.compile(r"^version(?:_info)?\s*=\s*(3\.\d{1,2}\.\d{1,3})", re.MULTILINE)
_FOLDER = re.compile(r"python(3\.\d{1,2})\Z")
_POSIX = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"))
_WINDOWS = (("win32", "Windows", "nt"),)
_IMPLEMENTATIONS = (("cpython", "CPython"), ("pypy", "PyPy"))
_OTHER = re.compile(r"platform_(?:machine|release|version)")
"""What nothing in an environment tells: whatever the marker names may be so."""
_QUOTED = re.compile(r"\"([^\"]*)\"")


class Interpreter(Struct, frozen=True):
    """What the folders of an environment tell of its Python: each version it may be, and each platform."""

    versions: tuple[str, ...]
    platforms: tuple[tuple[str, str, str], ...]

    def counts(self, marker: Marker, extra: str = "") -> bool:
        """Whether a requirement with this marker counts in any environment that this may be; what cannot be judged does."""
        try:
            return any(marker.evaluate(one) for one in self._environments(extra, str(marker)))
        except (UndefinedEnvironmentName, InvalidVersion):
            return True

    def _environments(self, extra: str, marker: str) -> Iterator[dict[str, str]]:
        """Every environment that this may be, as far as the marker tells them apart."""
        versions = self.versions if "version" in marker else self.versions[:1]
        implementations = _IMPLEMENTATIONS if "implementation" in marker else _IMPLEMENTATIONS[:1]
        named = ("", *_QUOTED.findall(marker)) if _OTHER.search(marker) else ("",)
        for version, platform, implementation, other in product(versions, self.platforms, implementations, named):
            yield {
                "python_version": ".".join(version.split(".")[:2]),
                "python_full_version": version,
                "implementation_version": version,
                "sys_platform": platform[0],
                "platform_system": platform[1],
                "os_name": platform[2],
                "implementation_name": implementation[0],
                "platform_python_implementation": implementation[1],
                "platform_machine": other,
                "platform_release": other,
                "platform_version": other,
                "extra": extra,
            }


ANY = Interpreter(tuple(f"3.{minor}.{micro}" for minor in _MINORS for micro in (0, 99)), (*_POSIX, *_WINDOWS))


def interpreter(site: Path, prefix: Path) -> Interpreter:
    """The Python of a site-packages folder: by `pyvenv.cfg`, else by the folder's name, else any."""
    told, named = _TOLD.search(text_of(prefix / "pyvenv.cfg")), _FOLDER.search(site.parent.name)
    versions = (told[1],) if told else (f"{named[1]}.0", f"{named[1]}.99") if named else ANY.versions
    return Interpreter(versions, _WINDOWS if site.parent.name == "Lib" else _POSIX)
