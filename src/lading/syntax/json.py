"""JSON as nodes, by a tokenizer of our own: the standard parser tells no lines."""

import json
import re
from collections.abc import Iterator

from lading.core.errors import ExtractError, LimitError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node, Scalar

_TOKEN = pattern(
    r'(?P<space>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<mark>[{}\[\],:])'
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(?P<word>true|false|null|NaN|-?Infinity)",
    re.DOTALL,
)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_LONGEST_INTEGER = 19
"""Beyond these digits a float says enough; conversion of long integers is quadratic."""


def json_document(file: SourceFile) -> Node:
    """The JSON document of a file (comments and trailing commas forgiven); ExtractError with the line when it is none."""
    return file.once(_document)


def _document(file: SourceFile) -> Node:
    return parse_json(file.text, file)


def parse_json(text: str, file: SourceFile) -> Node:
    """Parse JSON text; the physical line of every value is kept."""
    builder = _Builder(file)
    for kind, token, line in _tokens(text, file):
        builder.take(kind, token, line)
    return builder.finished()


def _tokens(text: str, file: SourceFile) -> Iterator[tuple[str, str, int]]:
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExtractError(f"{file.path}:{line} is not JSON: unexpected {text[position]!r}")
        position = match.end()
        kind, lexeme = str(match.lastgroup), match[0]
        if kind == "space":
            line += lexeme.count("\n")
        elif lexeme not in {",", ":"}:
            yield kind, lexeme, line


class _Builder:
    """Builds nodes from tokens with an explicit stack, so that depth is a number and not the interpreter's stack."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.key: tuple[str, int] | None = None
        self.count = 0
        self.line = 1

    def take(self, kind: str, lexeme: str, line: int) -> None:
        self.line = line
        if lexeme in {"}", "]"}:
            self._close(lexeme)
        elif self.stack and isinstance(self.stack[-1].value, dict) and self.key is None:
            if kind != "string":
                raise self._wrong("an object's key is not a string")
            self.key = (self._string(lexeme), line)
        else:
            self._place(self._node(kind, lexeme))

    def finished(self) -> Node:
        if self.stack or self.root is None:
            raise self._wrong("it ends too early")
        return self.root

    def _close(self, mark: str) -> None:
        if not self.stack or isinstance(self.stack[-1].value, dict) != (mark == "}") or self.key is not None:
            raise self._wrong(f"{mark!r} closes nothing")
        self.stack.pop()

    def _place(self, node: Node) -> None:
        self.count += 1
        if self.count > self.file.limits.nodes:
            raise LimitError(f"{self.file.path} has more than {self.file.limits.nodes} values")
        parent = self.stack[-1].value if self.stack else None
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict) and self.key is not None:
            name, node.key_line = self.key
            parent[name] = node
            self.key = None
        elif self.root is None:
            self.root = node
        else:
            raise self._wrong("more after the end of the document")
        if isinstance(node.value, (dict, list)):
            if len(self.stack) >= self.file.limits.depth:
                raise LimitError(f"{self.file.path} nests deeper than {self.file.limits.depth} levels")
            self.stack.append(node)

    def _node(self, kind: str, lexeme: str) -> Node:
        match kind:
            case "string":
                text = self._string(lexeme)
                return Node(text, self.line, text)
            case "number":
                integer = len(lexeme) <= _LONGEST_INTEGER and lexeme.lstrip("-").isdigit()
                return Node(int(lexeme) if integer else float(lexeme), self.line, lexeme)
            case "word":
                return Node(_WORDS.get(lexeme), self.line, lexeme)
            case _:
                return Node({} if lexeme == "{" else [], self.line)

    def _string(self, lexeme: str) -> str:
        if "\\" not in lexeme:
            return lexeme[1:-1]
        try:
            return str(json.loads(lexeme, strict=False))
        except ValueError as e:
            raise self._wrong(str(e)) from e

    def _wrong(self, fact: str) -> ExtractError:
        return ExtractError(f"{self.file.path}:{self.line} is not JSON: {fact}")
