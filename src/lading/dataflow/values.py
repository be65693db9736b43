"""The values an expression can have: texts with the place where they are written, parameters, objects, collections."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lading.dataflow.module import Module, Scope

MOST = 64
"""Most alternatives that are followed for one expression."""


@dataclass(frozen=True, slots=True)
class Place:
    """A physical line of a file; in a notebook also the cell and the line in it."""

    path: str
    line: int
    cell: int = 0
    cell_line: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text, the place where it (or its telling part) is written, and whether it came there by following the program."""

    text: str
    place: Place
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant that is no text: True, None, a number."""

    value: object


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a caller passes: `function` is the qualified name in its module, `index` the position without self."""

    function: str
    name: str
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """What a call of something not evaluated returns: an instance of a class, a response."""

    call: ast.Call
    module: "Module"
    scope: "Scope"


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A dict, list, tuple or set display, looked into when it is asked."""

    node: ast.Dict | ast.List | ast.Tuple | ast.Set
    module: "Module"
    scope: "Scope"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be told without running the program."""


UNKNOWN = Unknown()

Value: TypeAlias = Text | Constant | Parameter | Object | Collection | Unknown
