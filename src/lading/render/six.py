"""The six points at which a system inherits, and which kinds belong to each."""

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Kind, Pin, Scope

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


ASIDE = frozenset({Scope.TEST, Scope.EXAMPLE})
"""What a place is for when the system itself does not run it."""


def is_aside(component: Component) -> bool:
    """Whether only tests and examples name a component."""
    return bool(component.occurrences) and all(o.scope in ASIDE for o in component.occurrences)


def examples_are_the_system(bom: Bom) -> bool:
    """Whether most artifacts are named by tests and examples alone, as in a course of notebooks: then nothing is set aside."""
    return sum(map(is_aside, bom.components)) * 2 > len(bom.components)
