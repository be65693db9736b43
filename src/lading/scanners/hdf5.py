"""HDF5: models of Keras 2, weights of Keras 3, tables of pandas; configurations, pickled attributes and references to other files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lading.binary.hdf5 import MAGIC, BrokenTreeError, Found, Tree
from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_PICKLE = pattern(rb"\x80[\x02-\x05]|[(cI\])}][^\x00]*\.\x00*\Z", re.DOTALL)
LOADER = "h5py, Keras, pandas.read_hdf, PyTables"


@scanner("HDF5", lambda part: part.head.startswith(MAGIC))
def scan(part: Part) -> Iterator[Seen]:
    """Follow everything from the root."""
    tree = Tree(part.window)
    try:
        for found in tree.walk():
            yield from _judged(part, found)
        yield Span(0, tree.end, inert=True)
    except BrokenTreeError as e:
        yield part.sees("broken-file", f"it cannot be followed: {e}", Grade.UNSCANNABLE)


def _judged(part: Part, found: Found) -> Iterator[Seen]:
    if found.kind == "external-link":
        yield part.sees("external-link", f"{found.path} is a link into the file {found.name}", effect="read-file", loader=LOADER)
    elif found.kind == "external-storage":
        yield part.sees("external-link", f"the numbers of {found.path} lie in another file", effect="read-file", loader=LOADER)
    elif found.kind == "virtual":
        yield part.sees(
            "external-link", f"{found.path} is put together of data sets that may lie in other files", effect="read-file", loader=LOADER
        )
    elif found.kind == "unread":
        yield part.sees("limit", f"the {found.name} of {found.path or '/'} lie in a heap that is not walked", Grade.UNSCANNABLE)
    elif found.content:
        content = found.content.rstrip(b"\0")
        if found.name in {"model_config", "training_config"} or (content.startswith(b"{") and b'"class_name"' in content):
            yield Nested(Window(content), f"{found.path}@{found.name}", "keras-config")
        elif _PICKLE.match(content) and len(content) > 4 and content.endswith(b"."):  # noqa: PLR2004 - shorter ones name nothing
            yield Nested(Window(content), f"{found.path}@{found.name}", "pickle-attribute")
