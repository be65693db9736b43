"""pip requirements and constraints files: libraries, direct URLs, model wheels; `--hash` pins."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from msgspec import Struct

from lading.catalog.annotations import annotated
from lading.catalog.identity import is_template
from lading.catalog.lockfile import normal
from lading.catalog.requirement import requirement
from lading.core.component import Component, Edge, Occurrence, Unresolved
from lading.core.coverage import Skipped
from lading.core.digest import Digest
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor

PATTERNS = (
    "*requirements*.txt", "*requirements*.in", "*requirements*.pip", "*/requirements/*.txt", "*/requirements/*.in",
    "constraints*.txt", "*-constraints.txt", "*_constraints.txt",
)  # fmt: skip
MOST_INCLUDES = 50

_HASH = pattern(r"--hash[= ](?P<algorithm>[a-z0-9]+):(?P<hex>[0-9a-f]+)")
_OPTION = pattern(r"\s--[a-z-]+[= ]")
_INCLUDE = pattern(r"(?:-r|-c|--requirement|--constraint)[ =]*(?P<path>\S+)")
_LOCAL = pattern(r"\.|/|[\w./\\-]+\.(?:whl|tar\.gz|zip)\Z|(?:[\w.-]+\s*@\s*)?file:|[A-Za-z]:\\|[\w.-]+/[\w./-]*\Z")
_EDITABLE = pattern(r"(?:-e|--editable)[ =]\s*")


class Entry(Struct, frozen=True):
    """A logical line of a requirements file and the physical line it begins on."""

    text: str
    line: int


@extractor(*PATTERNS)
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every requirement, also of included files that no pattern finds."""
    pending, seen = [file], {file.path}
    while pending:
        current = pending.pop()
        yield from _needs(current)
        for entry in entries(current.text):
            included = _included(current, entry)
            if included and included.path not in seen and not _found_by_itself(included.path) and len(seen) < MOST_INCLUDES:
                seen.add(included.path)
                pending.append(included)
            else:
                yield from _observed(current, entry)


def entries(text: str) -> Iterator[Entry]:
    """The logical lines: comments dropped, continuations joined."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if parts else number
        bare = re.sub(r"(?:^|(?<=\s))#.*$", "", line).rstrip()
        continued = bare.endswith("\\")
        parts.append(bare.removesuffix("\\"))
        if not continued:
            if joined := " ".join(p.strip() for p in parts).strip():
                yield Entry(joined, first)
            parts = []
    if joined := " ".join(p.strip() for p in parts).strip():
        yield Entry(joined, first)


def _observed(file: SourceFile, entry: Entry) -> Iterator[Observation]:
    text = _EDITABLE.sub("", entry.text, count=1)
    hashes = tuple(sorted(Digest(m["algorithm"], m["hex"]) for m in _HASH.finditer(text)))
    option = _OPTION.search(text)
    written = (text[: option.start()] if option else text).strip()
    at = Occurrence(file.path, entry.line, "requirement", written)
    if written.startswith("-") or _LOCAL.match(written):
        return
    if is_template(written):
        yield Unresolved(Kind.LIBRARY, written, at, "a template")
    elif found := requirement(written, at, hashes):
        yield found
    else:
        yield Skipped(file.path, f"{written[:80]!r} is no requirement", ExtractError.code, entry.line)


def _needs(file: SourceFile) -> Iterator[Edge]:
    """What pip-compile and uv note behind a requirement (`# via`): who needs it."""
    named: dict[str, list[str]] = {}
    rows = []
    for via in annotated(file.text):
        for found in _observed(file, Entry(via.requirement, via.line)):
            if isinstance(found, Component):
                named.setdefault(normal(via.name), []).append(found.ref)
                rows.append((found.ref, via.needed_by))
    for ref, needed_by in rows:
        for source in sorted({s for name in needed_by for s in named.get(normal(name), ())} - {ref}):
            yield Edge(source, Relation.DEPENDS_ON, ref)


def _included(file: SourceFile, entry: Entry) -> SourceFile | None:
    match = _INCLUDE.match(entry.text)
    return file.sibling(match["path"]) if match and "://" not in match["path"] else None


def _found_by_itself(path: str) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatch(name.lower(), p) or fnmatch(path.lower(), p) for p in PATTERNS)
