"""What is known of a global: exactly listed as harmless under a rule, known to be dangerous, or unknown."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lading.core.errors import PluginError
from lading.core.pattern import pattern
from lading.core.shipped import files

_RENAMED = {
    "__builtin__": "builtins", "copy_reg": "copyreg", "cPickle": "_pickle", "Queue": "queue", "exceptions": "builtins", "UserDict": "collections",
    "UserList": "collections", "UserString": "collections", "whichdb": "dbm", "commands": "subprocess", "cStringIO": "io", "StringIO": "io",
    "ConfigParser": "configparser", "repr": "reprlib", "_abcoll": "collections.abc", "httplib": "http.client", "nt": "os", "posix": "os",
}  # fmt: skip
"""Modules that an unpickler looks up under another name (protocol below 3), and the names under which a module does the same things."""
_NAMES = {
    "builtins.unicode": "builtins.str",
    "builtins.xrange": "builtins.range",
    "builtins.long": "builtins.int",
    "builtins.reduce": "functools.reduce",
}
_PREFIXES = (("numpy.core.", "numpy._core."), ("scipy.sparse.", "scipy.sparse."))


def canonical(module: str, name: str) -> str:
    """The name under which a global stands in the tables, whatever release or protocol wrote it."""
    module = _RENAMED.get(module, module)
    full = f"{module}.{name}"
    for old, new in _PREFIXES:
        if full.startswith(old):
            full = new + full.removeprefix(old)
    return _NAMES.get(full, full)


@cache
def rules() -> dict[str, str]:
    """Every listed name with its rule; `type` for classes that only hold values, unless their table has a stricter one."""
    return _merged(_names())


def rule_of(full: str) -> str | None:
    """The rule of one name under which it stands in the tables; None where it stands in none."""
    return _rules_of(full.partition(".")[0]).get(full)


@cache
def _rules_of(package: str) -> dict[str, str]:
    """The rules of the tables that name a package: parsing all of them takes longer than most files."""
    return _merged(tuple(n for n in _names() if f"{package}." in _texts()[n]))


def _merged(names: tuple[str, ...]) -> dict[str, str]:
    tables = [_table(n) for n in names]
    found: dict[str, str] = {}
    for table in tables:
        found.update(dict.fromkeys(table.get("types", "").split(), table.get("rule", "type")))
    for table in tables:
        found.update(table.get("rules", {}))
    return found


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(_texts().keys() - {_DANGER}))


@cache
def _table(name: str) -> dict[str, Any]:
    return _read(_texts()[name], name)


_DANGER = "danger.toml"
_CHECKED = pattern(r"^checked = \"(\S+)\"$", re.MULTILINE)


@cache
def _texts() -> dict[str, str]:
    return {p.name: p.read_text("utf-8") for p in files("lading.pickles.names").iterdir() if p.name.endswith(".toml")}


def _read(text: str, name: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most files name nothing

    table = tomllib.loads(text)
    if "source" not in table or "checked" not in table:
        raise PluginError(f"the table of names {name} has no source or no date", hint="add `source = …` and `checked = …`")
    return table


@cache
def version() -> str:
    """The date of the newest table: which knowledge an answer rests on."""
    return max(str(date) for text in _texts().values() for date in _CHECKED.findall(text))


@cache
def _danger() -> dict[str, Any]:
    return _read(_texts()[_DANGER], _DANGER)


@cache
def _by_module() -> dict[str, str]:
    return {m: effect for effect, text in _danger()["modules"].items() for m in text.split()}


@cache
def _deepest() -> int:
    """How many parts a known module has at most: a longer beginning of a name is none."""
    return max(m.count(".") + 1 for m in _by_module())


@cache
def _by_name() -> dict[str, str]:
    return {n: effect for effect, text in _danger()["names"].items() for n in text.split()}


def effect_of(module: str, name: str) -> str:
    """What a global is known to do; empty where nothing is known against it."""
    by_module, by_name = _by_module(), _by_name()
    full = canonical(module, name)
    parts = full.split(".")
    for length in range(min(len(parts), _deepest()), 0, -1):
        effect = by_module.get(".".join(parts[:length]))
        if effect:
            return effect
    inner = name.split(".")
    if len(inner) > 1:
        for part in inner[:-1]:
            if part in by_module:
                return by_module[part]
    return next((by_name[p] for p in reversed(inner) if p in by_name), "")
