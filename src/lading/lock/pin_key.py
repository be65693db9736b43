"""Pins in recipes and values: the revision under the key beside the name that the program reads, a digest beside a chart's tag."""

import re
from functools import cache
from pathlib import PurePosixPath

from msgspec import Struct, convert

from lading.catalog.loaders import Loaders, shipped
from lading.catalog.tables import table
from lading.catalog.upstreams import split_image
from lading.core.component import Occurrence
from lading.lock.edit import Edit, Left, Text
from lading.lock.siblings import Key, Siblings

_BY_LOADER = ("_component_", "_target_", "class_path")
_NOT_TEXT = re.compile(r"[0-9]+(?:[eE][0-9]+)?\Z")


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one program reads a revision (catalog/revision_keys.toml)."""

    key: str
    revision: str
    beside: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    upstream: str = "huggingface"
    comment: str = ""


def revision(text: Text, at: Occurrence, upstream: str, commit: str) -> tuple[Edit, ...]:
    """The revision beside a name; Left where no program is known that would read it."""
    siblings = Siblings(text, at.line)
    key = _key_of(siblings, at)
    row = _by_loader(siblings, upstream) or _row(siblings, key.name, upstream)
    if row is None:
        raise Left(f"no program is known that reads a revision beside {key.name}")
    there = siblings.keys.get(row.revision)
    if there is None:
        return (_beside(text, siblings, key, row.revision, commit),)
    if there.start < 0:
        raise Left(f"its {row.revision} is not one plain value")
    _, end = text.span(there.line)
    rest = text.data[there.end : end]
    comment = f"  # {row.comment}{there.value}".encode() if row.comment and there.value and b"#" not in rest else b""
    return (Edit(there.start, there.end, _value(commit, there.quote)), *((Edit(end, end, comment),) if comment else ()))


def has_parts(text: Text, at: Occurrence) -> bool:
    """Whether an image is put together from several keys, as charts do."""
    of_chart = PurePosixPath(text.path).name.startswith("values") and not split_image(at.written)[1]
    last = at.symbol.rpartition(".")[2]
    return of_chart or last in {"repository", "newName"} or (last == "image" and at.written.encode() not in text.line(at.line))


def image(text: Text, at: Occurrence, digest: str) -> tuple[Edit, ...]:
    """The digest of an image of a chart or an overlay: under `digest` where one is read, else beside the tag."""
    siblings = Siblings(text, at.line)
    _, written, _ = split_image(at.written)
    for name in ("digest", "sha"):
        if (key := siblings.keys.get(name)) and key.start >= 0:
            return (Edit(key.start, key.end, _value(digest.removeprefix("sha256:") if name == "sha" else digest, '"')),)
    if (key := siblings.keys.get("newTag") or siblings.keys.get("newName")) and key.start >= 0:
        return (_beside(text, siblings, key, "digest", digest),)
    key = siblings.keys.get("tag") or siblings.keys.get("imageTag")
    if key is None or key.start < 0:
        raise Left("its tag does not stand beside it")
    if not written or "@" in key.value or key.value not in {"", written}:
        raise Left("its tag is put together from several places")
    return (Edit(key.start, key.end, _value(f"{written}@{digest}", '"')),)


def _key_of(siblings: Siblings, at: Occurrence) -> Key:
    """The key under which the name stands."""
    for key in siblings.keys.values():
        if key.line == at.line and (key.value in {at.written, at.symbol} or key.name in _BY_LOADER):
            return key
    raise Left("it does not stand there as it is read")


def _row(siblings: Siblings, name: str, upstream: str) -> Row | None:
    for row in _rows():
        if row.key == name and row.upstream == upstream and siblings.beside(row.beside) and (not row.below or siblings.above in row.below):
            return row
    return None


def _by_loader(siblings: Siblings, upstream: str) -> Row | None:
    """What the function takes that a recipe names: the mapping is handed on to it."""
    target = next((siblings.keys[n].value for n in _BY_LOADER if n in siblings.keys), "")
    loader = _loaders().match(target, ()) if upstream == "huggingface" and target else None
    return Row("", loader.revision) if loader and loader.revision else None


def _beside(text: Text, siblings: Siblings, key: Key, name: str, commit: str) -> Edit:
    column = b" " * siblings.column
    if key.quote == '"' and text.path.endswith(".json"):
        entry = b"," + text.newline + column + f'"{name}": "{commit}"'.encode()
        return Edit(key.end, key.end, entry)
    _, end = text.span(key.line)
    return Edit(end, end, text.newline + column + f"{key.quote}{name}{key.quote}: ".encode() + _value(commit, key.quote))


def _value(value: str, quote: str) -> bytes:
    """A value, in quotes where its neighbours are or where it would be read as a number."""
    quote = quote or ('"' if _NOT_TEXT.match(value) else "")
    return f"{quote}{value}{quote}".encode()


@cache
def _rows() -> tuple[Row, ...]:
    return convert(tuple(table("revision_keys")["key"]), tuple[Row, ...])


@cache
def _loaders() -> Loaders:
    return Loaders(shipped())
