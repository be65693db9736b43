"""Files that ship inside of a package: found beside its modules, without the library that can find them anywhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def files(package: str) -> Traversable:
    """The folder of a package."""
    place = Path(next(iter(importlib.import_module(package).__path__)))
    if place.is_dir():
        return place
    from importlib.resources import files as anywhere  # noqa: PLC0415 - slow to import; needed in archives only

    return anywhere(package)
