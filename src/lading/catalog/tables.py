"""Reading the tables that ship with lading: TOML, each with `source` and `checked`."""

import tomllib
from functools import cache
from typing import Any

from lading.core.errors import PluginError
from lading.core.shipped import files


@cache
def table(name: str) -> dict[str, Any]:
    """The table `<name>.toml` of the catalog; it must say where it comes from and when that was checked."""
    data = tomllib.loads(files("lading.catalog").joinpath(f"{name}.toml").read_text("utf-8"))
    if "source" not in data or "checked" not in data:
        raise PluginError(f"catalog table {name}.toml has no source or no date", hint="add `source = …` and `checked = …`")
    return data


@cache
def names(folder: str) -> frozenset[str]:
    """The names of the tables in a folder of the catalog, without suffix."""
    return frozenset(
        entry.name.removesuffix(".toml") for entry in files("lading.catalog").joinpath(folder).iterdir() if entry.name.endswith(".toml")
    )
