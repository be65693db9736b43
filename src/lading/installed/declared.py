"""PEP 770: the bills of materials that a wheel carries, merged with who declared them and how deep each part lies."""

from collections import deque
from pathlib import Path

from msgspec.structs import replace

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.errors import ExtractError, FormatError, LimitError
from lading.core.kinds import Kind, Relation
from lading.core.purl import Purl, parse
from lading.formats._registry import FORMATS
from lading.installed.distribution import normal

LARGEST = 64 << 20


def declared(document: Path, path: str, owner: Component) -> tuple[list[Component], list[Edge]]:
    """What a document of a wheel declares to be in it; ExtractError when it cannot be read."""
    if document.stat().st_size > LARGEST:
        raise LimitError(f"{path} is larger than the {LARGEST} bytes that are read of a document")
    data = document.read_bytes()
    reader = next((f for f in FORMATS if f.detects and f.read and f.detects(data)), None)
    if reader is None or reader.read is None:
        raise ExtractError(f"{path} is a document in no format that is known")
    try:
        bom = reader.read(data)
    except FormatError as e:
        raise ExtractError(f"{path} cannot be read: {e.sentence}") from e
    return _placed(bom, path, owner)


def _placed(bom: Bom, path: str, owner: Component) -> tuple[list[Component], list[Edge]]:
    depths = _depths(bom)
    refs = {bom.subject.ref: owner.ref}
    found = []
    for component in bom.components:
        if _is(component, owner):
            refs[component.ref] = owner.ref
            continue
        placed = _component(component, path, owner, depths.get(component.ref, 1))
        refs[component.ref] = placed.ref
        found.append(placed)
    edges = {Edge(owner.ref, Relation.CONTAINS, c.ref) for c in found}
    edges |= {Edge(refs[e.source], e.relation, refs[e.target]) for e in bom.edges if e.source in refs and e.target in refs}
    return found, sorted(e for e in edges if e.source != e.target)


def _is(component: Component, owner: Component) -> bool:
    return normal(component.name) == owner.name and component.version == owner.version


def _component(component: Component, path: str, owner: Component, depth: int) -> Component:
    """The declared component where it was declared, without a download location on the machine that built the wheel."""
    rows = {("declared-by", f"{owner.name} {owner.version}"), ("depth", str(depth))}
    return replace(
        component,
        kind=Kind.LIBRARY if component.kind is Kind.SYSTEM else component.kind,
        purl=_portable(component.purl),
        occurrences=(Occurrence(path, 0, "declared by the wheel", component.purl or f"{component.name} {component.version}"),),
        properties=tuple(sorted({*component.properties, *rows})),
    )


def _portable(text: str) -> str:
    try:
        parts = parse(text)
    except ValueError:
        return text if not text or text.startswith("pkg:") else ""
    kept = tuple((k, v) for k, v in parts.qualifiers if not (k in {"download_url", "vcs_url"} and "file:" in v))
    return str(Purl(parts.type, parts.namespace, parts.name, parts.version, kept, parts.subpath))


def _depths(bom: Bom) -> dict[str, int]:
    """How many edges each component is away from the subject of the document."""
    below: dict[str, list[str]] = {}
    for edge in bom.edges:
        below.setdefault(edge.source, []).append(edge.target)
    depths, waiting = {bom.subject.ref: 0}, deque([bom.subject.ref])
    while waiting:
        ref = waiting.popleft()
        for target in below.get(ref, ()):
            if target not in depths:
                depths[target] = depths[ref] + 1
                waiting.append(target)
    return depths
