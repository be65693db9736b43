"""A parsed document in which every value knows its line: one shape for YAML, JSON, TOML and HCL."""

from collections.abc import Iterator
from typing import TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"


class Node:
    """A value and the physical line (from 1) on which it begins.

    `value` is a scalar, a list of nodes, or a dict from key to node; `key_line` is the line of the key it stands under.
    Scalars keep their source spelling in `text` (`1.10` stays `1.10`).
    """

    __slots__ = ("key_line", "line", "text", "value")

    def __init__(self, value: "Scalar | list[Node] | dict[str, Node]", line: int, text: str = "", key_line: int = 0) -> None:
        self.value = value
        self.line = line
        self.text = text
        self.key_line = key_line or line

    def __repr__(self) -> str:
        return f"Node({self.value!r}, line={self.line})"

    def get(self, *path: "str | int") -> "Node | None":
        """The node down a path of keys and indexes; None when there is none."""
        if len(path) == 1 and isinstance(self.value, dict):
            return self.value.get(path[0])  # type: ignore[arg-type]
        node: Node | None = self
        for step in path:
            value = node.value if node else None
            if isinstance(step, str):
                node = value.get(step) if isinstance(value, dict) else None
            else:
                node = value[step] if isinstance(value, list) and step < len(value) else None
        return node

    def string(self, *path: "str | int") -> str:
        """The scalar down a path as written; empty when there is none or it is null."""
        node = self.get(*path)
        if node is None or node.value is None or isinstance(node.value, (list, dict)):
            return ""
        return node.text or str(node.value)

    def items(self, *path: "str | int") -> "list[tuple[str, Node]]":
        """Key and value pairs of the mapping down a path; empty when it is no mapping."""
        node = self.get(*path)
        return list(node.value.items()) if node and isinstance(node.value, dict) else []

    def elements(self, *path: "str | int") -> "list[Node]":
        """The elements of the list down a path; empty when it is no list."""
        node = self.get(*path)
        return list(node.value) if node and isinstance(node.value, list) else []

    def plain(self) -> object:
        """The value without lines, as `json.loads` would give it."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value


def walk(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node below and including this one, parents first, with its path of keys and indexes."""
    stack = [(path, node)]
    while stack:
        where, current = stack.pop()
        yield where, current
        if isinstance(current.value, dict):
            stack.extend(((*where, k), v) for k, v in reversed(current.value.items()))
        elif isinstance(current.value, list):
            stack.extend(((*where, i), v) for i, v in reversed(list(enumerate(current.value))))
