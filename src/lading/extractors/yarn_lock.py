"""yarn.lock of both generations: every package with its checksum, and what depends on what."""

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from lading.catalog.lockfile import Locked, hashed, integrity, locked, newer, observations, project
from lading.catalog.origin import built_from, node_origin
from lading.core.component import FileRecord, Occurrence
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.kinds import Pin
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.json import json_document
from lading.syntax.yaml import yaml_documents

NEWEST = 10
_SPECIFIER = pattern(r"(?P<name>(?:@[^/@]+/)?[^/@]+)(?:@(?P<range>.*))?\Z")
_ALIAS = pattern(r"npm:(?P<name>(?:@[^/@]+/)?[^/@]+)(?:@|\Z)")
_REVISION = pattern(r"[0-9a-f]{40}\Z")
_ASKED = ("dependencies", "optionalDependencies")


class _Entry(Struct):
    """One resolved package under all the ranges that mean it."""

    line: int
    specifiers: list[str]
    version: str = ""
    hashed: str = ""
    checksum: str = ""
    resolved: str = ""
    needs: list[tuple[str, str]] = field(default_factory=list)
    own: bool = False

    @property
    def name(self) -> str:
        """The name it is published under, which is not the one it is asked for by where that is an alias."""
        match = _SPECIFIER.match(self.specifiers[0])
        alias = _ALIAS.match((match["range"] or "") if match else "")
        return alias["name"] if alias else match["name"] if match else self.specifiers[0]

    @property
    def key(self) -> str:
        return f"{'own ' * self.own}{self.name}@{self.version}"


@extractor("yarn.lock")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield a component for every package and an edge for every dependency."""
    second = "__metadata:" in file.text
    if second:
        version = next((v for d in yaml_documents(file) if (v := d.string("__metadata", "version"))), "")
        yield from newer(file, version or "4", NEWEST)
    found = list(_newer(file) if second else _classic(file.text))
    entries = [e for e in found if e.version and e.name]
    for entry in found:
        if not entry.version or not entry.name:
            yield Skipped(file.path, f"{entry.specifiers[0][:80]!r} is no package with a version", ExtractError.code, entry.line)
    meant = {specifier: entry.key for entry in entries for specifier in entry.specifiers}
    packages = [_package(file, entry, meant) for entry in entries if not entry.own]
    yield from observations([*packages, *_projects(file, entries, meant)])


def _projects(file: SourceFile, entries: list[_Entry], meant: dict[str, str]) -> Iterator[Locked]:
    """The project and what it asks for: a newer lock tells, the manifest beside an older one does."""
    for entry in entries:
        if entry.own:
            yield project(file.path, entry.line, entry.name, "", _meant(entry.needs, meant), entry.key)
    manifest = file.sibling("package.json")
    if manifest and not any(entry.own for entry in entries):
        try:
            document = json_document(manifest)
        except ExtractError:  # not the file that is read here
            return
        asked = [(name, value.text) for table in (*_ASKED, "devDependencies") for name, value in document.items(table)]
        yield project(manifest.path, 0, document.string("name"), document.string("version"), _meant(asked, meant))


def _meant(needs: list[tuple[str, str]], meant: dict[str, str]) -> tuple[str, ...]:
    """The packages that are meant; a newer lock leaves out that a range is one of the registry or of the workspace."""
    options = ([f"{name}@{prefix}{wanted}" for prefix in ("", "npm:", "workspace:")] for name, wanted in needs)
    return tuple(sorted({meant[found] for rows in options if (found := next((o for o in rows if o in meant), ""))}))


def _package(file: SourceFile, entry: _Entry, meant: dict[str, str]) -> Locked:
    name = entry.name
    archive = f"{name.rpartition('/')[2]}-{entry.version}.tgz"
    files = [*integrity(archive, entry.hashed), *_older_hash(archive, entry.resolved)]
    component = locked(file, entry.line, name, entry.version, "npm", files, yarn_checksum=entry.checksum)
    component = replace(component, pin=Pin.EXACT) if entry.checksum else component
    at = Occurrence(file.path, entry.line, "package", f"{name} {entry.version}")
    origin = node_origin(entry.resolved.replace("#commit=", "#"), at)
    return Locked(entry.key, built_from(component, origin) if origin else component, _meant(entry.needs, meant), origin)


def _older_hash(archive: str, resolved: str) -> Iterator[FileRecord]:
    """The SHA-1 that stands behind the URL of an archive of the registry."""
    address, _, value = resolved.partition("#")
    if address.endswith(".tgz") and _REVISION.match(value):
        yield from hashed(archive, f"sha1:{value}")


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
        key, value = _pair(line)
        if depth == 2:  # noqa: PLR2004 - the fields of an entry
            below = key.rstrip(":")
            _set(entry, key, value)
        elif below in _ASKED:
            entry.needs.append((key, value))
    if entry:
        yield entry


def _pair(line: str) -> tuple[str, str]:
    """Key and value of a line; either may be quoted, and a quoted key can hold a space."""
    words = line.strip()
    if words.startswith('"'):
        key, _, value = words[1:].partition('"')
    else:
        key, _, value = words.partition(" ")
    return key, value.strip().strip('"')


def _set(entry: _Entry, key: str, value: str) -> None:
    match key:
        case "version":
            entry.version = value
        case "integrity":
            entry.hashed = value
        case "resolved":
            entry.resolved = value
        case _:
            pass


def _newer(file: SourceFile) -> Iterator[_Entry]:
    """The second generation: YAML; its checksums are of the archives that Yarn itself packs: they hold the content, but no file of the registry."""
    for document in yaml_documents(file):
        for key, row in document.items():
            if key != "__metadata":
                resolution = row.string("resolution")
                name = _SPECIFIER.match(resolution)
                yield _Entry(
                    row.key_line,
                    # the resolution comes first: it has the name that is published, the others may be aliases
                    [*([f"{name['name']}@"] if name else []), *(s.strip() for s in key.split(", "))],
                    row.string("version"),
                    checksum=row.string("checksum"),
                    resolved=(name["range"] or "") if name else "",
                    needs=[(n, v.text) for table in _ASKED for n, v in row.items(table)],
                    own="@workspace:" in resolution or (not resolution and "@workspace:" in key),
                )
