"""TOML: targets that are imported and called, templates, and what builds a package."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.scanners._json import walk
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.scanners._secrets import MESSAGE, secret
from lading.scanners._values import telling, values

_LONGEST = 1 << 20


@scanner("TOML", lambda part: part.suffix == ".toml" and b"\x00" not in part.head)
def scan(part: Part) -> Iterator[Seen]:
    """Judge every value by the loaders that read it."""
    import tomllib  # noqa: PLC0415 - when there is a document of it

    if part.window.size > _LONGEST:
        yield part.sees("limit", "a document longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    data = part.window.read(0, part.window.size)
    part.budget.spend(len(data) // 2)
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as e:
        yield part.sees("broken-file", f"it is no TOML: {str(e)[:120]}", Grade.UNSCANNABLE)
        return
    yield Span(0, part.window.size)
    build = document.get("build-system")
    if isinstance(build, dict) and build.get("backend-path"):
        yield part.sees(
            "remote-code", f"building it imports {str(build.get('build-backend'))[:80]} from here", effect="execute", loader="pip"
        )
    if (place := secret(data)) >= 0:
        yield part.sees("secret", MESSAGE, offset=place, effect="integrity")
    yield from values(part, walk(document, telling))
