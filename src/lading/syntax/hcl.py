"""HCL (Terraform) as nodes: blocks, attributes, lists, objects, heredocs; expressions stay text. Bounded, nothing is evaluated."""

import re

from lading.core.errors import ExtractError, LimitError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node

_TOKEN = pattern(
    r"(?P<space>[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<newline>\n)|(?P<heredoc><<[-~]?(?P<end>\w+)[ \t]*\n)"
    r"|(?P<string>\"(?:[^\"\\$%]|\\.|\$(?!\{)|%(?!\{)|[$%]\{(?:[^{}]|\{[^{}]*\})*\})*\")|(?P<name>[A-Za-z_][\w.-]*)|(?P<mark>[{}\[\]=:,()])|(?P<other>[^\s])",
    re.DOTALL,
)


_TRANSPARENT = frozenset({"jsonencode", "yamlencode", "merge", "concat", "tolist", "toset", "tomap", "flatten"})
"""Functions of which the arguments say all there is to say."""


class Block:
    """A block: its type, labels, body and line; bodies hold attributes as nodes and inner blocks."""

    __slots__ = ("attributes", "blocks", "labels", "line", "type")

    def __init__(self, type_: str, labels: tuple[str, ...], line: int) -> None:
        self.type = type_
        self.labels = labels
        self.line = line
        self.attributes: dict[str, Node] = {}
        self.blocks: list[Block] = []

    def all(self, type_: str) -> "list[Block]":
        """The inner blocks of a type."""
        return [b for b in self.blocks if b.type == type_]

    def string(self, name: str) -> str:
        """An attribute that is a plain string; empty otherwise."""
        node = self.attributes.get(name)
        return node.text if node and isinstance(node.value, str) and "\0" not in node.text else ""


def hcl_body(file: SourceFile) -> Block:
    """The top-level body of an HCL file; ExtractError with the line when its brackets do not match."""
    return file.once(_body)


def _body(file: SourceFile) -> Block:
    return _Parser(file).parse()


class _Parser:
    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.tokens = list(self._tokens(file.text))
        self.position = 0

    def _tokens(self, text: str) -> "list[tuple[str, str, int]]":
        found, position, line = [], 0, 1
        while match := _TOKEN.match(text, position):
            kind, lexeme = str(match.lastgroup), match[0]
            if kind == "end":
                kind = "heredoc"
            if match["heredoc"]:
                close = re.compile(rf"^[ \t]*{re.escape(match['end'])}[ \t]*$", re.MULTILINE).search(text, match.end())
                stop = close.start() if close else len(text)
                found.append(("string", text[match.end() : stop], line + 1))
                position = close.end() if close else len(text)
                line += text.count("\n", match.start(), position)
                continue
            if kind != "space":
                found.append((kind, lexeme, line))
            line += lexeme.count("\n")
            position = match.end()
            if len(found) > self.file.limits.nodes:
                raise LimitError(f"{self.file.path} has more than {self.file.limits.nodes} tokens")
        return found

    def parse(self) -> Block:
        root = Block("", (), 1)
        stack = [root]
        while self.position < len(self.tokens):
            kind, lexeme, line = self.tokens[self.position]
            self.position += 1
            if lexeme == "}":
                if len(stack) == 1:
                    raise ExtractError(f"{self.file.path}:{line} is not HCL: '}}' closes nothing")
                stack.pop()
            elif kind in {"name", "string"}:
                self._item(lexeme.strip('"'), line, stack)
            if len(stack) > self.file.limits.depth:
                raise LimitError(f"{self.file.path} nests deeper than {self.file.limits.depth} levels")
        if len(stack) > 1:
            raise ExtractError(f"{self.file.path}:{stack[-1].line} is not HCL: block {stack[-1].type!r} is not closed")
        return root

    def _item(self, name: str, line: int, stack: list[Block]) -> None:
        """An attribute `name = value`, or a block `name "label" {`."""
        labels: list[str] = []
        while self.position < len(self.tokens):
            kind, lexeme, _ = self.tokens[self.position]
            self.position += 1
            if lexeme in {"=", ":"}:
                stack[-1].attributes.setdefault(name, self._value(0))
                return
            if lexeme == "{":
                block = Block(name, tuple(labels), line)
                stack[-1].blocks.append(block)
                stack.append(block)
                return
            if kind not in {"string", "name"}:
                return
            labels.append(lexeme.strip('"'))

    def _value(self, depth: int) -> Node:
        """A list, an object, a plain string, or any other expression as text that begins with NUL."""
        if depth > self.file.limits.depth // 4:
            raise LimitError(f"{self.file.path} nests deeper than {self.file.limits.depth // 4} values")
        while self.position < len(self.tokens) and self.tokens[self.position][0] == "newline":
            self.position += 1
        if self.position >= len(self.tokens):
            return Node(None, 1)
        kind, lexeme, line = self.tokens[self.position]
        if lexeme == "[":
            return self._list(line, depth)
        if lexeme == "{":
            return self._object(line, depth)
        following = self.tokens[self.position + 1][1] if self.position + 1 < len(self.tokens) else "\n"
        if lexeme in _TRANSPARENT and following == "(":
            return self._arguments(line, depth)
        if kind == "string" and following in {"\n", "}", ",", "]", ")"}:
            self.position += 1
            text = lexeme[1:-1] if lexeme.startswith('"') else lexeme
            return Node(text, line, text)
        return self._expression(line)

    def _arguments(self, line: int, depth: int) -> Node:
        """The arguments of a function that changes nothing in them: one as it is, several as a list."""
        node = Node([], line)
        assert isinstance(node.value, list)
        self.position += 2
        while self.position < len(self.tokens):
            _, lexeme, _ = self.tokens[self.position]
            if lexeme == ")":
                self.position += 1
                break
            if lexeme in {",", "\n", "."}:
                self.position += 1
                continue
            before = self.position
            node.value.append(self._value(depth + 1))
            self.position += self.position == before
        return node.value[0] if len(node.value) == 1 else node

    def _expression(self, line: int) -> Node:
        parts, open_marks = [], 0
        while self.position < len(self.tokens):
            kind, lexeme, _ = self.tokens[self.position]
            if open_marks == 0 and (kind == "newline" or lexeme in {",", "]", "}", ")"}):
                break
            open_marks += (lexeme in {"(", "[", "{"}) - (lexeme in {")", "]", "}"})
            parts.append(lexeme)
            self.position += 1
        text = " ".join(p for p in parts if p != "\n")
        if len(parts) == 1 and text in {"true", "false", "null"}:
            return Node({"true": True, "false": False}.get(text), line, text)
        return Node("\0" + text, line, "\0" + text)

    def _list(self, line: int, depth: int) -> Node:
        node = Node([], line)
        assert isinstance(node.value, list)
        self.position += 1
        while self.position < len(self.tokens):
            _, lexeme, _ = self.tokens[self.position]
            if lexeme == "]":
                self.position += 1
                return node
            if lexeme in {",", "\n"}:
                self.position += 1
                continue
            before = self.position
            node.value.append(self._value(depth + 1))
            self.position += self.position == before
        return node

    def _object(self, line: int, depth: int) -> Node:
        node = Node({}, line)
        assert isinstance(node.value, dict)
        self.position += 1
        name = ""
        while self.position < len(self.tokens):
            kind, lexeme, key_line = self.tokens[self.position]
            self.position += 1
            if lexeme == "}":
                return node
            if lexeme in {"=", ":"}:
                value = self._value(depth + 1)
                value.key_line = key_line
                node.value[name] = value
            elif kind in {"name", "string"}:
                name = lexeme.strip('"')
        return node


def as_node(block: Block) -> Node:
    """A block's attributes and inner blocks as one mapping, for readers of configuration."""
    value: dict[str, Node] = {k: v for k, v in block.attributes.items() if not v.text.startswith("\0")}
    for inner in block.blocks:
        if inner.type not in value:
            value[inner.type] = as_node(inner)
    return Node(value, block.line)
