"""DVC: tracked data and models held by their MD5, imports from other repositories, remotes."""

import configparser
from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.downloads import dvc_remote
from lading.catalog.identity import file_kind
from lading.catalog.upstreams import located, named, pin_of
from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Kind, Pin
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node
from lading.syntax.yaml import yaml_documents

_LARGEST_CONFIGURATION = 1 << 16
"""Bytes; the standard parser squares its time for lines that are wrong."""


@extractor("*.dvc", "dvc.yaml", "dvc.lock", "*.dvc/config")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what DVC tracks, imports and stores where."""
    if file.path.endswith(".dvc/config"):
        yield from _remotes(file)
        return
    for document in yaml_documents(file):
        imported = [d for d in document.elements("deps") if d.get("repo") or "://" in d.string("path")]
        for dependency in imported:
            yield from _import(file, document, dependency)
        if not imported:
            yield from (c for out in document.elements("outs") for c in _tracked(file, out))
        for name, stage in document.items("stages"):
            yield from _stage(file, name, stage)


def _tracked(file: SourceFile, out: Node) -> Iterator[Component]:
    """A file or folder whose content is held by its digest, kept in a remote."""
    path, md5 = out.get("path"), out.string("md5").removesuffix(".dir")
    if path is None or "://" in path.text:
        return
    digests = (Digest("md5", md5),) if md5 else ()
    at = Occurrence(file.path, path.line, "outs[].path", path.text)
    place = f"{file.folder}/{path.text}".lstrip("/")
    component = named(_kind(path.text), "dvc", place, at, version=md5, pin=Pin.EXACT if md5 else Pin.NONE)
    yield _with(component, digests)


def _import(file: SourceFile, document: Node, dependency: Node) -> Iterator[Component]:
    path = dependency.get("path")
    url, line = dependency.string("repo", "url"), dependency.line
    md5 = dependency.string("md5") or next((o.string("md5") for o in document.elements("outs")), "")
    revision = dependency.string("repo", "rev_lock") or dependency.string("repo", "rev")
    name = f"{url}:{path.text}" if url and path else path.text if path else url
    if path is not None:
        line = path.line
    if not name or ("://" not in name and "@" not in name):
        return
    component = located(_kind(name), name, Occurrence(file.path, line, "deps[].path", path.text if path else url))
    held = bool(md5) or pin_of(revision) is Pin.EXACT
    yield _with(
        replace(component, version=revision or md5, pin=Pin.EXACT if held else pin_of(revision)),
        (Digest("md5", md5.removesuffix(".dir")),) if md5 else (),
    )


def _stage(file: SourceFile, name: str, stage: Node) -> Iterator[Observation]:
    for dependency in stage.elements("deps"):
        text = dependency.text if isinstance(dependency.value, str) else dependency.string("path")
        if "://" in text:
            yield located(_kind(text), text, Occurrence(file.path, dependency.line, f"stages.{name}.deps", text))
    for out in stage.elements("outs"):
        yield from _output(file, name, out)


def _output(file: SourceFile, stage: str, out: Node) -> Iterator[Component]:
    """A model that a stage writes: held by the lock's digest; intermediate data is not inherited."""
    path = out if isinstance(out.value, str) else out.get("path")
    if path is None and (entries := out.items()):
        path = Node(entries[0][0], entries[0][1].key_line, entries[0][0])
    if path is None or _kind(path.text) is not Kind.MODEL:
        return
    md5 = out.string("md5").removesuffix(".dir") or _locked(file, path.text)
    at = Occurrence(file.path, path.line, f"stages.{stage}.outs", path.text)
    place = f"{file.folder}/{path.text}".lstrip("/")
    component = named(Kind.MODEL, "dvc", place, at, version=md5, pin=Pin.EXACT if md5 else Pin.NONE)
    yield _with(component, (Digest("md5", md5),) if md5 else ())


def _locked(file: SourceFile, path: str) -> str:
    """The digest that the lock file beside it holds for an output."""
    lock = file.sibling("dvc.lock")
    for document in yaml_documents(lock) if lock else ():
        for _, stage in document.items("stages"):
            for out in stage.elements("outs"):
                if out.string("path") == path:
                    return out.string("md5").removesuffix(".dir")
    return ""


def _remotes(file: SourceFile) -> Iterator[Component]:
    if file.size > _LARGEST_CONFIGURATION:
        raise LimitError(f"{file.path} is larger than the {_LARGEST_CONFIGURATION} bytes that are read of a configuration")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string("\n".join(line.strip() for line in file.text.splitlines()))
    except configparser.Error as e:
        raise ExtractError(f"{file.path} is not a DVC configuration: {e.message}") from e
    lines = file.text.splitlines()
    for section in parser.sections():
        url = parser.get(section, "url", fallback="")
        if section.strip("'").startswith("remote") and "://" in url:
            line = next((n for n, text in enumerate(lines, 1) if url in text), 0)
            at = Occurrence(file.path, line, "remote.url", url)
            yield dvc_remote(url, at)


def _kind(path: str) -> Kind:
    lower = path.lower()
    told = file_kind(path)
    return (
        Kind.MODEL
        if "model" in lower.rpartition("/")[2] or (told is Kind.MODEL and not lower.endswith((".pkl", ".npy", ".npz", ".h5", ".tar")))
        else Kind.DATASET
    )


def _with(component: Component, digests: tuple[Digest, ...]) -> Component:
    return replace(component, digests=digests)
