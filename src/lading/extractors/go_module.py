"""go.mod: every module that a build needs, direct or not; exact where go.sum holds its hash."""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.lockfile import own
from lading.catalog.upstreams import library
from lading.core.component import Component, Edge, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.kinds import Pin, Relation
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor

_REQUIRE = pattern(
    r"(?:require\s+)?\"?(?P<path>[\w.~-]+\.[\w.~-]+/[^\s\"]+|[\w.-]+\.[a-z]{2,})\"?\s+(?P<version>v[^\s]+)\s*(?P<comment>//.*)?\Z"
)
_REPLACE = pattern(r"(?:replace\s+)?(?P<old>\S+)(?:\s+(?P<only>v\S+))?\s+=>\s+(?P<new>\S+)(?:\s+(?P<version>v\S+))?")
_MODULE = pattern(r"module\s+\"?(?P<path>[^\s\"]+)")


@extractor("go.mod")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every required module, as it is replaced, and an edge from the module for those it asks for itself."""
    sums = _sums(file.sibling("go.sum"))
    lines = list(_lines(file.text))
    replaced = {(m["old"], m["only"] or ""): m for _, line, block in lines if block == "replace" and (m := _REPLACE.match(line))}
    root = next((own(file.path, number, m["path"]) for number, line, _ in lines if (m := _MODULE.match(line))), None)
    yield from [root] if root else []
    for number, line, block in lines:
        match = _REQUIRE.match(line) if block == "require" else None
        if block == "require" and not match and not line.startswith("//"):
            yield Skipped(file.path, f"{line[:80]!r} names no module with a version", ExtractError.code, number)
        if match:
            path, version = match["path"], match["version"]
            if (other := replaced.get((path, version)) or replaced.get((path, ""))) and not other["version"]:
                continue  # a folder of the repository
            path, version = (other["new"], other["version"]) if other else (path, version)
            indirect = "// indirect" in (match["comment"] or "")
            yield (found := _module(file, number, path, version, sums, indirect=indirect))
            if root and not indirect:
                yield Edge(root.ref, Relation.DEPENDS_ON, found.ref)


def _module(file: SourceFile, line: int, path: str, version: str, sums: dict[str, str], *, indirect: bool) -> Component:
    held = sums.get(f"{path} {version}", "")
    at = Occurrence(file.path, line, "require", f"{path} {version}")
    found = library(path, at, version=version, pin=Pin.EXACT if held else Pin.MUTABLE, ecosystem="golang")
    rows = {"go-sum": held, "go-mod-sum": sums.get(f"{path} {version}/go.mod", ""), "relation": "indirect" if indirect else "direct"}
    return replace(found, properties=tuple(sorted((k, v) for k, v in rows.items() if v)))


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Every line with its number and the directive it belongs to, alone or in brackets."""
    block = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.endswith("(") and not block:
            block = words.rstrip("( ")
        elif words == ")":
            block = ""
        elif words:
            yield number, words, block or words.partition(" ")[0]


def _sums(file: SourceFile | None) -> dict[str, str]:
    """The hash (`h1:…`) by module and version: of the files of the module, and (`/go.mod`) of what it asks for."""
    rows = (line.split() for line in file.text.splitlines()) if file else ()
    return {f"{r[0]} {r[1]}": r[2] for r in rows if len(r) == 3}  # noqa: PLR2004 - module, version, hash
