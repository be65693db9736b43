"""Versions of RPM packages: `epoch:version-release`, compared as rpm does; a missing epoch is 0."""

import re
from functools import lru_cache
from typing import Any

from lading.versions import LONGEST

_FORM = re.compile(r"(?:(\d+):)?([^\s:-]+)(?:-([^\s:-]+))?\Z")
_TOKEN = re.compile(r"[~^]|[0-9]+|[A-Za-z]+")
_TILDE, _END, _CARET = (0, 0), (1, 0), (2, 0)


@lru_cache(1 << 17)
def key(text: str) -> tuple[Any, ...]:
    """Epoch, version and release; ValueError when it is none."""
    found = _FORM.match(text) if len(text) <= LONGEST else None
    if not found:
        raise ValueError(f"{text[:40]!r} is no version of an RPM package")
    return int(found[1] or 0), _part(found[2]), _part(found[3]) if found[3] else ()


def _part(text: str) -> tuple[Any, ...]:
    """A tilde is below the end, the end below a caret, that below letters, those below numbers; other signs only separate."""
    return (*map(_token, _TOKEN.findall(text)), _END)


def _token(text: str) -> tuple[int, Any]:
    if text == "~":
        return _TILDE
    if text == "^":
        return _CARET
    return (4, int(text)) if text.isdigit() else (3, text)
