"""What has moved since it was locked: each kind of movement by its own name, with what was and what is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from lading.core.component import Component
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.lock.document import Lock, Locked
from lading.lock.resolve import AT_ONCE, locked_as
from lading.sources._registry import Conditional, Found, Source

KINDS = {
    "not-locked": "the sources use it and the lock does not have it",
    "not-used": "the lock has it and the sources do not use it",
    "moved": "the branch or tag leads elsewhere now",
    "rewritten": "the locked revision is gone while the repository is there",
    "changed-bytes": "the same revision has a file with other bytes",
    "file-gone": "the same revision lacks a file",
    "file-added": "the same revision has a file more",
    "recreated": "another repository has the name now",
    "owner-changed": "it belongs to somebody else now",
    "license-changed": "its license is another",
    "gated": "access to it is restricted now",
    "gone": "it is not there any more",
    "retired": "the provider does not serve it any more",
    "unanswered": "its upstream did not answer",
    "unresolved": "it was never resolved",
}


class Movement(Struct, frozen=True, order=True):
    """One thing that is not as it was locked."""

    name: str
    kind: str
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        change = f": {self.was or 'nothing'} → {self.now or 'nothing'}" if self.was or self.now else ""
        return f"{self.kind}  {self.name}  {KINDS[self.kind]}{change}"


def check(
    components: Iterable[Component],
    lock: Lock,
    sources: Mapping[str, Source],
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Movement, ...]:
    """Everything that moved, sorted; one question to an upstream for each artifact where nothing has."""
    components = list(components)
    known, used = lock.by_key(), {locked_as(c).key for c in components}
    unused = [Movement(_named(a), "not-used", was=a.found.revision if a.found else "") for key, a in known.items() if key not in used]

    def one(component: Component) -> list[Movement]:
        entry = known.get(locked_as(component).key)
        if entry is None:
            return [Movement(_named(locked_as(component)), "not-locked")]
        progress(entry.name)
        return list(_moved(entry, component, sources))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(sorted({*unused, *(m for found in pool.map(one, components) for m in found)}))


def _moved(entry: Locked, component: Component, sources: Mapping[str, Source]) -> Iterator[Movement]:
    name, before = _named(entry), entry.found
    if before is None:
        if component.kind is not Kind.SERVICE:
            yield Movement(name, "unresolved", now=entry.unresolved)
        return
    source = sources.get(component.upstream)
    if source is None:
        yield Movement(name, "unanswered", was=before.revision, now=f"nothing here asks {component.upstream}")
        return
    try:
        if isinstance(source, Conditional) and source.unchanged(component, before):
            return
        now = source.find(component, entry.asked)
    except GoneError as e:
        yield from _gone(name, before, entry, component, source, e)
        return
    except SourceError as e:
        yield Movement(name, "unanswered", was=before.revision, now=e.sentence)
        return
    yield from _facts(name, before, now)
    if now.revision == before.revision or isinstance(source, Conditional):
        yield from _bytes(name, before, now)
        return
    yield Movement(name, "moved", before.revision, now.revision)
    yield from _rewritten(name, before, component, source)


def _gone(name: str, before: Found, entry: Locked, component: Component, source: Source, error: GoneError) -> Iterator[Movement]:
    """Whether a branch, tag or commit is gone, or the whole artifact."""
    try:
        now = source.find(component, "")
    except GoneError:
        yield Movement(name, "retired" if component.kind is Kind.SERVICE else "gone", was=before.revision, now=error.sentence)
    except SourceError as e:
        yield Movement(name, "unanswered", was=before.revision, now=e.sentence)
    else:
        yield from _facts(name, before, now)
        yield Movement(name, "rewritten", was=entry.asked or before.revision)


def _rewritten(name: str, before: Found, component: Component, source: Source) -> Iterator[Movement]:
    """Whether what was locked can still be fetched, and is what it was."""
    try:
        yield from _bytes(name, before, source.find(component, before.revision))
    except GoneError:
        yield Movement(name, "rewritten", was=before.revision)
    except SourceError as e:
        yield Movement(name, "unanswered", was=before.revision, now=e.sentence)


def _facts(name: str, before: Found, now: Found) -> Iterator[Movement]:
    if before.identity and now.identity and before.identity != now.identity:
        yield Movement(name, "recreated", before.identity, now.identity)
    if before.owner != now.owner:
        yield Movement(name, "owner-changed", before.owner, now.owner)
    if before.license != now.license and not before.partial:
        yield Movement(name, "license-changed", before.license, now.license)
    if before.gated in {"", "False"} and now.gated not in {"", "False"}:
        yield Movement(name, "gated", now=now.gated)


def _bytes(name: str, before: Found, now: Found) -> Iterator[Movement]:
    if not now.files:
        return
    was, there = ({f.path: f for f in found.files} for found in (before, now))
    for path, file in was.items():
        if path not in there:
            yield Movement(f"{name} {path}", "file-gone", str(file.digest))
        elif there[path] != file:
            yield Movement(f"{name} {path}", "changed-bytes", str(file.digest), str(there[path].digest))
    for path in () if before.partial else sorted(set(there) - set(was)):
        yield Movement(f"{name} {path}", "file-added", now=str(there[path].digest))


def _named(entry: Locked) -> str:
    return f"{entry.name}@{entry.asked}" if entry.asked else entry.name
