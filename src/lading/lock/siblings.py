"""The keys of one mapping as they stand in the lines of YAML, or of JSON with a key on each line."""

import re

from msgspec import Struct

from lading.lock.edit import Left, Text

_KEY = re.compile(rb"(?P<before> *(?:- +)*)(?P<quote>[\"']?)(?P<key>[\w.$/-]+)(?P=quote)[ \t]*:(?:[ \t]+|$)")
_VALUE = re.compile(rb"(?P<quote>[\"']?)(?P<value>[^\"'#,\s]*)(?P=quote)(?=[ \t]*(?:,[ \t]*)?(?:#.*)?$)")


class Key(Struct, frozen=True):
    """One key: its line, its name, and where its value stands with its quotes; `start` is -1 for what is no plain value."""

    line: int
    name: str
    start: int
    end: int
    value: str = ""
    quote: str = ""
    """The mark around the key itself."""


class Siblings:
    """The mapping to which the key on a line belongs; `column` is where its keys begin."""

    def __init__(self, text: Text, line: int) -> None:
        first = _KEY.match(text.line(line))
        if not first:
            raise Left("its key stands in no line of its own")
        self.text = text
        self.column = first.end("before")
        self.keys = {key.name: key for key in (*self._upwards(line, first), self._key(line, first), *self._downwards(line))}

    def beside(self, names: tuple[str, ...]) -> bool:
        """Whether one of these names stands there; true where none is asked for."""
        return not names or any(n in self.keys for n in names)

    @property
    def above(self) -> str:
        """The key below which this mapping stands; empty at the top."""
        for number in range(min(k.line for k in self.keys.values()) - 1, 0, -1):
            match = _KEY.match(self.text.line(number))
            if match and match.end("before") < self.column:
                return match["key"].decode()
        return ""

    def _upwards(self, line: int, first: re.Match[bytes]) -> list[Key]:
        found: list[Key] = []
        if b"-" in first["before"]:
            return found
        for number in range(line - 1, 0, -1):
            here = self.text.line(number)
            indent = _indent(here)
            if indent is None or indent > self.column:
                continue
            match = _KEY.match(here)
            if match and match.end("before") == self.column:
                found.append(self._key(number, match))
            if indent < self.column:
                break
        return found

    def _downwards(self, line: int) -> list[Key]:
        found: list[Key] = []
        for number in range(line + 1, self.text.lines + 1):
            here = self.text.line(number)
            indent = _indent(here)
            if indent is None or indent > self.column:
                continue
            if indent < self.column or here.startswith(b"---"):
                break
            match = _KEY.match(here)
            if match and b"-" not in match["before"]:
                found.append(self._key(number, match))
        return found

    def _key(self, line: int, match: re.Match[bytes]) -> Key:
        begin, end = self.text.span(line)
        value = _VALUE.match(self.text.data, begin + match.end(), end)
        start, stop = value.span() if value else (-1, -1)
        held = value["value"].decode("utf-8", "replace") if value else ""
        return Key(line, match["key"].decode(), start, stop, held, match["quote"].decode())


def _indent(line: bytes) -> int | None:
    """How far a line is indented; None for one that says nothing."""
    said = line.lstrip(b" ")
    return None if not said.strip() or said.startswith(b"#") else len(line) - len(said)
