"""OSV records as they come: read strictly where they are well made, part by part where they are not."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from lading.core.errors import FormatError

LARGEST = 16 << 20
"""Bytes of one record; a larger one is none."""


class Event(Struct, frozen=True, omit_defaults=True, gc=False):
    """One point of a range: exactly one of these is told."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(Struct, frozen=True, omit_defaults=True, gc=False):
    """Versions or commits between events."""

    type: str = ""
    events: tuple[Event, ...] = ()
    repo: str = ""


class Package(Struct, frozen=True, omit_defaults=True, gc=False):
    """What is affected, by ecosystem and name, or by purl."""

    ecosystem: str = ""
    name: str = ""
    purl: str = ""


class Score(Struct, frozen=True, gc=False):
    """A severity as somebody scored it: a CVSS vector, or a word."""

    type: str = ""
    score: str = ""


class Affected(Struct, frozen=True, omit_defaults=True, gc=False):
    """The affected versions of one package."""

    package: Package | None = None
    ranges: tuple[Range, ...] | None = None
    versions: tuple[str, ...] | None = None
    severity: tuple[Score, ...] | None = None
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class Record(Struct, frozen=True, omit_defaults=True, gc=False):
    """One record, as far as matching and showing needs it."""

    id: str
    modified: str = ""
    published: str = ""
    withdrawn: str | None = None
    aliases: tuple[str, ...] | None = None
    upstream: tuple[str, ...] | None = None
    summary: str = ""
    details: str = ""
    severity: tuple[Score, ...] | None = None
    affected: tuple[Affected, ...] | None = None
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class Read(Struct, frozen=True):
    """A record, and what of it could not be read."""

    record: Record
    problems: tuple[str, ...] = ()


_STRICT = msgspec.json.Decoder(Record)
_LABELS = msgspec.json.Decoder(dict[str, Any])


def read(data: bytes) -> Read:
    """The record in some bytes; FormatError when it is none, or has no id to be known by."""
    try:
        record = _STRICT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _tolerant(data)
    except RecursionError as e:
        raise FormatError("the record is nested too deeply") from e
    if not record.id.strip():
        raise FormatError("no record: it has no id")
    return Read(record)


def _tolerant(data: bytes) -> Read:
    """What is well made in a record that is not: each part that is not is told and left out."""
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"no JSON: {e}") from e
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"].strip():
        raise FormatError("no record: it has no id")
    problems: list[str] = []
    kept: dict[str, Any] = {"id": raw["id"]}
    for name in ("modified", "published", "withdrawn", "aliases", "upstream", "summary", "details", "severity"):
        if name in raw:
            _keep(kept, name, raw[name], problems)
    affected = raw.get("affected")
    entries = affected if isinstance(affected, list) else []
    if affected is not None and affected is not entries:
        problems.append("affected is no list")
    made = msgspec.convert(kept, Record)
    found = tuple(a for number, entry in enumerate(entries) if (a := _affected(entry, f"affected[{number}]", problems)))
    specific = msgspec.Raw(msgspec.json.encode(raw.get("database_specific")))
    return Read(msgspec.structs.replace(made, affected=found, database_specific=specific), tuple(problems))


_TYPES = {field.name: field.type for field in msgspec.structs.fields(Record)}


def _keep(kept: dict[str, Any], name: str, value: object, problems: list[str]) -> None:
    try:
        kept[name] = msgspec.to_builtins(msgspec.convert(value, _TYPES[name]))
    except msgspec.ValidationError as e:
        problems.append(f"{name}: {e}")


def _affected(entry: object, where: str, problems: list[str]) -> Affected | None:
    """The readable part of one entry; a range of which an event cannot be read keeps an empty event, which marks it."""
    if not isinstance(entry, dict):
        problems.append(f"{where} is no object")
        return None
    try:
        package = msgspec.convert(entry.get("package"), Package)
    except msgspec.ValidationError as e:
        problems.append(f"{where}.package: {e}")
        return None
    given = entry.get("versions")
    versions = tuple(v for v in given if isinstance(v, str)) if isinstance(given, list) else None
    if given is not None and (versions is None or len(versions) != len(given)):
        problems.append(f"{where}.versions: not a list of texts")
    ranges = entry.get("ranges")
    rows = tuple(_range(r, f"{where}.ranges[{n}]", problems) for n, r in enumerate(ranges)) if isinstance(ranges, list) else None
    if ranges is not None and rows is None:
        problems.append(f"{where}.ranges is no list")
        rows = (Range("ECOSYSTEM", (Event(),)),)
    return Affected(package, rows, versions, None, msgspec.Raw(msgspec.json.encode(entry.get("database_specific"))))


def _range(row: object, where: str, problems: list[str]) -> Range:
    try:
        return msgspec.convert(row, Range)
    except msgspec.ValidationError as e:
        problems.append(f"{where}: {e}")
        kind = row.get("type") if isinstance(row, dict) else None
        return Range(kind if isinstance(kind, str) else "ECOSYSTEM", (Event(),))


def extension(raw: msgspec.Raw, wanted: Iterable[bytes]) -> dict[str, Any]:
    """A `database_specific` object that holds something that is wanted; empty when it does not, or is none."""
    data = bytes(raw)
    if data[:1] != b"{" or not any(word in data for word in wanted):
        return {}
    try:
        return _LABELS.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return {}
