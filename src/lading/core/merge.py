"""One artifact is one component: observations of the same artifact are joined, with all their places and roles."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from lading.core.component import Component, DatasetFacts, ModelFacts, Occurrence, ServiceFacts
from lading.core.kinds import Flag, Kind, Pin

T = TypeVar("T", bound=Any)
F = TypeVar("F", ModelFacts, DatasetFacts, ServiceFacts)

_MOST_TELLING = (
    Kind.ADAPTER, Kind.EMBEDDING, Kind.MODEL, Kind.TOKENIZER, Kind.DATASET, Kind.IMAGE, Kind.ACTION, Kind.INFRASTRUCTURE,
    Kind.SERVICE, Kind.NATIVE_LIBRARY, Kind.LIBRARY, Kind.FILE, Kind.SYSTEM,
)  # fmt: skip
_STRONGEST_PIN = (Pin.EXACT, Pin.MUTABLE, Pin.NONE)


def merge(components: Iterable[Component]) -> tuple[Component, ...]:
    """Join observations of the same reference, their kinds becoming roles; sorted by kind and reference."""
    return tuple(sole((c.ref, _with_roles(c)) for c in components).values())


def sole(components: Iterable[tuple[str, Component]]) -> dict[str, Component]:
    """Each reference once, those that share one joined; sorted by kind and reference."""
    found: dict[str, Component] = {}
    for ref, component in components:
        found[ref] = _join(found[ref], component) if ref in found else component
    by_ref = sorted(found.items(), key=itemgetter(0))
    return dict(sorted(by_ref, key=lambda item: item[1].kind))


def with_providers_folded(components: tuple[Component, ...]) -> tuple[Component, ...]:
    """The components without services that name only a provider, where a model of that provider is named: a client is no second artifact.

    The client's places go to the provider's model that is named in the same file, else to the first.
    """
    models: dict[str, list[Component]] = {}
    for c in components:
        if c.kind is Kind.SERVICE and c.name != c.upstream:
            models.setdefault(c.upstream, []).append(c)
    clients = [c for c in components if Flag.CLIENT in c.flags and c.upstream in models]
    extra: dict[str, list[Occurrence]] = {}
    for client in clients:
        for o in client.occurrences:
            rows = models[client.upstream]
            chosen = next((m for m in rows if any(p.path == o.path for p in m.occurrences)), rows[0])
            extra.setdefault(chosen.ref, []).append(o)
    kept = (c for c in components if c not in clients)
    return tuple(msgspec.structs.replace(c, occurrences=_union(c.occurrences, tuple(extra[c.ref]))) if c.ref in extra else c for c in kept)


def _with_roles(one: Component) -> Component:
    """The component with its places in order, each once."""
    return msgspec.structs.replace(one, roles=_union(one.roles, (one.kind,)), occurrences=_union(one.occurrences))


def _join(one: Component, other: Component) -> Component:
    kind = min(one.kind, other.kind, key=_MOST_TELLING.index)
    first, second = (one, other) if kind is one.kind else (other, one)
    return msgspec.structs.replace(
        first,
        kind=kind,
        pin=min(one.pin, other.pin, key=_STRONGEST_PIN.index),
        roles=_union(one.roles, other.roles, (other.kind,)),
        flags=_union(one.flags, other.flags),
        occurrences=_union(one.occurrences, other.occurrences),
        digests=_union(one.digests, other.digests),
        files=_union(one.files, other.files),
        licenses=_union(one.licenses, other.licenses),
        properties=_union(one.properties, other.properties),
        description=first.description or second.description,
        supplier=first.supplier or second.supplier,
        url=first.url or second.url,
        model=_filled(first.model, second.model, parts=not set(one.files) & set(other.files)),
        dataset=_filled(first.dataset, second.dataset),
        service=_filled(first.service, second.service),
    )


def _filled(first: F | None, second: F | None, *, parts: bool = False) -> F | None:
    """The facts of both: a field that the first leaves empty is the second's; parameters of `parts` of one model add up."""
    if first is None or second is None:
        return first or second
    values = {name: getattr(first, name) or getattr(second, name) for name in first.__struct_fields__}
    if parts and "parameters" in values:
        values["parameters"] = getattr(first, "parameters", 0) + getattr(second, "parameters", 0)
    return type(first)(**values)


def _union(*parts: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(sorted({item for part in parts for item in part}))
