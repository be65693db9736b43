"""HTML built from plain text: whatever is not markup already is escaped, so no scanned name can become an element."""

from collections.abc import Iterable
from html import escape

from lading.render.style import clean

_EMPTY = frozenset({"meta", "input", "br", "path", "rect", "circle"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | int | bool | None) -> Html:
    """An element; children that are not `Html` are text. `class_` is class, `data_x` is data-x; None and False leave an attribute out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False)
    if name in _EMPTY and not children:
        return Html(f"<{name}{written}>" if name in {"meta", "input", "br"} else f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Children side by side, texts escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(clean(child)) for child in children))


def _attribute(key: str, value: str | int | bool) -> str:  # noqa: FBT001 - an attribute without a value is True
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(clean(str(value)))}"'
