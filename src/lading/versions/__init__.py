"""The order of versions in each ecosystem: one module is one order, a function from a version to a key that compares."""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

Order = Callable[[str], Any]
"""A key that sorts as the ecosystem does; ValueError when the text is no version there."""

LONGEST = 256
"""Characters of one version; a longer text is none."""

_ORDERS = {
    "PyPI": "pep440",
    "npm": "semver",
    "crates.io": "semver",
    "Hex": "semver",
    "Pub": "semver",
    "SwiftURL": "semver",
    "GitHub Actions": "semver",
    "Bitnami": "semver",
    "DHI": "semver",
    "Go": "go",
    "Maven": "maven",
    "Debian": "debian",
    "Ubuntu": "debian",
    "Echo": "debian",
    "AlmaLinux": "rpm",
    "Rocky Linux": "rpm",
    "Red Hat": "rpm",
    "Fedora": "rpm",
    "SUSE": "rpm",
    "openSUSE": "rpm",
    "openEuler": "rpm",
    "Mageia": "rpm",
    "Photon OS": "rpm",
    "Azure Linux": "rpm",
    "Alpine": "alpine",
    "Alpaquita": "alpine",
    "BellSoft Hardened Containers": "alpine",
    "Chainguard": "alpine",
    "MinimOS": "alpine",
    "Wolfi": "alpine",
}


def order_of(ecosystem: str) -> Order | None:
    """The order of an ecosystem, with or without its release (`Debian:12`); None when it is not known."""
    return _order(ecosystem.partition(":")[0])


@cache
def _order(ecosystem: str) -> Order | None:
    name = _ORDERS.get(ecosystem)
    return importlib.import_module(f"lading.versions.{name}").key if name else None


def readable(order: Order, text: str) -> bool:
    """Whether a text is a version in that order."""
    try:
        order(text)
    except ValueError:
        return False
    return True
