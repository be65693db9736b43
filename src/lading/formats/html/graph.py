"""The picture: system, points of inheritance, artifacts, upstreams; a layout of straight columns that stays readable at any size."""

from collections.abc import Iterator
from dataclasses import dataclass

from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.kinds import Kind, Pin, Relation
from lading.formats.html.table import anchors
from lading.render.markup import Html, join, tag
from lading.render.six import by_point

MOST_ROWS = 10
"""Artifacts drawn for each point; the rest is one row with a count."""
WIDTH, ROW, GAP, TOP = 1120, 22, 18, 30
SYSTEM, POINT, ARTIFACT, EDGE, UPSTREAM = 8, 190, 430, 800, 930
MOST_LETTERS = 52
_LIBRARIES = frozenset({Kind.LIBRARY, Kind.NATIVE_LIBRARY})
_NAMES = {
    "": "elsewhere", "local": "in the repository itself", "http": "other hosts", "pypi": "Python packages", "oci": "image registries",
    "huggingface": "Hugging Face", "github": "GitHub",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the artifact column: an artifact, or the rest of its point as a count."""

    label: str
    href: str
    upstream: str
    pin: str
    y: int
    ref: str = ""


@dataclass(frozen=True)
class Group:
    """One of the six points with its rows."""

    title: str
    number: int
    count: int
    rows: tuple[Row, ...]

    @property
    def y(self) -> int:
        """The height at which its name stands: the middle of its rows."""
        return (self.rows[0].y + self.rows[-1].y) // 2


def graph(bom: Bom) -> Html:
    """The picture with its caption."""
    groups = list(_groups(bom))
    if not groups:
        return Html("")
    rows = [row for group in groups for row in group.rows]
    upstreams = _upstreams(rows)
    height = max(rows[-1].y, *upstreams.values()) + GAP
    drawing = [*_links(groups, upstreams), *_lineage(bom, rows), *_names(bom, groups, upstreams)]
    picture = tag("svg", _arrow(), *drawing, viewBox=f"0 0 {WIDTH} {height}", role="group", aria_label="Graph of what the system inherits")
    words = "Each line is an artifact; its dot is filled when it is pinned to exact bytes. Dashed arrows are lineage: what it derives from, was trained on or tokenized by."
    return tag(
        "section", tag("h2", "Where it comes from"), tag("figure", tag("div", picture, class_="wide"), tag("figcaption", words)), id="graph"
    )


def _groups(bom: Bom) -> Iterator[Group]:
    ids, y = anchors(bom), TOP
    related = {ref for edge in _lineage_edges(bom) for ref in (edge.source, edge.target)}
    for number, (title, components) in enumerate(by_point(bom)):
        if components:
            drafts = _chosen(components, related, ids, f"#point-{number}")
            rows = tuple(Row(*draft[:4], y + ROW * n, draft[4]) for n, draft in enumerate(drafts))
            yield Group(title, number, len(components), rows)
            y = rows[-1].y + ROW + GAP


def _chosen(components: list[Component], related: set[str], ids: dict[str, str], rest: str) -> list[tuple[str, str, str, str, str]]:
    """The rows of a point: what has lineage, flags and the weakest pin first; libraries and the rest as counts."""
    single = [c for c in components if c.kind not in _LIBRARIES]
    libraries = len(components) - len(single)
    ranked = sorted(single, key=lambda c: (c.ref not in related, not c.flags, -len(c.occurrences), c.ref))
    most = MOST_ROWS + 1 if len(single) == MOST_ROWS + 1 else MOST_ROWS
    kept = {c.ref for c in ranked[:most]}
    rows = [(_label(c), f"#{ids[c.ref]}", c.upstream, c.pin.value, c.ref) for c in single if c.ref in kept]
    if len(single) > len(rows):
        rows.append((f"{len(single) - len(rows)} more", rest, "", "more", ""))
    if libraries:
        rows.append((f"{libraries:,} libraries" if libraries > 1 else "1 library", rest, "pypi", "more", ""))
    return rows


def _label(component: Component) -> str:
    name = component.name
    if component.version and component.pin is not Pin.EXACT:
        name = f"{name} @ {component.version}"
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def _upstreams(rows: list[Row]) -> dict[str, int]:
    """The height of each upstream: the mean of its artifacts, moved down until no two overlap."""
    heights: dict[str, list[int]] = {}
    for row in rows:
        if row.ref or row.upstream:
            heights.setdefault(row.upstream, []).append(row.y)
    placed: dict[str, int] = {}
    last = 0
    for name, ys in sorted(heights.items(), key=lambda item: (sum(item[1]) / len(item[1]), item[0])):
        last = placed[name] = max(sum(ys) // len(ys), last + ROW)
    return placed or {"": TOP}


def _links(groups: list[Group], upstreams: dict[str, int]) -> Iterator[Html]:
    middle = (groups[0].y + groups[-1].y) // 2
    for group in groups:
        yield _curve(POINT - 52, middle, POINT - 6, group.y, "trunk")
        for row in group.rows:
            yield _curve(ARTIFACT - 46, group.y, ARTIFACT - 12, row.y, f"link {row.pin}")
            if row.ref or row.upstream:
                yield _curve(EDGE, row.y, UPSTREAM - 8, upstreams[row.upstream], f"link {row.pin}")


def _lineage_edges(bom: Bom) -> list[Edge]:
    return [e for e in bom.edges if e.relation not in {Relation.DEPENDS_ON, Relation.CONTAINS} and e.source != bom.subject.ref]


def _lineage(bom: Bom, rows: list[Row]) -> Iterator[Html]:
    heights = {row.ref: row.y for row in rows if row.ref}
    for edge in _lineage_edges(bom):
        if edge.source in heights and edge.target in heights:
            start, end = heights[edge.source], heights[edge.target]
            bow = min(90, 30 + abs(end - start) // 6)
            path = f"M{EDGE} {start} C{EDGE + bow} {start} {EDGE + bow} {end} {EDGE} {end}"
            title = tag("title", f"{edge.source} {edge.relation.value} {edge.target}")
            yield tag("path", title, d=path, class_="lineage", marker_end="url(#arrow)")


def _names(bom: Bom, groups: list[Group], upstreams: dict[str, int]) -> Iterator[Html]:
    middle = (groups[0].y + groups[-1].y) // 2
    name = bom.subject.name or "system"
    yield tag("text", name if len(name) <= 18 else f"{name[:17]}…", x=SYSTEM, y=middle + 4, class_="system")  # noqa: PLR2004 - the column
    for group in groups:
        yield tag("a", *_two_lines(group), href=f"#point-{group.number}")
        yield join(_artifact(row) for row in group.rows)
    for upstream, y in upstreams.items():
        label = _NAMES.get(upstream, upstream)
        yield tag("text", label[:26], x=UPSTREAM, y=y + 4, class_="upstream")


def _two_lines(group: Group) -> Iterator[Html]:
    words, lines = group.title.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 22:  # noqa: PLR2004 - letters that fit the column
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    start = group.y + 4 - 7 * (len(lines) - 1)
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        yield tag(
            "text", line, tag("tspan", f"  {group.count}", class_="quiet") if last else "", x=POINT, y=start + 15 * number, class_="point"
        )


def _artifact(row: Row) -> Html:
    dot = tag("circle", cx=ARTIFACT, cy=row.y, r=4, class_=f"dot {row.pin}")
    return tag("a", dot, tag("text", row.label, x=ARTIFACT + 12, y=row.y + 4, class_=f"artifact {row.pin}"), href=row.href)


def _curve(x1: int, y1: int, x2: int, y2: int, class_: str) -> Html:
    half = (x1 + x2) // 2
    return tag("path", d=f"M{x1} {y1}C{half} {y1} {half} {y2} {x2} {y2}", class_=class_)


def _arrow() -> Html:
    head = tag("path", d="M0 0L7 3.5L0 7z")
    marker = tag("marker", head, id="arrow", viewBox="0 0 7 7", refX=6, refY="3.5", markerWidth=7, markerHeight=7, orient="auto")
    return tag("defs", marker)
