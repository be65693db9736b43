"""Known compromises of what AI systems inherit: which artifacts were bad, in which window, and who says so; one table per incident."""

import tomllib
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import Literal

import msgspec
from msgspec import Struct

from lading.catalog.tables import names
from lading.core.errors import PluginError, UsageError
from lading.core.shipped import files

Precision = Literal["second", "minute", "hour", "day", "month"]


class Material(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something upstream that was bad for a time: by name, with what is known of its bad revisions."""

    purl: str = ""
    """Without version; empty where only digests or a builder are known."""
    versions: tuple[str, ...] = ()
    """Bad whenever they were resolved: nobody else may publish under the same version."""
    ranges: tuple[str, ...] = ()
    """Bad versions as PEP 440 specifiers, for PyPI alone."""
    digests: tuple[str, ...] = ()
    """Bad bytes or commits as `algorithm:hex`."""
    refs: tuple[str, ...] = ()
    """Tags that pointed to something bad for a time; `*` stands for any text."""
    builder: str = ""
    """The id of a builder that was not trustworthy for a time."""


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when to when the bad thing could be fetched, as far as a source knows."""

    start: datetime
    end: datetime
    precision: Precision = "second"
    margin: str = ""
    """Added on both sides: `90m`, `5h`, `2d`."""
    source: str = ""
    checked: object = ""


class Incident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One compromise; a window that is told anew is a new revision, the old ones stay."""

    id: str
    title: str
    kind: str
    source: str
    checked: object
    remediation: str
    aliases: tuple[str, ...] = ()
    disclosed: str = ""
    note: str = ""
    listed_all: bool = True
    """Whether everything that was bad is listed; else what is not listed is not known to be untouched."""
    material: tuple[Material, ...] = ()
    versions: dict[str, tuple[str, ...]] = {}
    """Materials of which only bad versions are known, by purl."""
    clean: dict[str, tuple[str, ...]] = {}
    """Versions, by purl, that advisories of others list though they are clean."""
    window: tuple[Window, ...] = ()

    @property
    def materials(self) -> tuple[Material, ...]:
        """Every bad material."""
        return (*self.material, *(Material(purl=p, versions=v) for p, v in self.versions.items()))


@cache
def incident(name: str) -> Incident:
    """The incident of that id or alias; UsageError names the nearest."""
    if name in names("incidents"):
        return _read(name)
    for known in sorted(names("incidents")):
        if name.lower() in {a.lower() for a in _read(known).aliases}:
            return _read(known)
    near = get_close_matches(name, names("incidents"), 1)
    hint = f"did you mean {near[0]!r}?" if near else "lading impact --list names them"
    raise UsageError(f"there is no incident {name!r}", hint=hint)


def incidents() -> list[Incident]:
    """All known incidents, by the time of their first window."""
    found = [_read(name) for name in names("incidents")]
    return sorted(found, key=lambda i: (i.window[0].start.isoformat() if i.window else "9", i.id))


@cache
def _read(name: str) -> Incident:
    text = files("lading.catalog").joinpath("incidents", f"{name}.toml").read_text("utf-8")
    return parsed(text, name)


def parsed(text: str, name: str) -> Incident:
    """The incident that a table tells; PluginError names the field that is not as it must be."""
    try:
        found = msgspec.convert({"id": name, **tomllib.loads(text)}, Incident)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as e:
        raise PluginError(f"the incident {name} cannot be read: {e}", hint="compare it with another one in catalog/incidents") from e
    for window in found.window:
        if window.start.tzinfo is None or window.end.tzinfo is None or window.end < window.start:
            raise PluginError(f"the incident {name} has a window without time zone, or one that ends before it starts")
    if any(":" not in digest for m in found.material for digest in m.digests):
        raise PluginError(f"the incident {name} has a digest that is not of the form algorithm:hex")
    return found
