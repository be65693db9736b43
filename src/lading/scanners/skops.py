"""skops: a tree of objects in JSON, each made by its module and class, some by calling a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lading.core.inspection import Grade
from lading.pickles.known import canonical, effect_of, rules
from lading.scanners._json import brief, loads, too_large, walk
from lading.scanners._registry import Part, Seen, Span, scanner

_CALLS = frozenset({"MethodNode", "OperatorFuncNode", "ReduceNode", "PartialNode"})
_UNTYPED = frozenset({"JsonNode", "SliceNode"})
LOADER = "skops.io.load"


@scanner("skops", lambda part: part.context == "skops" and part.base == "schema.json")
def scan(part: Part) -> Iterator[Seen]:
    """Judge every node by what it makes."""
    limit = too_large(part)
    if limit:
        yield limit
        return
    try:
        schema = loads(part.window.view)
    except ValueError as e:
        yield part.sees("broken-file", f"its schema is no JSON: {e}", Grade.UNSCANNABLE)
        return
    yield Span(0, part.window.size)
    told: set[str] = set()
    for _, node in walk(schema, lambda _, __: False):
        if isinstance(node, dict) and "__class__" in node and "__module__" in node:
            for seen in _node(part, node):
                malicious = getattr(seen, "grade", None) is Grade.MALICIOUS
                if str(seen) not in told and (len(told) < 100 or malicious):  # noqa: PLR2004 - enough to see what it is
                    told.add(str(seen))
                    yield seen


def _node(part: Part, node: dict[str, Any]) -> Iterator[Seen]:
    module, name, loader = brief(node["__module__"]), brief(node["__class__"]), brief(node.get("__loader__", ""))
    content = node.get("content")
    if isinstance(place := node.get("file"), str) and (place.startswith(("/", "\\")) or ".." in place.replace("\\", "/").split("/")):
        yield part.sees(
            "index-escape", f"a node reads {place[:200]}, outside of the archive", Grade.MALICIOUS, effect="read-file", loader=LOADER
        )
    if loader == "MethodNode":
        called = content.get("func") if isinstance(content, dict) else "?"
        yield part.sees(
            "pickle-computed-call",
            f"it takes the method {brief(called)[:80]} of a {module}.{name}",
            callable=f"{module}.{name}",
            effect="execute",
            loader=LOADER,
        )
        return
    if loader == "FunctionNode" and isinstance(content, dict):
        module, name = brief(content.get("module_path", module)), brief(content.get("function", name))
    full = canonical(module, name)
    if loader in _UNTYPED or full in rules() or (module == "builtins" and name in {"str", "bytes", "NoneType"}):
        return
    if full in {
        "builtins.function",
        "builtins.builtin_function_or_method",
        "builtins.method",
        "numpy.ufunc",
        "types.MethodType",
        "builtins.type",
    }:
        return
    effect = effect_of(module, name)
    grade = Grade.MALICIOUS if effect else Grade.SUSPICIOUS
    rule = "pickle-dangerous-global" if effect else "pickle-unknown-global"
    yield part.sees(rule, f"loading makes {module}.{name}", grade, callable=f"{module}.{name}", effect=effect or "import", loader=LOADER)
