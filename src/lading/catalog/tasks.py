"""Files of tasks and jobs (SkyPilot, mcli, Taskfile, DVC stages, …): the images they run in and what their commands fetch."""

from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.catalog.deployments import image_word
from lading.catalog.keys import normal_key
from lading.catalog.places import Observation, Script
from lading.core.source import SourceFile
from lading.syntax.node import Node, walk
from lading.syntax.shell import Word

_IMAGES = frozenset({"image", "docker_image", "container_image", "image_id", "image_uri", "base_image", "runtime_image", "docker"})
_COMMANDS = frozenset(
    {
        "run",
        "setup",
        "command",
        "commands",
        "cmd",
        "cmds",
        "script",
        "scripts",
        "entrypoint",
        "pre_start",
        "post_start",
        "start_command",
        "launch_command",
    }
)


def tasks(file: SourceFile, document: Node) -> Iterator[Observation]:
    """What the tasks of a document run in and fetch."""
    for path, node in walk(document):
        names = [p for p in path if isinstance(p, str)]
        name = normal_key(names[-1]) if names else ""
        if not isinstance(node.value, str):
            continue
        if name in _IMAGES and not isinstance(path[-1], int):
            yield from _image(file, node, names[-1])
        elif name in _COMMANDS and ("\n" in node.text.strip() or " " in node.text.strip()):
            places = [Line(file.path, node.line + offset) for offset in range(node.text.count("\n") + 1)]
            yield from shell_observations(node.text, file, places, _environment(document))


def _image(file: SourceFile, node: Node, symbol: str) -> Iterator[Observation]:
    """An image with a tag or digest: without one, a key named `image` holds a picture as often as not."""
    text = node.text.removeprefix("docker:").removeprefix("//")
    last = text.rpartition("/")[2]
    if (":" in last or "@sha256:" in text) and not any(c.isspace() for c in text):
        yield from image_word(Script(file, [Line(file.path, node.line)], node.text), Word(text, 0), symbol)


def _environment(document: Node) -> dict[str, str]:
    """The variables that a document sets for its commands."""
    known = {
        k: v.text for section in ("envs", "env", "vars", "environment") for k, v in document.items(section) if isinstance(v.value, str)
    }
    return {k: v for k, v in known.items() if v}
