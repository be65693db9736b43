"""Pins in Python: `revision=` in the call that loads, put after its last argument or in the place of the one that is there."""

import ast
from collections import defaultdict
from functools import cache, lru_cache

from lading.catalog.loaders import shipped
from lading.core.component import Occurrence
from lading.lock.edit import Edit, Left, Text


def revision(text: Text, at: Occurrence, commit: str) -> tuple[Edit, ...]:
    """The edits that pin the calls which load what stands at a place; Left says why there are none."""
    callee = at.symbol.rpartition(".")[2]
    keyword = _keywords().get(callee)
    if keyword is None:
        raise Left(f"{at.symbol} takes no revision, or takes it elsewhere")
    module = _module(text.data)
    named = module.calls[callee]
    calls = [c for c in named if any(_is(a, at) for a in _arguments(c))]
    if len(calls) > 1:
        raise Left("two calls on this line load it")
    calls = calls or module.calls_with(named, module.constant(at))
    offsets = _offsets(text.data)
    return tuple(_pinned(text.data, call, keyword, offsets, commit) for call in calls)


class _Module:
    """The calls of a module by the name that is called, and its names that are given one value only."""

    def __init__(self, tree: ast.AST) -> None:
        self.calls: dict[str, list[ast.Call]] = defaultdict(list)
        self._given: dict[str, int] = defaultdict(int)
        self._constants: list[tuple[str, ast.Constant]] = []
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
                    self.calls[name].append(node)
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                    self._given[name] += 1
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as value):
                    self._constants.append((name, value))
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant() as value):
                    self._constants.append((name, value))
                case _:
                    pass

    def constant(self, at: Occurrence) -> str:
        """The name whose only value stands at a place; Left when there is none."""
        names = [name for name, value in self._constants if _is(value, at) and self._given[name] == 1]
        if len(names) != 1:
            raise Left("the name stands elsewhere than in the call that loads it")
        return names[0]

    def calls_with(self, calls: list[ast.Call], name: str) -> list[ast.Call]:
        """The calls that are handed a name; Left when there is none."""
        found = [c for c in calls if any(isinstance(a, ast.Name) and a.id == name for a in _arguments(c))]
        if not found:
            raise Left("it is loaded in another file than it is named in")
        return found


@lru_cache(8)
def _module(data: bytes) -> _Module:
    try:
        return _Module(ast.parse(data))
    except (SyntaxError, ValueError, RecursionError) as e:
        raise Left("the file is no Python that is read") from e


def _arguments(call: ast.Call) -> tuple[ast.expr, ...]:
    return (*call.args, *(k.value for k in call.keywords))


def _is(value: ast.expr, at: Occurrence) -> bool:
    return isinstance(value, ast.Constant) and value.value == at.written and value.lineno == at.line


def _pinned(data: bytes, call: ast.Call, keyword: str, offsets: list[int], commit: str) -> Edit:
    there = next((k for k in call.keywords if k.arg == keyword), None)
    return _replaced(there.value, offsets, commit) if there else _added(data, call, keyword, offsets, commit)


def _replaced(value: ast.expr, offsets: list[int], commit: str) -> Edit:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str | None):
        raise Left("its revision is computed")
    return Edit(*_span(value, offsets), f'"{commit}"'.encode())


def _added(data: bytes, call: ast.Call, keyword: str, offsets: list[int], commit: str) -> Edit:
    if any(isinstance(a, ast.GeneratorExp) for a in call.args):
        raise Left("its arguments are a generator")
    inside = _closing(data, max(_span(a, offsets)[1] for a in _arguments(call)), _span(call, offsets)[1])
    return Edit(inside, inside, f', {keyword}="{commit}"'.encode())


def _closing(data: bytes, end: int, close: int) -> int:
    """The end of the last argument, with the brackets that stand around it; the last bracket before `close` is that of the call."""
    while (at := _next(data, end)) < close - 1 and data[at : at + 1] == b")":
        end = at + 1
    return end


def _next(data: bytes, start: int) -> int:
    """The next byte that is neither blank nor in a comment."""
    while start < len(data) and data[start : start + 1] in {b" ", b"\t", b"\r", b"\n", b"#", b"\\"}:
        start = data.find(b"\n", start) if data[start : start + 1] == b"#" else start + 1
    return start


def _span(node: ast.expr, offsets: list[int]) -> tuple[int, int]:
    return offsets[node.lineno] + node.col_offset, offsets[node.end_lineno or node.lineno] + (node.end_col_offset or 0)


@lru_cache(8)
def _offsets(data: bytes) -> list[int]:
    """Where each line begins, counted from 1, after a mark of byte order."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    offsets = [0, start]
    for line in data[start:].splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    return offsets


def parses(data: bytes) -> bool:
    """Whether bytes are a Python module."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


@cache
def _keywords() -> dict[str, str]:
    """The keyword that holds the revision, by the last part of what is called."""
    rows = (row for table in shipped() for row in table.call if row.revision)
    return {name.rpartition(".")[2]: row.revision for row in rows for name in row.names}
