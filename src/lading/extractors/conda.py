"""Conda environments: packages, and what pip installs into them."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.identity import is_template
from lading.catalog.owner import Owner, owned_documents
from lading.catalog.requirement import requirement
from lading.catalog.upstreams import library
from lading.core.component import Component, Occurrence
from lading.core.kinds import Pin
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node

_MATCH = pattern(
    r"(?:(?P<channel>[\w.-]+(?:/[\w-]+)?)::)?(?P<name>[A-Za-z0-9_][\w.-]*)"
    r"(?:\s*(?P<version>[=<>!~][^\s\[]*(?:\s*,\s*[=<>!~][^\s\[]*)*|\s[0-9][^\s\[]*))?(?:\s+(?P<build>[^\s\[]+))?(?:\[.*\])?\s*\Z"
)


@extractor("*.yml", "*.yaml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield every package of an environment file."""
    for document in owned_documents(file, Owner.CONDA):
        for entry in document.elements("dependencies"):
            if isinstance(entry.value, str):
                found = _package(entry.text, Occurrence(file.path, entry.line, "dependencies", entry.text))
                if found:
                    yield found
            for below in entry.elements("pip"):
                yield from _pip(file, below)


def _pip(file: SourceFile, entry: Node) -> Iterator[Component]:
    if isinstance(entry.value, str) and not entry.text.startswith(("-r", "--", "-c")):
        found = requirement(entry.text.removeprefix("-e ").strip(), Occurrence(file.path, entry.line, "dependencies.pip", entry.text))
        if found:
            yield found


def _package(text: str, at: Occurrence) -> Component | None:
    """`[channel::]name[=version[=build]]`: a channel can replace a build, so even an exact build is a name that can move."""
    match = _MATCH.match(text.strip())
    if match is None or is_template(text) or match["name"] == "pip":
        return None
    version, build = _version((match["version"] or "").strip(), match["build"] or "")
    component = library(match["name"], at, version=version, pin=Pin.MUTABLE if version else Pin.NONE, ecosystem="conda")
    rows = {"channel": match["channel"] or "", "build": build}
    return replace(component, properties=tuple(sorted((k, v) for k, v in rows.items() if v)))


def _version(constraint: str, build: str) -> tuple[str, str]:
    """The exact version and build that `=1.2=py_0` or `==1.2` name; the constraint as written when it is a range."""
    exact = re.fullmatch(r"(?P<sign>={0,2})(?P<version>[^=<>!~*,|]+)(?:=(?P<build>[^=]+))?", constraint)
    return (exact["version"], exact["build"] or build) if exact else (constraint, build)
