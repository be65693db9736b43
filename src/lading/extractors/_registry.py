"""What an extractor is: a function from a file to what it proves, and the names of the files it reads."""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import cached_property

from msgspec import Struct

from lading.core.component import Component, Edge, Unresolved
from lading.core.coverage import Skipped
from lading.core.plugins import Registry, module_name
from lading.core.source import SourceFile

Observation = Component | Edge | Unresolved | Skipped
"""What an extractor yields: a component with the occurrence that proves it, an edge, a place that cannot be resolved, a part not read."""

Read = Callable[[SourceFile], Iterable[Observation]]


class Extractor(Struct, frozen=True, dict=True):
    """A named reader of the files whose path, or last part of it, matches one of the patterns."""

    name: str
    patterns: tuple[str, ...]
    read: Read

    @cached_property
    def _matches(self) -> Callable[[str], object]:
        return re.compile("|".join(f"(?:{translate(p)})" for p in self.patterns), re.IGNORECASE).match

    def reads(self, path: str) -> bool:
        """Whether this extractor wants the file at this path; patterns with a slash match the whole path from any folder."""
        return bool(self._matches(path.rpartition("/")[2]) or ("/" in path and (self._matches(path) or self._matches(f"/{path}"))))


EXTRACTORS: Registry[Extractor] = Registry("lading.extractors")


def extractor(*patterns: str) -> Callable[[Read], Read]:
    """Register a function as the extractor for files of these glob patterns (`*.py`, `*/.github/workflows/*.yml`)."""

    def register(read: Read) -> Read:
        name = module_name(read)
        EXTRACTORS.add(name, Extractor(name, patterns, read))
        return read

    return register
