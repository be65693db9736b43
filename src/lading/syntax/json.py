"""JSON as nodes, by a tokenizer of our own: the standard parser tells no lines."""

import json
import re

from lading.core.errors import ExtractError, LimitError
from lading.core.source import SourceFile
from lading.syntax.node import Node, Scalar

_TOKEN = re.compile(
    r'(?P<space>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<mark>[{}\[\],:])'
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(?P<word>true|false|null|NaN|-?Infinity)",
    re.DOTALL,
)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


def json_document(file: SourceFile) -> Node:
    """The JSON document of a file (comments and trailing commas forgiven); ExtractError with the line when it is none."""
    return file.once(_document)


def _document(file: SourceFile) -> Node:
    return parse_json(file.text, file)


def parse_json(text: str, file: SourceFile) -> Node:
    """Parse JSON text; the physical line of every value is kept."""
    stack: list[Node] = []
    root: Node | None = None
    pending: tuple[str, int] | None = None
    position, line, count = 0, 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExtractError(f"{file.path}:{line} is not JSON: unexpected {text[position]!r}")
        token, kind = match[0], match.lastgroup
        position = match.end()
        if kind == "space":
            line += token.count("\n")
            continue
        if kind == "mark" and token in ",:":
            continue
        if kind == "mark" and token in "}]":
            if not stack or isinstance(stack[-1].value, dict) != (token == "}"):
                raise ExtractError(f"{file.path}:{line} is not JSON: {token!r} closes nothing")
            stack.pop()
            pending = None
            continue
        in_object = bool(stack) and isinstance(stack[-1].value, dict)
        if in_object and pending is None:
            if kind != "string":
                raise ExtractError(f"{file.path}:{line} is not JSON: an object's key is not a string")
            pending = (_string(token, file, line), line)
            continue
        if root is not None and not stack:
            raise ExtractError(f"{file.path}:{line} is not JSON: more after the end of the document")
        count += 1
        if count > file.limits.nodes:
            raise LimitError(f"{file.path} has more than {file.limits.nodes} values")
        node = _value(token, kind, file, line)
        if pending:
            node.key_line = pending[1]
        if not stack:
            root = node
        elif isinstance(stack[-1].value, dict):
            assert pending is not None
            stack[-1].value[pending[0]] = node
            pending = None
        elif isinstance(stack[-1].value, list):
            stack[-1].value.append(node)
        if kind == "mark":
            if len(stack) >= file.limits.depth:
                raise LimitError(f"{file.path} nests deeper than {file.limits.depth} levels")
            stack.append(node)
    if stack or root is None:
        raise ExtractError(f"{file.path}:{line} is not JSON: it ends too early")
    return root


def _value(token: str, kind: str | None, file: SourceFile, line: int) -> Node:
    match kind:
        case "string":
            text = _string(token, file, line)
            return Node(text, line, text)
        case "number":
            short = len(token) < 20 and token.lstrip("-").isdigit()  # noqa: PLR2004 - beyond that a float says enough
            return Node(int(token) if short else float(token), line, token)
        case "word":
            return Node(_WORDS.get(token), line, token)
        case _:
            return Node({} if token == "{" else [], line)


def _string(token: str, file: SourceFile, line: int) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError as e:
        raise ExtractError(f"{file.path}:{line} is not JSON: {e}") from e
