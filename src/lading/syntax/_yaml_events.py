"""YAML streams as nodes, by libyaml's events: no tags are constructed, aliases are counted, depth is bounded."""

from typing import cast

import yaml

from lading.core.errors import ExtractError, LimitError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node, Scalar

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

_MERGE = "\0<<"
"""A merge key, which a quoted `"<<"` is not."""
_INTEGER = pattern(r"[-+]?(?:0|[1-9][0-9_]*)\Z")
_FLOAT = pattern(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?\Z")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "on", "On"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "off", "Off"), False),
}


def parsed(text: str, file: SourceFile, first_line: int) -> list[Node]:
    """Parse YAML text that begins on `first_line` of a file."""
    builder = _Builder(file, first_line)
    loader = Loader(text)
    try:
        while loader.check_event():
            builder.take(cast("yaml.Event", loader.get_event()))
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark
        line = mark.line + first_line if mark else first_line
        raise ExtractError(f"{file.path}:{line} is not YAML: {e.problem}") from e
    except (yaml.YAMLError, ValueError) as e:
        raise ExtractError(f"{file.path} is not YAML: {e}") from e
    finally:
        loader.dispose()
    return builder.documents


class _Builder:
    """Builds nodes from events with an explicit stack, so that depth is a number and not the interpreter's stack."""

    def __init__(self, file: SourceFile, first_line: int) -> None:
        self.file = file
        self.offset = first_line
        self.documents: list[Node] = []
        self.stack: list[tuple[Node, list[Node]]] = []
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[int, int] = {}
        self.count = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self.place(self.anchored(event.anchor, self.scalar(event)), 1)
            case yaml.AliasEvent():
                target = self.anchors.get(event.anchor or "", Node(None, self.line(event)))
                if any(node.value is target.value for node, _ in self.stack):
                    raise LimitError(f"{self.file.path}:{self.line(event)} holds an alias of a value that it is itself a part of")
                alias = Node(target.value, self.line(event), target.text)
                self.place(alias, self.sizes.get(id(target.value), 1))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self.stack) >= self.file.limits.depth:
                    raise LimitError(f"{self.file.path} nests deeper than {self.file.limits.depth} levels")
                line = self.line(event)
                node = Node({} if isinstance(event, yaml.MappingStartEvent) else [], line)
                self.stack.append((self.anchored(event.anchor, node), []))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.close()
            case _:
                pass

    def line(self, event: yaml.Event) -> int:
        return event.start_mark.line + self.offset if event.start_mark else self.offset

    def anchored(self, anchor: str | None, node: Node) -> Node:
        if anchor:
            self.anchors[anchor] = node
        return node

    def scalar(self, event: yaml.ScalarEvent) -> Node:
        line = self.line(event)
        if event.style in {"|", ">"}:
            line += 1
        if event.value == "<<" and event.implicit[0]:
            return Node(_MERGE, line, _MERGE)
        return Node(_plain(event.value) if event.implicit[0] else event.value, line, event.value)

    def place(self, node: Node, size: int) -> None:
        self.count += size
        if self.count > self.file.limits.nodes:
            raise LimitError(f"{self.file.path} has more than {self.file.limits.nodes} values once its aliases are followed")
        if self.stack:
            self.stack[-1][1].append(node)
        else:
            self.documents.append(node)

    def close(self) -> None:
        node, children = self.stack.pop()
        size = 1 + sum(self.sizes.get(id(c.value), 1) for c in children)
        self.sizes[id(node.value)] = size
        if isinstance(node.value, list):
            node.value.extend(children)
        elif isinstance(node.value, dict):
            fill(node.value, children)
        if self.stack:
            self.stack[-1][1].append(node)
        else:
            self.documents.append(node)


def fill(mapping: dict[str, Node], children: list[Node]) -> None:
    """Put alternating keys and values into a mapping; `<<` merges, an earlier key wins over a merged one."""
    merged: list[Node] = []
    for key, value in zip(children[::2], children[1::2], strict=False):
        name = key.text or str(key.value)
        if name == _MERGE:
            merged.extend(value.value if isinstance(value.value, list) else [value])
            continue
        value.key_line = key.line
        mapping[name] = value
    for source in merged:
        if isinstance(source.value, dict):
            for name, value in source.value.items():
                mapping.setdefault(name, value)


def _plain(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text) and len(text) < 20:  # noqa: PLR2004 - longer digit strings are identifiers
        return int(text.replace("_", ""))
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return text
