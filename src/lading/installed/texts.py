"""The small texts that installed packages lie beside."""

from pathlib import Path

LARGEST = 4 << 20
"""Bytes of a text that are read."""


def text_of(path: Path) -> str:
    """The beginning of a text; empty when there is no such file."""
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
