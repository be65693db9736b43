"""The inheritance as a picture: the system, the six points, the artifacts of each, lineage between them; drawn once, the same each time."""

import math
from html import escape

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Kind, Pin, Relation
from lading.render.six import POINTS, by_point

WIDTH = 1180
ROW = 22
MOST = 40
"""Artifacts drawn for one point; the rest is one node that says how many."""
_COLOUR = {Pin.EXACT: "exact", Pin.MUTABLE: "mutable", Pin.NONE: "none"}
_LINEAGE = frozenset({Relation.DERIVED_FROM, Relation.TRAINED_ON, Relation.TOKENIZED_BY})


def svg(bom: Bom) -> str:
    """The graph as inline SVG: points on the left, artifacts in columns beside them, lineage as curves."""
    drawn: list[str] = []
    positions: dict[str, tuple[float, float]] = {}
    top = 30.0
    for title, components in by_point(bom):
        shown = _chosen(components)
        if not components:
            continue
        rows = math.ceil(len(shown) / 2) or 1
        middle = top + rows * ROW / 2
        drawn.append(f'<text class="title" x="16" y="{middle + 4:.0f}">{escape(title)} ({len(components)})</text>')
        for number, component in enumerate(shown):
            column, row = divmod(number, rows)
            x, y = 410 + column * 390.0, top + row * ROW + ROW / 2
            positions[component.ref] = (x, y)
            drawn.append(
                f'<path class="link" d="M345 {middle:.0f} C372 {middle:.0f} 372 {y:.0f} {x - 8:.0f} {y:.0f}"/>' if column == 0 else ""
            )
            drawn.append(_node(component, x, y))
        if len(shown) < len(components):
            drawn.append(
                f'<text class="more" x="410" y="{top + rows * ROW + 14:.0f}">… and {len(components) - len(shown)} more in the table below</text>'
            )
            top += ROW
        top += rows * ROW + 22
    curves = [
        _lineage(positions[e.source], positions[e.target], e.relation)
        for e in bom.edges
        if e.relation in _LINEAGE and e.source in positions and e.target in positions
    ]
    label = f"{len(bom.components)} artifacts by point of inheritance"
    return f'<div class="scroll"><svg viewBox="0 0 {WIDTH} {top:.0f}" role="img" aria-label="{label}">{"".join(drawn)}{"".join(curves)}</svg></div>'


def _chosen(components: list[Component]) -> list[Component]:
    """The artifacts worth a node: libraries only when they are few, others up to MOST, those with most places first."""
    if components and components[0].kind in POINTS[-1][1] and len(components) > MOST:
        components = [c for c in components if c.kind is not Kind.LIBRARY]
    ranked = sorted(components, key=lambda c: (-len(c.occurrences), c.ref))[:MOST]
    return sorted(ranked, key=lambda c: c.ref)


def _node(component: Component, x: float, y: float) -> str:
    name = component.name if len(component.name) <= 46 else "…" + component.name[-45:]  # noqa: PLR2004 - a column
    shown = escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name))
    place = escape(component.occurrences[0].place if component.occurrences else "", quote=True)
    return f'<g class="node {_COLOUR[component.pin]}"><title>{shown} {place}</title><circle cx="{x:.0f}" cy="{y:.0f}" r="5"/><text x="{x + 11:.0f}" y="{y + 4:.0f}">{shown}</text></g>'


def _lineage(source: tuple[float, float], target: tuple[float, float], relation: Relation) -> str:
    (x1, y1), (x2, y2) = source, target
    bend = max(60.0, abs(y2 - y1) / 3)
    return f'<path class="lineage" d="M{x1:.0f} {y1:.0f} C{x1 - bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"><title>{relation}</title></path>'
