"""The notes that pip-compile and uv write behind a requirement: `# via` those that need it."""

from collections.abc import Iterator

from msgspec import Struct

from lading.core.pattern import pattern

_REQUIREMENT = pattern(r"(?P<text>(?P<name>[A-Za-z0-9][\w.-]*)[^#\\]*?)(?:\s*\\|\s+#\s*via\s+(?P<via>.+))?\s*\Z")
_HASH = pattern(r"\s*--hash[= ]")
_NOTE = pattern(r"\s*#\s*(?P<via>via\b)?(?P<rest>.*)\Z")
_NEEDED_BY = pattern(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:\s*\(.*\))?\Z")


class Annotated(Struct):
    """A requirement as it is written, with the names of those that need it; files (`-r base.in`) are none of them."""

    requirement: str
    name: str
    line: int
    needed_by: list[str]


def annotated(text: str) -> Iterator[Annotated]:
    """Every requirement of a file that is annotated at all."""
    current, noting = None, False
    for number, line in enumerate(text.splitlines() if "# via" in text else (), 1):
        if current and (note := _NOTE.match(line)) and (note["via"] or noting):
            noting = True
            current.needed_by += _names(note["rest"])
        elif _HASH.match(line):
            noting = False
        else:
            if current:
                yield current
            match = _REQUIREMENT.match(line)
            noting = False
            current = Annotated(match["text"].strip(), match["name"], number, _names(match["via"] or "")) if match else None
    if current:
        yield current


def _names(text: str) -> list[str]:
    return [match["name"] for part in text.split(",") if (match := _NEEDED_BY.match(part.strip()))]
