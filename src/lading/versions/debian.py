"""Versions of Debian packages: `epoch:upstream-revision`, compared as dpkg does."""

import re
from functools import lru_cache
from typing import Any

from lading.versions import LONGEST

_FORM = re.compile(r"(?:(\d+):)?([A-Za-z0-9.+~:-]+?)(?:-([A-Za-z0-9.+~]+))?\Z")
_END = (0,)


@lru_cache(1 << 17)
def key(text: str) -> tuple[Any, ...]:
    """Epoch, upstream version and revision; ValueError where dpkg reads none."""
    found = _FORM.match(text) if len(text) <= LONGEST else None
    if not found or found[2].endswith("-") or (":" in found[2] and found[1] is None) or not found[2][0].isdigit():
        raise ValueError(f"{text[:40]!r} is no version of a Debian package")
    return int(found[1] or 0), _part(found[2]), _part(found[3] or "")


def _part(text: str) -> tuple[Any, ...]:
    """Texts and numbers in turn; the end stands where a text would, above a tilde and below everything else."""
    pieces = re.findall(r"(\D*)(\d*)", text)[:-1] or [("", "")]
    flat: list[Any] = []
    for letters, digits in pieces:
        flat += [(*map(_rank, letters), 0), int(digits or 0)]
    return (*flat, _END)


def _rank(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
