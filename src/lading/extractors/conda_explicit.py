"""Explicit conda locks (`@EXPLICIT`): the URL of every package, with the hash behind it."""

from collections.abc import Iterator
from urllib.parse import unquote

from lading.catalog.lockfile import hashed, locked
from lading.core.component import Component
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor

_CONDA = pattern(
    r"https?://\S+/(?P<file>(?P<name>[^/#\s]+)-(?P<version>[^-/#\s]+)-[^-/#\s]+\.(?:conda|tar\.bz2))(?:#(?:(?P<algorithm>sha256|md5):)?(?P<hash>[0-9a-f]+))?\Z"
)
_PIP = pattern(r"#\s*pip (?P<name>[A-Za-z0-9][\w.-]*) @ (?P<url>[^#\s]+)(?:#(?:sha256[=:])?(?P<hash>[0-9a-f]{64}))?")
_VERSION = pattern(r"-(?P<version>\d[^-/]*?)(?:-[^/]*\.whl|\.tar\.\w+|\.zip)\Z")
_MD5 = 32
MARK = "@EXPLICIT"


@extractor("conda-*.lock", "*-explicit.txt", "explicit.txt", "conda-*.txt", "spec-file.txt")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every URL of a list that says it is explicit, and for what pip installs (lines of conda-lock)."""
    lines = [line.strip() for line in file.text.splitlines()]
    if MARK not in lines:
        return
    for number, line in enumerate(lines, 1):
        if found := _of_conda(file, number, line) or _of_pip(file, number, line):
            yield found
        elif line and line != MARK and not line.startswith("#"):
            yield Skipped(file.path, f"{line[:80]!r} is no URL of a conda package", ExtractError.code, number)


def _of_conda(file: SourceFile, number: int, line: str) -> Component | None:
    match = _CONDA.match(line)
    if match is None:
        return None
    algorithm = match["algorithm"] or ("md5" if len(match["hash"] or "") == _MD5 else "sha256")
    files = hashed(unquote(match["file"]), f"{algorithm}:{match['hash']}")
    return locked(file, number, unquote(match["name"]), unquote(match["version"]), "conda", files)


def _of_pip(file: SourceFile, number: int, line: str) -> Component | None:
    match = _PIP.match(line)
    if match is None:
        return None
    version = _VERSION.search(unquote(match["url"]))
    files = hashed(unquote(match["url"]).rpartition("/")[2], f"sha256:{match['hash']}")
    return locked(file, number, match["name"], version["version"] if version else "", "pypi", files)
