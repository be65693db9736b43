"""Which needs tools print of the locks that they wrote: `npm ls`, `uv tree` and `pnpm list`, asked without a network."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from lock_truth import Edges

PATIENCE = 60
"""Seconds that a tool is waited for."""


def asked(kind: str, path: Path) -> Edges | None:
    """Pairs of packages (`npm/name@version`) that the tool of a kind of lock prints of the folder it lies in; None when it gives no answer."""
    command, read = _TOOLS[kind]
    if shutil.which(command[0]) is None or path.name.endswith(".py.lock"):
        return None
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return read(done.stdout) or None
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None


def _npm(text: str) -> Edges:
    return _nested(json.loads(text), ("dependencies",))


def _pnpm(text: str) -> Edges:
    tables = ("dependencies", "devDependencies", "optionalDependencies")
    return {edge for project in json.loads(text) for edge in _nested(project, tables)}


def _published(name: str, row: dict[str, Any]) -> str:
    """The package under the name that it is published by; empty where it is no release of a registry, or is not there."""
    version, place = row.get("version", ""), str(row.get("resolved", ""))
    elsewhere = re.match(r"file:|link:|git|http", version) or place.startswith(("file:", "git"))
    gone = row.get("missing") or row.get("invalid") or row.get("extraneous")
    return f"npm/{row.get('name') or row.get('from') or name}@{version}" if version and not elsewhere and not gone else ""


def _nested(root: dict[str, Any], tables: tuple[str, ...]) -> Edges:
    """The needs of a tree of packages; what a project builds itself and what is not installed are left out."""
    found: Edges = set()
    waiting: list[tuple[str, dict[str, Any]]] = [("", root)]
    while waiting:
        above, row = waiting.pop()
        for table in tables:
            for name, inner in row.get(table, {}).items():
                inner.get("version", "")
                key = _published(name, inner)
                found.update({(above, key)} if above and key and above != key else ())
                waiting.append((key, inner))
    return found


_LINE = re.compile(r"(?P<indent>[│├└─ ]*)(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?: v(?P<version>[^\s(]+))?(?: |$)")


def _uv(text: str) -> Edges:
    """A tree of lines, four columns for each step; the roots are the project's own."""
    found: Edges = set()
    above: list[str] = []
    for match in filter(None, map(_LINE.match, text.splitlines())):
        depth = len(match["indent"]) // 4
        key = f"pypi/{canonicalize_name(match['name'])}@{match['version'] or ''}"
        above = [*above[:depth], key]
        found.update({(above[depth - 1], key)} if depth > 1 and above[depth - 1] != key else ())
    return found


_TOOLS: dict[str, tuple[list[str], Callable[[str], Edges]]] = {
    "package-lock.json": (["npm", "ls", "--all", "--json", "--package-lock-only", "--offline", "--long"], _npm),
    "uv.lock": (["uv", "tree", "--frozen", "--offline", "--universal", "--all-groups", "--quiet"], _uv),
    "pnpm-lock.yaml": (["pnpm", "list", "--lockfile-only", "--json", "--depth", "Infinity", "--offline"], _pnpm),
}
KINDS = tuple(_TOOLS)
