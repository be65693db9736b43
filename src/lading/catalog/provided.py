"""Hosted models as configuration names them: a provider beside a model, an endpoint beside a model, ids with a provider's prefix."""

from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import urlsplit

from lading.catalog.hosted import hosted_model
from lading.catalog.identity import hosted, is_known, is_local, is_placeholder, is_template
from lading.catalog.keys import normal_key
from lading.catalog.tables import table
from lading.catalog.upstreams import hub, is_hub_id, split_url
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind
from lading.syntax.node import Node

At = Callable[[int, str, str], Occurrence]

PROVIDERS = frozenset({"provider", "api_type", "model_provider", "llm_provider", "embedding_provider", "vendor", "custom_llm_provider"})
MODELS = (
    "model",
    "model_name",
    "model_id",
    "model_slug",
    "modelName",
    "modelId",
    "model-name",
    "name",
    "engine",
    "deployment_name",
    "deployment",
)
_ENDPOINTS = frozenset({"base_url", "api_base", "baseurl", "openai_api_base", "apibase", "endpoint", "api_url", "url", "host"})
_BELOW = ("config", "params", "parameters", "options", "args", "kwargs", "settings", "model_info")
_KINDS_OF_CALL = frozenset(
    {"chat", "completion", "completions", "messages", "embedding", "embeddings", "responses", "text-generation", "image", "moderation",
     "feature-extraction", "text-classification", "assistant", "realtime", "completions-chat", "converse", "vision", "embed"}
)  # fmt: skip


def provided(mapping: Node) -> tuple[Node, str, str] | None:
    """The node that names a model, its provider and its id, in a mapping that names a provider or a provider's endpoint."""
    if not isinstance(mapping.value, dict):
        return None
    provider = _provider(mapping)
    model = _model(mapping) or next((m for below in _BELOW if (inner := mapping.get(below)) and (m := _model(inner))), None)
    if model is None or is_template(model.text) or is_placeholder(model.text) or any(c.isspace() for c in model.text):
        return None
    if not provider:
        elsewhere = _endpoint(mapping)
        return (model, elsewhere, model.text) if elsewhere and mapping.get("name") is not model else None
    return _told(model, provider.replace(" ", "_").replace("-", "_"), mapping)


def listed(mapping: Node) -> Iterator[tuple[Node, str]]:
    """The models that a provider's entry lists, each with the provider: `{base_url: …, models: [gpt-4o]}`."""
    models = mapping.get("models")
    provider = _endpoint(mapping) if models else ""
    if models is None or not provider:
        return
    for entry in models.elements() or models.elements("default"):
        name = entry if isinstance(entry.value, str) else entry.get("id") or entry.get("name") or entry.get("model")
        if name is not None and isinstance(name.value, str) and not is_template(name.text) and not any(c.isspace() for c in name.text):
            yield name, provider


def _provider(mapping: Node) -> str:
    assert isinstance(mapping.value, dict)
    return next((v.text.lower() for k, v in mapping.value.items() if normal_key(k) in PROVIDERS and isinstance(v.value, str)), "")


def _endpoint(mapping: Node) -> str:
    """The provider behind the endpoint that stands in a mapping; empty when none does, or it is nobody's known."""
    assert isinstance(mapping.value, dict)
    return next((p for k, v in mapping.value.items() if normal_key(k) in _ENDPOINTS and (p := provider_at(v.text))), "")


def _told(model: Node, provider: str, mapping: Node) -> tuple[Node, str, str] | None:
    found = hosted_model(f"{provider}:{model.text}", routed=True)
    if found is None or model.text.count("/") > 2:  # noqa: PLR2004 - a path
        return None
    by_name_alone = mapping.get("name") is model and hosted_model(model.text) is None
    return None if by_name_alone and provider in table("providers")["ambiguous"] else (model, found[0], model.text)


def _model(mapping: Node) -> Node | None:
    found = (mapping.get(name) for name in MODELS)
    return next((f for f in found if f is not None and isinstance(f.value, str) and f.text), None)


def provider_at(url: str) -> str:
    """The provider that answers at a URL; empty when none is known to."""
    host = split_url(url).hostname if url.startswith("http") else None
    return next((p for p, known in _hosts() if host == known), "") if host else ""


@cache
def _hosts() -> tuple[tuple[str, str], ...]:
    rows = table("providers")["provider"].items()
    return tuple((name, str(urlsplit(row["endpoint"]).hostname)) for name, row in rows if row.get("endpoint"))


def routed(text: str) -> tuple[str, str] | None:
    """Provider and model of an id that a router takes: `openai:chat:gpt-4o`, `azure/my-deployment`, `ollama/llama3`."""
    prefix, colon, rest = text.partition(":")
    if colon and "/" not in prefix:
        parts = rest.split(":")
        while len(parts) > 1 and parts[0].lower() in _KINDS_OF_CALL:
            parts = parts[1:]
        text = f"{prefix}:{':'.join(parts)}"
    elif not ("/" in text or hosted_model(text)):
        return None
    return hosted_model(text, routed=True)


def routed_component(value: Node, at: At, symbol: str) -> Iterator[Component]:
    """What a router is asked for at a node: a hosted service, or a model of the hub served by an inference API."""
    text = value.text
    if is_template(text) or is_placeholder(text) or is_local(text) or any(c.isspace() for c in text) or "://" in text:
        return
    if found := routed(text):
        yield hosted(*found, Kind.SERVICE, at(value.line, symbol, text))
    elif is_hub_id(text) and ("/" in text or is_known(text, Kind.MODEL)):
        yield hub(Kind.MODEL, text, at(value.line, symbol, text))
