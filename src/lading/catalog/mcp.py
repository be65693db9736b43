"""Servers of the Model Context Protocol as clients configure them: packages run by npx or uvx, images, remote endpoints."""

from collections.abc import Callable, Iterator

from lading.catalog.identity import is_local, is_local_host, is_template
from lading.catalog.upstreams import image, named, service
from lading.core.component import Component, Occurrence
from lading.core.kinds import Flag, Kind, Pin
from lading.syntax.node import Node

SECTIONS = ("mcpServers", "mcp_servers", "mcp-servers", "context_servers")
_RUNNERS = frozenset({"npx", "uvx", "bunx", "pnpm", "pipx", "bun", "uv", "deno"})
_VERBS = frozenset({"run", "exec", "dlx", "tool", "x"})
_ENGINES = frozenset({"docker", "podman"})

At = Callable[[int, str, str], Occurrence]


def servers(section: Node, at: At) -> Iterator[Component]:
    """What each server of a section is: a hosted service, an image, or a package fetched and run when the client starts."""
    for name, server in section.items():
        command = server.string("command").rpartition("/")[2].removesuffix(".cmd")
        url = server.get("url") or server.get("serverUrl")
        if url is not None and url.text and not is_template(url.text) and not is_local_host(url.text):
            yield service("mcp", name, at(url.line, f"mcpServers.{name}.url", url.text), endpoint=url.text)
        elif command in _ENGINES:
            yield from _image(name, server, at)
        elif command in _RUNNERS:
            yield from _package(name, server, at)


def _image(name: str, server: Node, at: At) -> Iterator[Component]:
    """The last argument that can be an image and is no option's value."""
    words = [a for a in server.elements("args") if isinstance(a.value, str)]
    candidates = [w for i, w in enumerate(words) if "/" in w.text and not w.text.startswith(("-", "/", ".")) and not _valued(words, i)]
    for word in candidates[:1]:
        if found := image(word.text, at(word.line, f"mcpServers.{name}.args", word.text)):
            yield found


def _valued(words: list[Node], index: int) -> bool:
    return index > 0 and words[index - 1].text in {"-e", "--env", "-v", "--volume", "--mount", "-p", "--network", "--name"}


def _package(name: str, server: Node, at: At) -> Iterator[Component]:
    for word in server.elements("args"):
        text = word.text.removeprefix("--from=").removeprefix("--package=")
        if text.startswith("-") or text in _VERBS:
            continue
        if text and not is_template(text) and (text.startswith("@") or not is_local(text)):
            bare, _, version = text.rpartition("@") if "@" in text[1:] else (text, "", "")
            pin = Pin.MUTABLE if version else Pin.NONE
            where = at(word.line, f"mcpServers.{name}.args", text)
            yield named(Kind.SERVICE, "mcp", bare, where, version=version, pin=pin, flags=(Flag.REMOTE_CODE,))
        return
