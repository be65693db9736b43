"""Versions of Python packages (PEP 440) in their plain order, and the build tags that say how a release was built."""

import re
from functools import lru_cache

from packaging.version import Version

from lading.versions import LONGEST

BUILD_TAG = re.compile(r"(?:cu\d+|cuda\d*|cpu|rocm[\d.]*|xpu|mps|cxx11\.abi|cpu\.cxx11\.abi|computecanada)(?:[._]\w+)*\Z")
"""Local versions that name how the public release was built; others are a vendor's own changes."""
_HYPHEN = re.compile(r"([^-+]+)-(cu\d+|cpu|rocm[\d.]+)\Z")
"""A build tag as some records write it, `2.6.0-cu124`: no version by the letter of PEP 440, and only one is meant."""


@lru_cache(1 << 17)
def key(text: str) -> Version:
    """The version itself, which compares; ValueError when it is none."""
    if len(text) > LONGEST:
        raise ValueError(f"{text[:40]!r}… is no version: it is too long")
    found = _HYPHEN.match(text)
    return Version(f"{found[1]}+{found[2]}" if found else text)


def public(text: str) -> tuple[str, str]:
    """The version without its local part, and the local part; ValueError when it is none."""
    found = key(text)
    return found.public, found.local or ""
