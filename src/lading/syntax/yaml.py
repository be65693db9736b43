"""YAML streams as nodes; the reader is loaded with the first file that needs it."""

from lading.core.source import SourceFile
from lading.syntax.node import Node


def yaml_documents(file: SourceFile) -> list[Node]:
    """The documents of a YAML stream; ExtractError with the line when it is not YAML."""
    return file.once(_documents)


def _documents(file: SourceFile) -> list[Node]:
    return parse_yaml(file.text, file)


def parse_yaml(text: str, file: SourceFile, first_line: int = 1) -> list[Node]:
    """Parse YAML text that begins on `first_line` of a file."""
    from lading.syntax._yaml_events import parsed  # noqa: PLC0415 - slow to import

    return parsed(text, file, first_line)
