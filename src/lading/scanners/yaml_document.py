"""YAML: tags that make objects, targets that are imported and called, templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import encoded
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.scanners._secrets import MESSAGE, secret
from lading.scanners._values import values

_HYPER = pattern(r"!(?:new|name|apply|module|class):([\w.]+)")
"""How HyperPyYAML names what is imported and called."""
_MOST_EVENTS = 400_000
_MOST_ANCHORS = 1000


_START = 50
"""Units of work that the shortest document costs."""


def _is_yaml(part: Part) -> bool:
    return part.suffix in {".yaml", ".yml"} or part.base in {"mlmodel", "conda.lock"}


@scanner("YAML", _is_yaml)
def scan(part: Part) -> Iterator[Seen]:
    """Judge tags and values event by event; nothing is constructed, no alias is followed."""
    if part.window.size > part.limits.text_bytes:
        yield part.sees("limit", "a document longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    data = part.window.read(0, part.window.size)
    part.budget.spend(_START + min(data.count(b"\n") + data.count(b","), _MOST_EVENTS) * 5 + len(data) // 50)
    yield Span(0, part.window.size)
    yield from encoded(part.window)
    if (place := secret(data)) >= 0:
        yield part.sees("secret", MESSAGE, offset=place, effect="integrity")
    text = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", "replace")
    pairs: list[tuple[str, Any]] = []
    import yaml  # noqa: PLC0415 - when there is a document of it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        yield from _events(part, loader, pairs)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        yield part.sees("broken-file", f"it is no YAML: {str(getattr(e, 'problem', e))[:120]}", Grade.UNSCANNABLE)
    finally:
        loader.dispose()
    yield from values(part, pairs)


def _events(part: Part, loader: Any, pairs: list[tuple[str, Any]]) -> Iterator[Seen]:  # noqa: ANN401 - either loader
    """Yield objections to tags, and collect every scalar under its key."""
    import yaml  # noqa: PLC0415 - as above

    stack: list[list[str | None]] = []
    aliases = count = 0
    anchors: dict[str, str] = {}
    while loader.check_event():
        event = loader.get_event()
        count += 1
        if count > _MOST_EVENTS or len(stack) > part.limits.depth:
            yield part.sees("limit", "more values, or deeper ones, than are read", Grade.UNSCANNABLE, effect="exhaustion")
            return
        if isinstance(tag := getattr(event, "tag", None), str):
            yield from _tag(part, tag)
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            _scalar(stack, anchors.get(str(event.anchor)), pairs)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            _take(stack, None)
            stack.append([None] if isinstance(event, yaml.MappingStartEvent) else ["["])
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)) and stack:
            stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor and len(anchors) < _MOST_ANCHORS:
                anchors[event.anchor] = event.value
            _scalar(stack, event.value, pairs)
    if aliases > 10_000:  # noqa: PLR2004 - more than any configuration has
        yield part.sees("archive-bomb", f"{aliases} values refer to others", effect="exhaustion")


def _tag(part: Part, tag: str) -> Iterator[Seen]:
    """What a tag makes of the value that it stands before."""
    if re.search(r"python/|ruby/|!java|javax?\.|!!perl", tag):
        yield part.sees("yaml-tag", f"the tag {tag[:120]} makes an object", Grade.MALICIOUS, callable=tag[:120], effect="execute")
    made = _HYPER.fullmatch(tag)
    if made:
        yield from values(part, [("_target_", made.group(1))])


def _scalar(stack: list[list[str | None]], value: str | None, pairs: list[tuple[str, Any]]) -> None:
    """Collect a value under its key, or take it as the key; what an alias stands for may be no text."""
    key = _take(stack, value)
    if key is not None and value is not None:
        pairs.append((key, True if value in {"true", "True", "yes"} else value))


def _take(stack: list[list[str | None]], value: str | None) -> str | None:
    """The path of keys that a value stands under, or None where it is itself a key."""
    if not stack:
        return ""
    top = stack[-1]
    if top[0] == "[":
        return _path(stack)
    if top[0] is None:
        top[0] = value or "?"
        if value == "auto_map":
            return None
        return None
    path = _path(stack)
    top[0] = None
    return path


def _path(stack: list[list[str | None]]) -> str:
    return ".".join(str(s[0]) for s in stack[-6:] if s[0] not in {None, "["})
