"""Which provider answers to a model id: `openai/gpt-4o`, `bedrock:…`, `claude-3-5-sonnet-latest`."""

import re
from functools import cache

from lading.catalog.tables import table

_PREFIXED = re.compile(r"([A-Za-z][\w-]*)[/:](.+)\Z")


def hosted_model(identifier: str, *, routed: bool = False) -> tuple[str, str] | None:
    """Provider and model of a hosted model id; `routed`: the place is known to take `provider/model` ids, so any known prefix counts."""
    if routed and (match := _PREFIXED.match(identifier)):
        provider = table("providers")["prefix"].get(match[1].lower().replace("-", "_"))
        if provider:
            return provider, match[2]
    return next(((provider, identifier) for provider, pattern in _patterns() if pattern.fullmatch(identifier)), None)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["provider"], re.compile(row["pattern"])) for row in table("providers")["model"])
