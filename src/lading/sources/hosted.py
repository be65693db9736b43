"""Models behind a provider's interface: the description that the provider gives of them, where a key is at hand."""

import os
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import SourceError
from lading.sources._http import Client
from lading.sources._registry import Found, add_source
from lading.trust.strict import canonical


class Provider(Struct, frozen=True):
    """Where a provider describes its models, and the variables in which people keep address and key."""

    endpoint: str
    key: str
    base: str = ""
    header: str = ""
    """The header of the key, where it is not `Authorization: Bearer`."""
    also: tuple[tuple[str, str], ...] = ()


PROVIDERS = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": Provider(
        "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "x-api-key", (("anthropic-version", "2023-06-01"),)
    ),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "deepseek": Provider("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    "cohere": Provider("https://api.cohere.com/v1", "COHERE_API_KEY"),
    "google": Provider("https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY", header="x-goog-api-key"),
    "xai": Provider("https://api.x.ai/v1", "XAI_API_KEY"),
}
_SAYS = ("id", "name", "created", "created_at", "owned_by", "version", "type", "display_name")
"""What of a description is about the model, and not about whoever asks."""


@add_source
class Hosted:
    """`GET /models/ID`; 404 is how a provider says that it has retired a model."""

    upstreams = tuple(PROVIDERS)

    def find(self, component: Component, revision: str) -> Found:
        """The digest of the description: no bytes are held by it, but a change of it is seen."""
        provider = PROVIDERS[component.upstream]
        model = component.name.partition("/")[2]
        if not model:
            raise SourceError(f"{component.name} names no model")
        key = os.environ.get(provider.key, "")
        if not key:
            raise SourceError(f"{component.upstream} tells nothing of {model} without a key", hint=f"set {provider.key}")
        base = os.environ.get(provider.base, "") if provider.base else ""
        client = Client(base or provider.endpoint, "" if provider.header else key)
        headers = {provider.header: key} if provider.header else {}
        said = client.json(f"models/{quote(model, safe='')}", {**headers, **dict(provider.also)})
        if not isinstance(said, dict) or not any(said.get(k) for k in ("id", "name")):
            raise SourceError(f"{client.host} does not describe {model}")
        kept: dict[str, Any] = {k: said[k] for k in _SAYS if isinstance(said.get(k), (str, int)) and not isinstance(said[k], bool)}
        version = revision or str(kept.get("version") or kept.get("created") or kept.get("created_at") or "")
        return Found(revision=str(Digest.of_bytes(canonical(kept))), owner=str(kept.get("owned_by") or component.upstream), version=version)
