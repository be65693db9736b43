"""Versions of Go modules: semantic, with a v in front; of Go itself: `go1.21rc2` is 1.21.0-rc.2."""

import re
from typing import Any

from lading.versions import semver

_TOOLCHAIN = re.compile(r"go(\d+\.\d+)(\.\d+)?(?:(beta|rc)(\d+))?\Z")


def key(text: str) -> tuple[Any, ...]:
    """The semantic order; `+incompatible` does not count."""
    if found := _TOOLCHAIN.match(text):
        text = f"{found[1]}{found[2] or '.0'}" + (f"-{found[3]}.{found[4]}" if found[3] else "")
    return semver.key(text)
