"""YAML: tags that make objects, targets that are imported and called, templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import encoded
from lading.scanners._reached import leads_out
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.scanners._secrets import MESSAGE, secret
from lading.scanners._values import values

_HYPER = pattern(r"!(?:new|name|apply|module|class):([\w.]+)")
"""How HyperPyYAML names what is imported and called."""
_RUNS = pattern(r"!(?:eval|exec|execute|python|py|pycode|call|func|function|lambda|import|shell|cmd|command|run|apply|system)(?:[:/].*)?")
"""Tags of loaders of somebody's own, by what their names say."""
_LAMBDAS = frozenset({"Lambda", "TFOpLambda", "SlicingOpLambda"})
_MOST_EVENTS = 400_000
_MOST_ANCHORS = 1000
_LONGEST_PATH = 1000


_START = 50
"""Units of work that the shortest document costs."""


def _is_yaml(part: Part) -> bool:
    return part.suffix in {".yaml", ".yml", ".dvc"} or part.base in {"mlmodel", "mlproject", "conda.lock", "dvc.lock"}


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
    if any(v in _LAMBDAS and k.rpartition(".")[2] == "class_name" for k, v in pairs):
        yield part.sees(
            "keras-code", "a layer of it is a Lambda, which holds code", effect="execute", loader="keras.models.model_from_yaml"
        )
    yield from values(part, pairs)


def _events(part: Part, loader: Any, pairs: list[tuple[str, Any]]) -> Iterator[Seen]:  # noqa: ANN401 - either loader
    """Yield objections to tags, and collect every scalar under its key."""
    import yaml  # noqa: PLC0415 - as above

    stack: list[_Open] = []
    aliases = count = 0
    anchors: dict[str, str] = {}
    while loader.check_event():
        event = loader.get_event()
        count += 1
        if count > _MOST_EVENTS or len(stack) > part.limits.depth:
            yield part.sees("limit", "more values, or deeper ones, than are read", Grade.UNSCANNABLE, effect="exhaustion")
            return
        if isinstance(tag := getattr(event, "tag", None), str):
            yield from _tag(part, tag, getattr(event, "value", ""))
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            _scalar(stack, anchors.get(str(event.anchor)), pairs)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            path = _take(stack, None) or ""
            stack.append(_Open(path, isinstance(event, yaml.SequenceStartEvent)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)) and stack:
            stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor and len(anchors) < _MOST_ANCHORS:
                anchors[event.anchor] = event.value
            _scalar(stack, event.value, pairs)
    if aliases > 10_000:  # noqa: PLR2004 - more than any configuration has
        yield part.sees("archive-bomb", f"{aliases} values refer to others", effect="exhaustion")


def _tag(part: Part, tag: str, value: str) -> Iterator[Seen]:
    """What a tag makes of the value that it stands before."""
    if re.search(r"python/|ruby/|!java|javax?\.|!!perl", tag):
        yield part.sees("yaml-tag", f"the tag {tag[:120]} makes an object", Grade.MALICIOUS, callable=tag[:120], effect="execute")
    made = _HYPER.fullmatch(tag)
    if made:
        yield from values(part, [("_target_", made.group(1))])
    elif _RUNS.fullmatch(tag) or (tag.startswith("!include") and leads_out(value)):
        yield part.sees(
            "yaml-tag", f"a loader that knows the tag {tag[:120]} runs or reads {value[:80]}", callable=tag[:120], effect="execute"
        )


class _Open(Struct):
    """A table or a list that is open: its path, and the key that waits for its value; a list waits for none."""

    path: str
    is_list: bool
    key: str | None = None


def _scalar(stack: list[_Open], value: str | None, pairs: list[tuple[str, Any]]) -> None:
    """Collect a value under its key, or take it as the key; what an alias stands for may be no text."""
    path = _take(stack, value)
    if path is not None and value is not None:
        pairs.append((path, True if value in {"true", "True", "yes"} else value))


def _take(stack: list[_Open], value: str | None) -> str | None:
    """The path of keys that a value stands under, or None where it is itself a key."""
    if not stack:
        return ""
    top = stack[-1]
    if top.is_list:
        return top.path
    if top.key is None:
        top.key = value or "?"
        return None
    path = f"{top.path}.{top.key}" if top.path else top.key
    top.key = None
    return path[-_LONGEST_PATH:]
