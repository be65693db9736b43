"""yarn.lock of both generations: every package with its checksum, and what depends on what."""

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from lading.catalog.lockfile import Locked, integrity, locked, observations, project
from lading.core.errors import ExtractError
from lading.core.kinds import Pin
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.yaml import yaml_documents

_SPECIFIER = pattern(r"(?P<name>(?:@[^/@]+/)?[^/@]+)@(?P<range>.*)\Z")


class _Entry(Struct):
    """One resolved package under all the ranges that mean it."""

    line: int
    specifiers: list[str]
    version: str = ""
    hashed: str = ""
    checksum: str = ""
    needs: list[str] = field(default_factory=list)
    own: bool = False


@extractor("yarn.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency."""
    entries = list(_newer(file) if "__metadata:" in file.text else _classic(file.text))
    meant = {specifier: f"{_name(e)}@{e.version}" for e in entries for specifier in e.specifiers}
    packages = [_package(file, entry, meant) for entry in entries if entry.version and _name(entry) and not entry.own]
    yield from observations([*packages, *_projects(file, entries, meant)])


def _projects(file: SourceFile, entries: list[_Entry], meant: dict[str, str]) -> Iterator[Locked]:
    """The project and what it asks for: a newer lock tells, the manifest beside an older one does."""
    for entry in entries:
        if entry.own:
            yield project(file.path, entry.line, _name(entry), "", [meant[n] for n in entry.needs if n in meant])
    manifest = file.sibling("package.json")
    if manifest and not any(entry.own for entry in entries):
        try:
            document = json_document(manifest)
        except ExtractError:  # not the file that is read here
            return
        tables = ("dependencies", "optionalDependencies", "devDependencies")
        asked = [f"{name}@{value.text}" for table in tables for name, value in document.items(table)]
        yield project(manifest.path, 0, document.string("name"), document.string("version"), [meant[a] for a in asked if a in meant])


def _package(file: SourceFile, entry: _Entry, meant: dict[str, str]) -> Locked:
    name = _name(entry)
    files = integrity(f"{name.rpartition('/')[2]}-{entry.version}.tgz", entry.hashed)
    needs = tuple(sorted({meant[n] for n in entry.needs if n in meant}))
    component = locked(file, entry.line, name, entry.version, "npm", files, yarn_checksum=entry.checksum)
    return Locked(f"{name}@{entry.version}", replace(component, pin=Pin.EXACT) if entry.checksum else component, needs)


def _name(entry: _Entry) -> str:
    match = _SPECIFIER.match(entry.specifiers[0])
    return match["name"] if match else ""


def _classic(text: str) -> Iterator[_Entry]:
    """The first generation: blocks of indented `key value` lines."""
    entry: _Entry | None = None
    below = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            if entry:
                yield entry
            entry = _Entry(number, [s.strip().strip('"') for s in line.rstrip(":").split(",")])
            continue
        if entry is None:
            continue
        key, _, value = line.strip().partition(" ")
        key, value = key.strip('"'), value.strip().strip('"')
        if depth == 2:  # noqa: PLR2004 - the fields of an entry
            below = key.rstrip(":")
            entry.version = value if key == "version" else entry.version
            entry.hashed = value if key == "integrity" else entry.hashed
        elif below in {"dependencies", "optionalDependencies"}:
            entry.needs.append(f"{key}@{value}")
    if entry:
        yield entry


def _newer(file: SourceFile) -> Iterator[_Entry]:
    """The second generation: YAML; its checksums are of the archives that Yarn itself packs: they hold the content, but no file of the registry."""
    for document in yaml_documents(file):
        for key, row in document.items():
            if key != "__metadata":
                needs = [f"{n}@{v.text}" for table in ("dependencies", "optionalDependencies") for n, v in row.items(table)]
                needs += [f"{n}@npm:{v.text}" for table in ("dependencies", "optionalDependencies") for n, v in row.items(table)]
                yield _Entry(
                    row.key_line,
                    [s.strip() for s in key.split(",")],
                    row.string("version"),
                    "",
                    row.string("checksum"),
                    needs,
                    "@workspace:" in key,
                )
