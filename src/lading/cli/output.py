"""Where answers go: standard output or a file written whole; formats by name or suffix; colour and width."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lading.core.errors import LadingError, UsageError

if TYPE_CHECKING:
    from lading.formats._registry import Format

_SUFFIXES = {
    ".html": "html",
    ".md": "markdown",
    ".sarif": "sarif",
    ".cdx.json": "cyclonedx",
    ".spdx.json": "spdx-2.3",
    ".spdx3.json": "spdx-3",
    ".json": "json",
    ".txt": "text",
}

_PLAIN = str.maketrans({"…": "...", "·": "-", "→": "->"})


def format_for(name: str, output: Path | None) -> "Format | None":
    """The format of that name, or the one an output's suffix tells; None is text for people. UsageError names the nearest."""
    if not name:
        name = next((f for suffix, f in _SUFFIXES.items() if output and output.name.endswith(suffix)), "text")
    if name == "text":
        return None
    from lading.formats._registry import FORMATS  # noqa: PLC0415 - formats are imported when one is asked for

    formats = FORMATS.load()
    if name not in formats:
        from difflib import get_close_matches  # noqa: PLC0415 - when somebody mistyped

        near = get_close_matches(name, formats, 1)
        known = ", ".join(["text", *formats])
        raise UsageError(f"there is no format {name!r}", hint=f"did you mean {near[0]!r}?" if near else f"one of: {known}")
    return formats[name]


def emit(data: bytes, output: Path | None) -> None:
    """Write to standard output, or to a file that appears whole or not at all."""
    if output is None or str(output) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from tempfile import mkstemp  # noqa: PLC0415 - when a file is written

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(scratch).chmod(0o666 & ~umask)
        Path(scratch).replace(output)
    except OSError as e:
        raise LadingError(f"{output} cannot be written: {e.strerror}", hint="choose a folder that you may write to") from e


def encoded(text: str, output: Path | None) -> bytes:
    """Text for people as bytes: UTF-8, or what a terminal that cannot show that can show."""
    encoding = sys.stdout.encoding if output is None and sys.stdout.isatty() else "utf-8"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace")


def wants_colour(output: Path | None) -> bool:
    """Whether to colour: a terminal, and nobody says no."""
    if os.environ.get("NO_COLOR") or output:
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def width() -> int:
    """The width of the terminal in columns, at least 80."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return max(80, int(told))
    try:
        return max(80, os.get_terminal_size(sys.__stdout__.fileno()).columns or 100)  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):  # no terminal, or no stream at all
        return 100
