"""HDF5: models of Keras 2, weights of Keras 3, tables of pandas; configurations, pickled attributes and references to other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

if TYPE_CHECKING:
    from lading.binary.hdf5 import Found, Tree

_BYTES = 500
"""How many bytes of a text are looked at for one unit of work: many attributes may share one."""
_MAGIC = b"\x89HDF\r\n\x1a\n"
_PICKLE = pattern(rb"\x80[\x02-\x05]|[(cI\])}][^\x00]*\.\x00*\Z", re.DOTALL)
LOADER = "h5py, Keras, pandas.read_hdf, PyTables"


_BLOCKS = tuple(512 << n for n in range(8))
"""Where a file may begin that leaves its first bytes to others."""
_MATLAB = b"MATLAB 7.3 MAT-file"


_PLACE, _LINK = 12, 3
"""Units of work that an object or table of the tree costs, and a name that leads to one."""


def _begin(part: Part) -> int:
    """Where the file begins; -1 where none does."""
    if part.head.startswith(_MAGIC):
        return 0
    for place in _BLOCKS:
        if place >= part.window.size:
            break
        if part.window.read(place, 8) == _MAGIC:
            return place
    return -1


@scanner("HDF5", lambda part: _begin(part) >= 0)
def scan(part: Part) -> Iterator[Seen]:
    """Follow everything from the root."""
    from lading.binary.hdf5 import Tree  # noqa: PLC0415 - for this format alone
    from lading.binary.hdf5_heap import BrokenTreeError  # noqa: PLC0415 - as above

    begin = _begin(part)
    tree = Tree(part.window.part(begin, part.window.size))
    if part.window.is_zero(0, begin) or part.head.startswith(_MATLAB):
        yield Span(0, begin, inert=True)
    pickled = False
    try:
        for found in tree.walk():
            pickled = pickled or (found.name == "PSEUDOATOM" and found.content.rstrip(b"\0") == b"object")
            yield from _judged(part, found)
        yield Span(begin, begin + tree.end, inert=True)
        if pickled:
            yield from _objects(tree)
    except BrokenTreeError as e:
        yield part.sees("broken-file", f"it cannot be followed: {e}", Grade.UNSCANNABLE)
    finally:
        part.budget.owe(len(tree.seen) * _PLACE + tree.links * _LINK)


def _objects(tree: Tree) -> Iterator[Seen]:
    """Rows that PyTables unpickles, wherever they are kept."""
    for place, size in tree.texts():
        if tree.window.read(place, 1) == b"\x80" or tree.window.read(place + size - 1, 1) == b".":
            yield Nested(tree.window.part(place, size), f"row at {place}", "pickle-attribute")


def _judged(part: Part, found: Found) -> Iterator[Seen]:
    if found.kind == "external-link":
        yield part.sees("external-link", f"{found.path} is a link into the file {found.name}", effect="read-file", loader=LOADER)
    elif found.kind == "external-storage":
        yield part.sees("external-link", f"the numbers of {found.path} lie in another file", effect="read-file", loader=LOADER)
    elif found.kind == "virtual":
        yield part.sees(
            "external-link", f"{found.path} is put together of data sets that may lie in other files", effect="read-file", loader=LOADER
        )
    elif found.kind == "filter":
        message = f"the numbers of {found.path} go through filter {found.name}, which a library of its own must bring"
        yield part.sees("onnx-operator", message, effect="native-load", loader="HDF5 with plugins")
    elif found.kind == "unread":
        yield part.sees("limit", f"of {found.path or '/'} nobody looked at: {found.name}", Grade.UNSCANNABLE)
    elif found.content:
        part.budget.spend(len(found.content) // _BYTES)
        content = found.content.rstrip(b"\0")
        if found.name in {"model_config", "training_config"} or (content.startswith(b"{") and b'"class_name"' in content):
            yield Nested(Window(content), f"{found.path}@{found.name}", "keras-config")
        elif _PICKLE.match(content) and len(content) > 4 and content.endswith(b"."):  # noqa: PLR2004 - shorter ones name nothing
            yield Nested(Window(content), f"{found.path}@{found.name}", "pickle-attribute")
