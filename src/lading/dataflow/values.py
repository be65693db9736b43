"""The values an expression can have: texts with the place where they are written, parameters, objects, collections."""

import ast
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from lading.dataflow.module import Module, Scope

MOST = 64
"""Most alternatives that are followed for one expression."""


class Place(Struct, frozen=True):
    """A physical line of a file; in a notebook also the cell and the line in it."""

    path: str
    line: int
    cell: int = 0
    cell_line: int = 0


class Text(Struct, frozen=True):
    """A text, the place where it (or its telling part) is written, and whether it came there by following the program."""

    text: str
    place: Place
    followed: bool = False


class Constant(Struct, frozen=True):
    """A constant that is no text: True, None, a number."""

    value: object


class Parameter(Struct, frozen=True):
    """What a caller passes: `function` is the qualified name in its module, `index` the position without self."""

    function: str
    name: str
    index: int


class Object(Struct, frozen=True, eq=False):
    """What a call of something not evaluated returns: an instance of a class, a response."""

    call: ast.Call
    module: "Module"
    scope: "Scope"


class Collection(Struct, frozen=True, eq=False):
    """A dict, list, tuple or set display, looked into when it is asked."""

    node: ast.Dict | ast.List | ast.Tuple | ast.Set
    module: "Module"
    scope: "Scope"


class Unknown(Struct, frozen=True):
    """What cannot be told without running the program."""


UNKNOWN = Unknown()

Value: TypeAlias = Text | Constant | Parameter | Object | Collection | Unknown
