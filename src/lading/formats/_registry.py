"""What a document format is: a name, how to write a report in it, and where it can be read, how."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from lading.core.bom import Bom
from lading.core.finding import Report
from lading.core.plugins import Registry


class Format(Struct, frozen=True, kw_only=True):
    """A document format; `read`, `detects` and `problems` are None for formats that are only written.

    `read` is tolerant of what others write; `problems` tells what in a readable document is against its format.
    """

    name: str
    title: str
    media_type: str
    suffix: str
    write: Callable[[Report], bytes]
    read: Callable[[bytes], Bom] | None = None
    detects: Callable[[bytes], bool] | None = None
    problems: Callable[[bytes], Iterable[str]] | None = None


FORMATS: Registry[Format] = Registry("lading.formats")


def add_format(format_: Format) -> Format:
    """Register a format under its name."""
    FORMATS.add(format_.name, format_)
    return format_
