"""Whether what was resolved is what was bad: exactly that, exactly something else, or nobody can say."""

import re
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lading.catalog.incidents import Material
from lading.ledger.builds import Resource, digest

_COMMIT = re.compile(r"(?:sha256:)?[0-9a-f]{40,64}\Z")
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+(?:[-+][\w.+-]+)?\Z")
_PLAIN = re.compile(r"v?\d[\w.+~:-]*(?: \w+)*(?<!\.x)\Z")
_MOVING = ("github/", "image/", "pkg:huggingface/", "pkg:mlflow/", "pkg:generic/git")


class Match(StrEnum):
    """What a material in a build is, compared with a bad one."""

    BAD = "bad"
    OTHER = "other"
    """Exactly something else."""
    MOVING = "moving"
    """A tag, a branch, or nothing: the time must tell."""
    UNREADABLE = "unreadable"
    """A version of a scheme that cannot be compared."""


def compared(found: Resource, bad: Material) -> Match:
    """What a resource of the same name is."""
    resolved = {*found.digests, *_as_digests(found.version)}
    listed = frozenset(_digests(bad.digests))
    if listed & resolved:
        return Match.BAD
    if found.key.startswith(_MOVING) and found.version not in bad.versions:
        algorithms = {d.partition(":")[0] for d in listed}
        other = any(d.partition(":")[0] in algorithms for d in resolved)
        return Match.OTHER if other and not (bad.versions or bad.ranges) else Match.MOVING
    return by_version(found, bad)


def by_version(found: Resource, bad: Material) -> Match:
    """What a release is, by its version alone."""
    version = found.version
    if not version or version == "latest":
        return Match.MOVING
    if version in bad.versions:
        return Match.BAD
    if not (bad.versions or bad.ranges):
        return Match.MOVING
    if found.key.startswith("pkg:pypi/"):
        return _by_pep440(version, bad)
    if bad.ranges:
        return Match.UNREADABLE
    form = _SEMANTIC if found.key.startswith("pkg:npm/") else _PLAIN
    return Match.OTHER if form.match(version) else Match.UNREADABLE


def moved(found: Resource, bad: Material) -> bool:
    """Whether the tag is one that is known to have pointed to something bad."""
    return any(fnmatchcase(found.version, pattern) for pattern in bad.refs)


@lru_cache(65536)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _by_pep440(text: str, bad: Material) -> Match:
    version = _version(text)
    if version is None:
        return Match.UNREADABLE
    if any(_version(v) == version for v in bad.versions):
        return Match.BAD
    try:
        inside = any(SpecifierSet(r).contains(version, prereleases=True) for r in bad.ranges)
    except InvalidSpecifier:
        return Match.UNREADABLE
    return Match.BAD if inside else Match.OTHER


def _as_digests(version: str) -> tuple[str, ...]:
    if not _COMMIT.match(version):
        return ()
    return (version,) if ":" in version else (digest("gitcommit", version), f"sha256:{version}")


@lru_cache(4096)
def _digests(listed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(digest(*d.split(":", 1)) if ":" in d else d for d in listed)
