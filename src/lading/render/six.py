"""The six points at which a system inherits, and which kinds belong to each."""

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Kind, Pin

POINTS: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("Base models", frozenset({Kind.MODEL})),
    ("Adapters, embeddings and tokenizers", frozenset({Kind.ADAPTER, Kind.EMBEDDING, Kind.TOKENIZER})),
    ("Datasets", frozenset({Kind.DATASET})),
    ("Hosted services", frozenset({Kind.SERVICE})),
    ("Container images and infrastructure", frozenset({Kind.IMAGE, Kind.INFRASTRUCTURE, Kind.ACTION})),
    ("Software libraries and code", frozenset({Kind.LIBRARY, Kind.NATIVE_LIBRARY, Kind.FILE})),
)


def by_point(bom: Bom) -> list[tuple[str, list[Component]]]:
    """The components of a bill under the six points, in the order of a reader's interest."""
    return [(title, [c for c in bom.components if c.kind in kinds]) for title, kinds in POINTS]


def pinned(components: list[Component]) -> int:
    """How many are held to exact bytes."""
    return sum(c.pin is Pin.EXACT for c in components)
