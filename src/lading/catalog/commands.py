"""What shell commands fetch."""

from collections.abc import Iterator

from lading.core.component import Component
from lading.core.source import SourceFile
from lading.dataflow.values import Place


def shell_observations(text: str, file: SourceFile, places: tuple[Place, ...]) -> Iterator[Component]:
    """What the commands of shell text fetch."""
    return iter(())
