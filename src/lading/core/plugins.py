"""The registry every family of plugins uses: the modules of a package, then entry points of the same name."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Generic, TypeVar

from lading.core.entry_points import may_announce
from lading.core.errors import PluginError

P = TypeVar("P")


class Registry(Generic[P]):
    """Named plugins of one family, found in `package` and in the entry-point group of the same name."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._plugins: dict[str, P] = {}

    def add(self, name: str, plugin: P) -> None:
        """Register a plugin; two of one name are refused."""
        if self._plugins.setdefault(name, plugin) is not plugin:
            raise PluginError(f"two plugins of {self.package} are named {name!r}", hint="rename one of them")

    def load(self) -> dict[str, P]:
        """Import every plugin module once and return all plugins, by name in sorted order."""
        _import_family(self.package)
        return dict(sorted(self._plugins.items()))

    def __iter__(self) -> Iterator[P]:
        return iter(self.load().values())


def module_name(function: Callable[..., object]) -> str:
    """The plugin's name: the last part of the module that defines it."""
    return function.__module__.rpartition(".")[2]


@cache
def _import_family(package: str) -> None:
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
    if not may_announce(package):
        return
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and seldom needed

    for entry in entry_points(group=package):
        entry.load()
