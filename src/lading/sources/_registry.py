"""The sources there are, and what each answers."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.kinds import Kind
from lading.core.plugins import Registry


class LockedFile(Struct, frozen=True, order=True, omit_defaults=True):
    """A file of an artifact: its path, size in bytes and digest (`sha256`, or `git` for the blob id where an upstream tells no other).

    `url` is where it lies, where the artifact's name does not tell.
    """

    path: str
    size: int
    digest: Digest
    url: str = ""


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a name means at its upstream now, held to bytes."""

    revision: str
    """A commit or digest that names these bytes for ever."""
    identity: str = ""
    """What the upstream knows the artifact by, whatever it is called: changes when a name is given to something else."""
    owner: str = ""
    license: str = ""
    gated: str = ""
    version: str = ""
    """The version that was chosen, where a range or none was asked for."""
    validator: str = ""
    """What the upstream calls these bytes (an entity tag), by which it tells in one answer that nothing has changed."""
    partial: bool = False
    """Whether there may be more files than these: it was taken from a cache."""
    files: tuple[LockedFile, ...] = ()


class Source(Protocol):
    """One upstream."""

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The `Component.upstream` names that it answers for."""
        ...

    def find(self, component: Component, revision: str) -> Found:
        """What a component means at a revision (a branch, tag, commit or digest; empty: what a client takes); SourceError otherwise."""
        ...


class Stream(Protocol):
    """Bytes as they come; `status` 206 when they begin where they were asked for, 200 when at the first."""

    @property
    def status(self) -> int:
        """As in HTTP."""
        ...

    def read(self, size: int) -> bytes:
        """What has come, at most so many bytes; none only at the end."""
        ...


@runtime_checkable
class Fetching(Protocol):
    """A source that also gives the files."""

    def fetch(self, kind: Kind, name: str, revision: str, file: LockedFile, start: int) -> AbstractContextManager[Stream]:
        """The bytes of a file at a revision from `start` on, to be read; status 206 where they begin there, 200 where at the first."""
        ...


@runtime_checkable
class Conditional(Protocol):
    """A source of places that hold one thing at a time, whose upstream tells without the bytes that it is what it was."""

    def unchanged(self, component: Component, before: Found) -> bool:
        """Whether the upstream says that nothing has changed; SourceError when it does not answer."""
        ...


SOURCES: Registry[Callable[[], Source]] = Registry("lading.sources")
S = TypeVar("S", bound=Source)


def add_source(make: type[S]) -> type[S]:
    """Register a source under the name of its module."""
    SOURCES.add(make.__module__.rpartition(".")[2], make)
    return make


def sources() -> dict[str, Source]:
    """Each source by the upstreams that it answers for, made for the endpoints that the environment names now."""
    return {upstream: source for source in (make() for make in SOURCES) for upstream in source.upstreams}
