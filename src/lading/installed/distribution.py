"""One installed distribution by its `.dist-info` folder: metadata, who installed it, from where, and what it starts."""

import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement

from lading.catalog import license_words
from lading.catalog.upstreams import library
from lading.core.component import Component, License, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Pin
from lading.installed.markers import ANY, Interpreter
from lading.installed.texts import text_of

METADATA = "METADATA"
_LONGEST = 2_000
_LONGEST_POINTS = 1 << 16
"""Letters of entry points that are read: the standard parser squares its time for lines that are wrong."""
_LICENSE = re.compile(r"(?:LICEN[CS]E|COPYING)", re.IGNORECASE)
_MOST_TEXTS = 20
_EXTRA = re.compile(r"extra == \"([^\"]{1,100})\"")


class Need(Struct, frozen=True):
    """A requirement: the name, the extras it asks for, and the extras of its owner that it belongs to (none: it always counts)."""

    name: str
    asks: frozenset[str]
    belongs_to: frozenset[str]


class Distribution(Struct, frozen=True):
    """What a `.dist-info` folder says."""

    folder: Path
    component: Component
    needs: tuple[Need, ...] = ()
    requested: bool = False
    editable: bool = False


def normal(name: str) -> str:
    """A distribution's name as all its spellings are compared."""
    return library(name, Occurrence("")).name


def distribution(folder: Path, path: str, python: Interpreter = ANY) -> Distribution:
    """The distribution of a `.dist-info` folder at a path of the tree; ExtractError when it tells no name or version.

    Requirements are those that count for the Python of the environment.
    """
    head = HeaderParser().parsestr(text_of(folder / METADATA if (folder / METADATA).is_file() else folder / "PKG-INFO"))
    name, version = str(head.get("Name") or "").strip(), str(head.get("Version") or "").strip()
    if not name or not version:
        raise ExtractError(f"{path} tells no name or no version")
    origin = _origin(folder)
    at = Occurrence(f"{path}/METADATA", 0, "installed", f"{name} {version}")
    component = library(name, at, version=version, pin=Pin.MUTABLE)
    return Distribution(
        folder=folder,
        component=_with(component, head, folder, origin),
        needs=tuple(_needs(head, python)),
        requested=(folder / "REQUESTED").exists(),
        editable=origin.get("editable") == "true",
    )


def _with(component: Component, head: Message, folder: Path, origin: dict[str, str]) -> Component:
    told = {
        "installer": text_of(folder / "INSTALLER").strip()[:100],
        "wheel": ",".join(sorted(_tags(folder)))[:_LONGEST],
        "entry-points": ",".join(sorted(_entry_points(folder)))[:_LONGEST],
        **origin,
    }
    return replace(
        component,
        description=str(head.get("Summary") or "").strip()[:_LONGEST],
        licenses=_licenses(head, folder),
        url=origin.get("direct-url", ""),
        properties=tuple(sorted((k, v) for k, v in told.items() if v)),
    )


def _licenses(head: Message, folder: Path) -> tuple[License, ...]:
    """What its metadata states as SPDX expressions, else what its license file turns out to be, else the words used."""
    legacy = (str(head.get("License") or "").strip().splitlines() or [""])[0][:200]
    stated = license_words.expression(str(head.get("License-Expression") or "")) or license_words.expression(legacy)
    found = [stated] if stated else sorted({s for c in head.get_all("Classifier") or () if (s := license_words.classified(str(c)))})
    if found:
        return tuple(map(License, found))
    files = sorted(p for place in (folder, folder / "licenses") for p in place.glob("[LC]*") if _LICENSE.match(p.name) and p.is_file())
    concluded = sorted({s for p in files[:_MOST_TEXTS] if (s := license_words.of_text(text_of(p)))})
    if concluded:
        return tuple(License(name, concluded=True) for name in concluded)
    return (License(legacy),) if legacy and legacy != "UNKNOWN" else ()


def _tags(folder: Path) -> list[str]:
    return [str(tag) for tag in HeaderParser().parsestr(text_of(folder / "WHEEL")).get_all("Tag") or ()]


def _entry_points(folder: Path) -> list[str]:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(text_of(folder / "entry_points.txt")[:_LONGEST_POINTS])
    except (ConfigError, ValueError):
        return []
    return [f"{group}:{name}" for group in parser.sections() for name in parser.options(group)]


def _origin(folder: Path) -> dict[str, str]:
    """What PEP 610 says: the URL, the commit or the archive's digest, and whether it is a folder that is worked in."""
    try:
        row = json.loads(text_of(folder / "direct_url.json") or "{}")
    except (ValueError, RecursionError):
        return {"direct-url": "unreadable"}
    if not isinstance(row, dict):
        return {"direct-url": "unreadable"}
    parts = {key: value for key in ("vcs_info", "archive_info", "dir_info") if isinstance(value := row.get(key), dict)}
    return {
        "direct-url": str(row.get("url") or "")[:_LONGEST],
        "commit": str(parts.get("vcs_info", {}).get("commit_id") or "")[:128],
        "archive-hash": str(parts.get("archive_info", {}).get("hash") or "")[:200],
        "editable": "true" if parts.get("dir_info", {}).get("editable") is True else "",
    }


def _needs(head: Message, python: Interpreter) -> Iterator[Need]:
    for text in head.get_all("Requires-Dist") or ():
        try:
            parsed = Requirement(str(text)[:_LONGEST])
        except (InvalidRequirement, RecursionError):  # parentheses without end
            continue
        asks = frozenset(normal(e) for e in parsed.extras)
        if parsed.marker is None or python.counts(parsed.marker):
            yield Need(normal(parsed.name), asks, frozenset())
        elif extras := {e for e in _EXTRA.findall(str(parsed.marker)) if python.counts(parsed.marker, e)}:
            yield Need(normal(parsed.name), asks, frozenset(normal(e) for e in extras))
