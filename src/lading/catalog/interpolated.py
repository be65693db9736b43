"""Interpolations of configuration (`${base.model}`, `${oc.env:NAME,default}`, Jinja defaults) filled in from the same document."""

from msgspec import Struct

from lading.core.kinds import Confidence
from lading.core.pattern import pattern
from lading.syntax.node import Node

MOST_ROUNDS = 5
LONGEST = 1_000
_REFERENCE = pattern(r"\$\{(?P<path>[A-Za-z_][\w.]*)\}")
_DEFAULTED = pattern(r"\$\{(?:oc\.env:|env:)?(?P<name>[A-Za-z_]\w*)\s*(?::-|:|,|-)\s*(?P<default>[^}]*)\}\Z")
_JINJA_DEFAULT = pattern(r"""\{\{-?\s*[\w.]+\s*\|\s*default\(?\s*["'](?P<default>[^"']+)["']\)?\s*-?\}\}\Z""")


class Filled(Struct, frozen=True):
    """A text with what is known filled in, how it is known, and the line of the literal it comes from."""

    text: str
    line: int
    confidence: Confidence = Confidence.DECLARED


def filled(root: Node, node: Node) -> Filled:
    """The text of a node with references to other values of the document, or its default, filled in."""
    text = (node.text or str(node.value)).strip()
    if match := _DEFAULTED.match(text) or _JINJA_DEFAULT.match(text):
        return Filled(match["default"].strip("\"' "), node.line, Confidence.INFERRED)
    source = node
    for _ in range(MOST_ROUNDS):
        if (whole := _REFERENCE.fullmatch(text)) and (found := _referred(root, whole["path"])):
            source = found
        before, text = text, _REFERENCE.sub(lambda m: _text(_referred(root, m["path"])) or m[0], text)
        if text == before or len(text) > LONGEST:
            break
    return Filled(text, source.line, Confidence.DECLARED if source is node and text == node.text.strip() else Confidence.INFERRED)


def _referred(root: Node, dotted: str) -> Node | None:
    """The value at a path of the document, or of one of its sections: what is interpolated is often a section alone."""
    path = dotted.split(".")
    sections = (value for _, value in root.items() if isinstance(value.value, dict))
    return root.get(*path) or next((found for section in sections if (found := section.get(*path))), None)


def _text(node: Node | None) -> str:
    return node.text or str(node.value) if node and isinstance(node.value, (str, int, float)) else ""
