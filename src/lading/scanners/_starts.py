"""Configurations by which an editor, an agent or an installer starts programs without being told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen

_SERVERS = pattern(r"(?:^|\.)(?:mcpServers|mcp_servers|context_servers|mcp\.servers)(?=[.\[])")
_HOOKS = pattern(r"(?:^|\.)hooks[.\[]")
_CONTAINER = frozenset(
    {"initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"}
)
_INSTALLS = frozenset({"preinstall", "install", "postinstall", "prepare"})
KEYS = frozenset({"command", "runOn"}) | _CONTAINER | _INSTALLS


def starts(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in a configuration
    """Yield an objection where a value is a program that somebody's tool starts by itself."""
    who = _starter(part.base, path, key, value) if value and isinstance(value, (str, list, dict)) else ""
    if who:
        yield part.sees("config-command", f"{who} starts {_shown(value)}", effect="execute", loader=who)


def _starter(base: str, path: str, key: str, value: Any) -> str:  # noqa: ANN401 - as above
    """What starts the program, or nothing."""
    if key == "command" and (_SERVERS.search(path) or (base == "mcp.json" and path.startswith("servers."))):
        return "an agent that connects to its tools (Model Context Protocol)"
    if key == "command" and _HOOKS.search(path) and base.startswith(("settings", "hooks")):
        return "an agent with these hooks"
    if key == "runOn" and value == "folderOpen":
        return "an editor that opens the folder"
    if key in _CONTAINER and base in {"devcontainer.json", ".devcontainer.json"}:
        return "an editor that opens the folder in a container"
    if key in _INSTALLS and base == "package.json" and path == f"scripts.{key}":
        return "npm install"
    return ""


def _shown(value: Any) -> str:  # noqa: ANN401 - as above
    if value == "folderOpen":
        return "a task"
    if isinstance(value, dict):
        return ", ".join(str(k) for k in value)[:120]
    return " ".join(str(v) for v in (value if isinstance(value, list) else [value]))[:120]
