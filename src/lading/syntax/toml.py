"""TOML as nodes: the standard parser decides what is valid, a scan of the lines tells where each key stands."""

import re
import tomllib

from lading.core.errors import ExtractError, LimitError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node

_HEADER = pattern(r"\[\[?([^\[\]]+)\]\]?\s*(?:#.*)?$")
_MOST_PARTS = 200
_DEEP = pattern(rf"""(?<![\w."'-])(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MOST_PARTS}}}""")
"""A key whose time and memory the standard parser squares the number of parts for."""
_LONGEST_LINE = 10_000
"""Letters of a line in which strings are looked for: those of a longer one have the line of their key."""
_KEY = pattern(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = pattern(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def toml_document(file: SourceFile) -> Node:
    """The TOML document of a file; ExtractError with the line when it is none."""
    return file.once(_document)


def _document(file: SourceFile) -> Node:
    if _DEEP.search(file.text):
        raise LimitError(f"{file.path} holds a key of more than {_MOST_PARTS} parts")
    try:
        data = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ExtractError(f"{file.path} is not TOML: {e}") from e
    return _node(data, (), _lines(file), 1, file)


def _lines(file: SourceFile) -> dict[tuple[str | int, ...], int]:
    """The line of every key and table header; array tables and inline array elements by index."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str | int, ...] = ()
    current: tuple[str | int, ...] = ()
    for number, line in enumerate(file.text.splitlines(), 1):
        if header := _HEADER.match(line.lstrip()):
            names = _parts(header[1], file)
            if line.lstrip().startswith("[["):
                counts[names] = counts.get(names, -1) + 1
            table = _indexed(names, counts)
            current = table
            lines[table] = number
        elif key := _KEY.match(line):
            current = (*table, *_parts(key[1], file))
            lines.setdefault(current, number)
            _strings(line[key.end() :], current, number, lines)
        elif current:
            _strings(line, current, number, lines)
    return lines


def _parts(dotted: str, file: SourceFile) -> tuple[str, ...]:
    names = tuple(p.strip("\"'") for p in _PART.findall(dotted))
    if len(names) > file.limits.depth:
        raise LimitError(f"{file.path} nests deeper than {file.limits.depth} levels")
    return names


def _indexed(names: tuple[str, ...], counts: dict[tuple[str, ...], int]) -> tuple[str | int, ...]:
    path: list[str | int] = []
    for end, name in enumerate(names, 1):
        path.append(name)
        if names[:end] in counts:
            path.append(counts[names[:end]])
    return tuple(path)


def _strings(text: str, where: tuple[str | int, ...], number: int, lines: dict[tuple[str | int, ...], int]) -> None:
    """Remember the line of each quoted string below a key, so that elements of a list over several lines find theirs."""
    if len(text) > _LONGEST_LINE:
        return
    for quoted in re.finditer(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'', text):
        lines.setdefault((*where, "\0" + (quoted[1] or quoted[2] or "")), number)


def _node(value: object, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], line: int, file: SourceFile) -> Node:
    if len(path) > file.limits.depth:
        raise LimitError(f"{file.path} nests deeper than {file.limits.depth} levels")
    line = lines.get(path, line)
    if isinstance(value, dict):
        return Node({k: _node(v, (*path, k), lines, line, file) for k, v in value.items()}, line)
    if isinstance(value, list):
        return Node([_node(v, (*path, i), lines, _element_line(v, path, lines, line), file) for i, v in enumerate(value)], line)
    if isinstance(value, (str, int, float, bool)):
        return Node(value, line, str(value))
    return Node(str(value), line, str(value))


def _element_line(value: object, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], line: int) -> int:
    if isinstance(value, dict):
        value = next((v for v in value.values() if isinstance(v, str)), "")
    return lines.get((*path, f"\0{value}"), line) if isinstance(value, str) else line
