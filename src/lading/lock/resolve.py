"""From a bill of materials to a lock: what every name means now, asked of its upstream."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
from packaging.utils import canonicalize_name

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.errors import SourceError
from lading.core.kinds import Flag, Kind
from lading.lock.document import Lock, Locked, loaders_of
from lading.sources._registry import Source

AT_ONCE = 16
_LEFT_TO_OTHERS = frozenset({Kind.SYSTEM, Kind.LIBRARY, Kind.NATIVE_LIBRARY})
"""Packages have locks of their own."""


def wanted(bom: Bom, packages: Collection[str] = ()) -> tuple[Component, ...]:
    """The artifacts that a lock is about: what does not lie in the tree itself, of packages those that are named."""
    named = {canonicalize_name(p) for p in packages}

    def is_wanted(c: Component) -> bool:
        package = c.kind in _LEFT_TO_OTHERS
        return Flag.ON_DISK not in c.flags and bool(c.upstream) and (not package or canonicalize_name(c.name) in named)

    return tuple(c for c in bom.components if is_wanted(c))


def locked_as(component: Component) -> Locked:
    """The place of an artifact in the lock, before its upstream was asked."""
    return Locked(
        kind=component.kind,
        name=component.name,
        upstream=component.upstream,
        asked=component.version,
        purl=component.purl,
        url=component.url,
        loaders=loaders_of(o.symbol for o in component.occurrences),
    )


def resolve(
    components: Iterable[Component],
    sources: Mapping[str, Source],
    before: Lock = Lock(),  # noqa: B008 - frozen
    upgrade: Callable[[Component], bool] = lambda _: False,
    progress: Callable[[str], None] = lambda _: None,
) -> Lock:
    """The lock of components: what is locked stays as it is unless it is to be upgraded, the rest is asked for; a failure costs its own entry."""
    known, telling = before.by_key(), threading.Lock()
    held = {(a.upstream, a.name, a.found.revision): a for a in before.artifacts if a.found}

    def one(component: Component) -> Locked:
        entry = locked_as(component)
        old = known.get(entry.key) or held.get((entry.upstream, entry.name, entry.asked))
        if old and old.found and not upgrade(component):
            return msgspec.structs.replace(entry, found=old.found)
        answer = asked(entry, component, sources)
        with telling:
            progress(f"{component.name} {answer.found.revision[:19] if answer.found else answer.unresolved}")
        return answer

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Lock(tuple(_once(pool.map(one, components))))


def asked(entry: Locked, component: Component, sources: Mapping[str, Source]) -> Locked:
    """An entry with what its upstream says, or why it does not."""
    source = sources.get(component.upstream)
    if source is None and component.kind is Kind.SERVICE:
        return msgspec.structs.replace(entry, unresolved="a hosted service that names no version of itself")
    if source is None:
        return msgspec.structs.replace(entry, unresolved=f"nothing here asks {component.upstream}")
    try:
        return msgspec.structs.replace(entry, found=source.find(component, component.version))
    except SourceError as e:
        return msgspec.structs.replace(entry, unresolved=e.sentence)


def _once(entries: Iterable[Locked]) -> Iterable[Locked]:
    """One entry for each key; kinds that share a name share what it means, and the loaders of both."""
    found: dict[tuple[str, str, str], Locked] = {}
    for entry in entries:
        other = found.get(entry.key)
        found[entry.key] = msgspec.structs.replace(other, loaders=loaders_of((*other.loaders, *entry.loaders))) if other else entry
    return found.values()
