"""What is wrong with a document: checks of our own always, those of the standard's own tools where they are installed."""

from msgspec import Struct

from lading.bom.official import official
from lading.formats._registry import Format

EXTRA = "pip install 'lading[validate]'"


class Validation(Struct, frozen=True):
    """The problems of a document as sentences, and whether the standard's own tools had their say."""

    problems: tuple[str, ...]
    by_official_tools: str = ""
    """The tools that were asked; empty when there are none for the format or they are not installed."""
    missing: str = ""
    """The command that installs them."""


def validate(data: bytes, format_: Format) -> Validation:
    """Check a document that can be read; FormatError when it cannot."""
    assert format_.read
    format_.read(data)
    found = tuple(format_.problems(data)) if format_.problems else ()
    try:
        tools, objections = official(format_.name, data)
    except ImportError:
        return Validation(found, missing=EXTRA)
    return Validation((*found, *objections), tools)
