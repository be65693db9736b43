"""Builds as provenance tells them: what came out, when, from which materials; what is malformed becomes a problem, never an exception."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

from msgspec import Struct

from lading.core.purl import parse, purl

PROVENANCE = "https://slsa.dev/provenance/v1"
COMPLETE = "lading_materialsComplete"
"""An extension field of the run's metadata: whether the dependencies listed are all there were."""
_HUB = re.compile(r"https://huggingface\.co/([^/?#@]+/[^/?#@]+?)(?:/(?:resolve|tree|blob)/([^/?#]+))?(?:[/?#].*)?\Z")
_NPM = re.compile(r"/((?:(?:@|%40)[^/]+/)?[^/]+)/-/[^/]+?-(\d+\.\d+\.\d+[^/]*)\.tgz(?:[?#].*)?\Z")
_WHEEL = re.compile(r"(?:^|/)([\w.]+)-([^-/]+)(?:-\d[^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl(?:[?#].*)?\Z")
_GIT = re.compile(r"(?:git\+)?https://github\.com/([^/?#@]+/[^/?#@]+?)(?:\.git)?(?:@([^#?]+))?(?:[?#].*)?\Z")
_COMMIT_LENGTH = 40


class Resource(Struct, frozen=True, gc=False):
    """A material: by which name it is looked up, at which version, with which digests."""

    key: str
    """The name without version that all spellings share; empty where none is told."""
    version: str = ""
    digests: tuple[str, ...] = ()
    label: str = ""
    """As it was written."""


class Artifact(Struct, frozen=True):
    """What a build made."""

    name: str
    digests: tuple[str, ...] = ()


class Build(Struct, frozen=True, kw_only=True):
    """One run that made artifacts, as one statement tells it."""

    statement: str
    subjects: tuple[Artifact, ...] = ()
    started: datetime | None = None
    finished: datetime | None = None
    builder: str = ""
    materials: tuple[Resource, ...] = ()
    complete: bool = False
    """Whether the materials are told to be all there were."""
    problems: tuple[str, ...] = ()
    clock: str = ""
    """Why a time that is told cannot be used."""

    @classmethod
    def of(cls, statement: object, name: str = "") -> Self:
        """The build that a statement with SLSA Provenance v1 tells."""
        reader = _Reader()
        if not isinstance(statement, Mapping):
            return cls(statement=name, problems=("it is no JSON object",))
        kind = statement.get("predicateType")
        if kind != PROVENANCE:
            reader.problems.append(f"the predicate type {str(kind)[:80]!r} is not {PROVENANCE}")
        subjects = [reader.artifact(s) for s in reader.sequence(statement, "subject")]
        predicate = reader.mapping(statement, "predicate")
        definition = reader.mapping(predicate, "buildDefinition")
        details = reader.mapping(predicate, "runDetails")
        metadata = reader.mapping(details, "metadata", optional=True)
        complete = metadata.get(COMPLETE, False)
        if not isinstance(complete, bool):
            reader.problems.append(f"{COMPLETE} is neither true nor false")
        listed = reader.sequence(definition, "resolvedDependencies", optional=True)
        return cls(
            statement=name,
            subjects=tuple(s for s in subjects if s),
            started=reader.time(metadata, "startedOn"),
            finished=reader.time(metadata, "finishedOn"),
            builder=reader.text(reader.mapping(details, "builder"), "id"),
            materials=tuple(m for m in map(reader.material, listed) if m),
            complete=complete is True and "resolvedDependencies" in definition,
            problems=tuple(reader.problems),
            clock=reader.clock,
        )


class _Reader:
    """Takes values of the types they must have and notes the others."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.clock = ""

    def mapping(self, owner: Mapping[str, Any], key: str, *, optional: bool = False) -> Mapping[str, Any]:
        value = owner.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None or not optional:
            self.problems.append(f"{key} is no object")
        return {}

    def sequence(self, owner: Mapping[str, Any], key: str, *, optional: bool = False) -> Sequence[Any]:
        value = owner.get(key)
        if isinstance(value, list | tuple):
            return value
        if value is not None or not optional:
            self.problems.append(f"{key} is no list")
        return ()

    def text(self, owner: Mapping[str, Any], key: str) -> str:
        value = owner.get(key, "")
        if isinstance(value, str):
            return value
        self.problems.append(f"{key} is no text")
        return ""

    def digests(self, owner: Mapping[str, Any]) -> tuple[str, ...]:
        value = owner.get("digest", {})
        if isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) and v for k, v in value.items()):
            return tuple(digest(k, v) for k, v in value.items())
        self.problems.append("a digest is no object of texts")
        return ()

    def artifact(self, value: object) -> Artifact | None:
        if not isinstance(value, Mapping):
            self.problems.append("a subject is no object")
            return None
        return Artifact(self.text(value, "name"), self.digests(value))

    def material(self, value: object) -> Resource | None:
        if not isinstance(value, Mapping):
            self.problems.append("a dependency is no object")
            return None
        uri, name, digests = self.text(value, "uri"), self.text(value, "name"), self.digests(value)
        if not (uri or name or digests):
            self.problems.append("a dependency has neither uri nor name nor digest")
            return None
        key, version = named(uri)
        if not key:
            key, version = named(name)
        return Resource(key, version, digests, uri or name or digests[0])

    def time(self, owner: Mapping[str, Any], key: str) -> datetime | None:
        value = owner.get(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
            moment = moment.astimezone(UTC) if moment and moment.tzinfo else moment
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            self.problems.append(f"{key} is no time")
        elif moment.tzinfo is None:
            self.clock = f"{key} has no time zone"
            moment = None
        return moment


def digest(algorithm: str, value: str) -> str:
    """A digest as it is compared: git's commits are SHA-1 where they are as long."""
    if algorithm == "sha256":
        return f"sha256:{value.lower()}"
    algorithm, value = algorithm.lower(), value.lower()
    if algorithm.startswith("git") and len(value) == _COMMIT_LENGTH:
        algorithm = "sha1"
    return f"{algorithm}:{value}"


@lru_cache(1 << 16)
def named(text: str) -> tuple[str, str]:
    """The name under which a material is looked up, and its version; both empty when the text names nothing known."""
    if not text.startswith("pkg:"):
        return _by_address(text)
    try:
        p = parse(text)
    except ValueError:
        return "", ""
    if p.type in {"github", "githubactions"}:
        return f"github/{p.namespace}/{p.name}".lower(), p.version
    if p.type in {"oci", "docker"}:
        return _image(p.type, f"{p.namespace}/{p.name}".strip("/"), p.version, dict(p.qualifiers))
    return purl(p.type, p.name, namespace=p.namespace), p.version


def _by_address(text: str) -> tuple[str, str]:
    """The name in the address of a hub, a repository, a package of npm or a wheel."""
    if found := _HUB.match(text):
        return f"pkg:huggingface/{found[1]}", found[2] or ""
    if found := _GIT.match(text):
        return f"github/{found[1].lower()}", (found[2] or "").removeprefix("refs/tags/").removeprefix("refs/heads/")
    if found := _NPM.search(text):
        namespace, _, name = found[1].replace("%40", "@").rpartition("/")
        return purl("npm", name, namespace=namespace), found[2]
    if found := _WHEEL.search(text):
        return purl("pypi", found[1]), found[2].replace("%2B", "+")
    return "", ""


def _image(type_: str, path: str, version: str, qualifiers: dict[str, str]) -> tuple[str, str]:
    """An image by its repository, however it is spelled."""
    repository = qualifiers.get("repository_url", "") if type_ == "oci" else path
    repository = repository.removeprefix("https://").removeprefix("index.").removeprefix("docker.io/") or path
    return f"image/{repository.lower()}", version or qualifiers.get("tag", "")
