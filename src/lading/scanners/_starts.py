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
_AGENT = frozenset(
    {
        "apiKeyHelper",
        "awsAuthRefresh",
        "awsCredentialExport",
        "otelHeadersHelper",
        "toolDiscoveryCommand",
        "toolCallCommand",
        "notify",
        "lint-cmd",
        "test-cmd",
    }
)
"""Commands that an agent runs by itself; what they hold is no setting that says what may be run."""
_ADDRESS = pattern(r"env\.\w*_BASE_URL")
_COMPILERS = frozenset({"rustc-wrapper", "rustc-workspace-wrapper", "rustc", "linker", "runner"})
_HERE = pattern(r"(?:\$\{workspace(?:Folder|Root)\}/|\./)(?!\.?v?env\b|\.?venv|node_modules|build|out)[^\n]*")
_BASES = frozenset({"ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"})
_PROGRAMS = frozenset({"path", "defaultInterpreterPath", "nodePath", "executable", "executablePath", "pythonPath", "interpreterPath"})
KEYS = frozenset({"command", "runOn"}) | _CONTAINER | _INSTALLS | _AGENT | _COMPILERS | _BASES | _PROGRAMS


def starts(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in a configuration
    """Yield an objection where a value is a program that somebody's tool starts by itself."""
    key = key.rpartition(".")[2]
    who = _starter(part.base, path, key, value) if value and isinstance(value, (str, list, dict)) else ""
    if who:
        yield part.sees("config-command", f"{who} starts {_shown(value)}", effect="execute", loader=who)


def _starter(base: str, path: str, key: str, value: Any) -> str:  # noqa: ANN401 - as above
    """What starts the program, or nothing."""
    if key == "command":
        return _commanded(base, path)
    if key == "runOn" and value == "folderOpen":
        return "an editor that opens the folder"
    if key in _CONTAINER and base in {"devcontainer.json", ".devcontainer.json"}:
        return "an editor that opens the folder in a container"
    if key in _INSTALLS and base == "package.json" and path == f"scripts.{key}":
        return "npm install"
    return _setting(base, path, key, value)


def _commanded(base: str, path: str) -> str:
    """What runs a command that stands under that very key, or nothing."""
    if _SERVERS.search(path) or (base == "mcp.json" and path.startswith("servers.")):
        return "an agent that connects to its tools (Model Context Protocol)"
    if _HOOKS.search(path) and base.startswith(("settings", "hooks")):
        return "an agent with these hooks"
    if path in {"statusLine.command", "fileSuggestion.command"} and base.startswith("settings"):
        return "an agent that shows its state"
    return ""


def _setting(base: str, path: str, key: str, value: Any) -> str:  # noqa: ANN401 - as above
    """What starts a program, or sends to an address, that a setting names."""
    if key in _AGENT and base in {"settings.json", "settings.local.json", "config.toml", ".aider.conf.yml"} and path == key:
        return "an agent"
    if key in _BASES and base.startswith("settings") and _ADDRESS.fullmatch(path) and not _NEAR.match(str(value)):
        return "an agent that sends its key to this address"
    if key in _COMPILERS and base in {"config.toml", "config"} and path.startswith(("build.", "target.")):
        return "a compiler"
    if key in _PROGRAMS and base == "settings.json" and isinstance(value, str) and _HERE.fullmatch(value):
        return "an editor that opens the folder"
    return ""


_NEAR = pattern(r"https?://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/|$)")


def _shown(value: Any) -> str:  # noqa: ANN401 - as above
    if value == "folderOpen":
        return "a task"
    if isinstance(value, dict):
        return ", ".join(str(k) for k in value)[:120]
    return " ".join(str(v) for v in (value if isinstance(value, list) else [value]))[:120]
