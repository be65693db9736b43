"""Which provider answers to a model id: `openai/gpt-4o`, `bedrock:…`, `claude-3-5-sonnet-latest`."""

import re
from functools import cache

from lading.catalog.tables import table
from lading.core.pattern import pattern

_PREFIXED = pattern(r"([A-Za-z][\w-]*)[/:](.+)\Z")

_ARN = pattern(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/(?P<model>[a-z0-9]+\.[\w.:-]*\w)\Z")


def hosted_model(identifier: str, *, routed: bool = False) -> tuple[str, str] | None:
    """Provider and model of a hosted model id.

    `routed`: the place is known to take `provider/model` ids, so any known prefix counts. Elsewhere a prefix that is also an
    owner on the Hugging Face Hub counts only before a model of that provider.
    """
    if arn := _ARN.match(identifier):
        return "aws-bedrock", arn["model"]
    if match := _PREFIXED.match(identifier):
        prefix = match[1].lower().replace("-", "_")
        provider = table("providers")["prefix"].get(prefix)
        sure = routed or prefix not in table("providers")["ambiguous"]
        if provider and (sure or _by_pattern(match[2])):
            return provider, match[2]
    return _by_pattern(identifier)


def _by_pattern(identifier: str) -> tuple[str, str] | None:
    return next(((provider, identifier) for provider, pattern in _patterns() if pattern.fullmatch(identifier)), None)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["provider"], re.compile(row["pattern"])) for row in table("providers")["model"])
