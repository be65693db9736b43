"""The table of artifacts: one row each under the six points, with every place folded; filters are a help, not a need."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.kinds import Flag, Kind, Pin, Relation
from lading.render.markup import Html, join, tag
from lading.render.six import by_point, examples_are_the_system, is_aside

MOST_ROWS = 4000
MOST_PLACES = 40
_LONG = 20
_COLUMNS = ("Artifact", "Kind", "Revision", "Pin", "Used for", "Places")
_PINS = {Pin.EXACT: "pinned", Pin.MUTABLE: "can move", Pin.NONE: "not pinned"}


def anchors(bom: Bom) -> dict[str, str]:
    """The id of each component's row by its reference."""
    return {component.ref: f"a{number}" for number, component in enumerate(bom.components)}


def table(bom: Bom) -> Html:
    """The filters and the table."""
    ids, lineage = anchors(bom), _lineage(bom)
    left, groups = MOST_ROWS, []
    for number, (title, components) in enumerate(by_point(bom)):
        shown = components[:left]
        left -= len(shown)
        if shown:
            heading = tag("th", title, tag("span", f" {len(components)}", class_="quiet"), colspan=len(_COLUMNS), scope="rowgroup")
            rows = [_row(c, ids[c.ref], lineage.get(c.ref, []), ids) for c in shown]
            groups.append(tag("tbody", tag("tr", heading, class_="group"), *rows, id=f"point-{number}"))
    head = tag("thead", tag("tr", *(tag("th", title, scope="col") for title in _COLUMNS)))
    hidden = len(bom.components) - (MOST_ROWS - left)
    note = tag("p", f"{hidden} more artifacts are in the JSON document.", class_="quiet") if hidden > 0 else Html("")
    whole = tag("div", tag("table", head, *groups, id="components"), class_="wide")
    return tag(
        "section",
        tag("h2", f"Artifacts ({len(bom.components)})"),
        _filters(everything=examples_are_the_system(bom)),
        whole,
        note,
        id="artifacts",
    )


def _filters(*, everything: bool) -> Html:
    pins = [tag("option", "any pin", value=""), *(tag("option", words, value=pin.value) for pin, words in _PINS.items())]
    return tag(
        "form",
        tag("input", type="search", id="find", placeholder="Filter by name, kind, place …", aria_label="Filter", autocomplete="off"),
        tag("select", *pins, id="pin", aria_label="Pin"),
        tag("label", tag("input", type="checkbox", id="aside", checked=everything), " tests and examples too"),
        tag("output", id="shown", aria_live="polite"),
        id="filters",
        hidden=True,
    )


def _row(component: Component, anchor: str, lineage: list[Edge], ids: dict[str, str]) -> Html:
    scopes = sorted({o.scope for o in component.occurrences})
    return tag(
        "tr",
        tag("td", *_identity(component, lineage, ids)),
        tag("td", component.kind.value),
        tag("td", _revision(component.version)),
        tag("td", tag("span", _pin_words(component), class_=f"pin {component.pin.value}")),
        tag("td", *(tag("span", scope.value, class_="scope") for scope in scopes)),
        tag("td", _places(component.occurrences), data_sort=len(component.occurrences)),
        id=anchor,
        data_pin=component.pin.value,
        data_aside=is_aside(component),
    )


def _identity(component: Component, lineage: list[Edge], ids: dict[str, str]) -> Iterator[Html]:
    yield tag("b", component.name, class_="name")
    yield join(tag("span", flag.value, class_="flag") for flag in component.flags if flag is not Flag.ON_DISK)
    if component.purl or component.url:
        yield tag("span", component.purl or component.url, class_="purl")
    for edge in lineage:
        target = tag("a", edge.target, href=f"#{ids[edge.target]}") if edge.target in ids else Html(tag("span", edge.target))
        yield tag("span", f"{edge.relation.value} ", target, class_="lineage")


def _revision(version: str) -> Html:
    shown = f"{version[: _LONG - 4]}…" if len(version) > _LONG else version
    return tag("code", shown, title=version if shown != version else None) if version else Html("")


def _pin_words(component: Component) -> str:
    nothing = component.kind is Kind.SERVICE and component.pin is Pin.NONE and not component.version
    return "no version" if nothing else _PINS[component.pin]


def _places(occurrences: tuple[Occurrence, ...]) -> Html:
    if not occurrences:
        return Html("")
    first, rest = tag("code", occurrences[0].place), occurrences[:MOST_PLACES]
    rows = [tag("li", tag("code", o.place), " ", tag("span", _proof(o), class_="quiet")) for o in rest]
    if len(occurrences) > MOST_PLACES:
        rows.append(tag("li", f"… and {len(occurrences) - MOST_PLACES} more", class_="quiet"))
    more = tag("span", f" +{len(occurrences) - 1}", class_="quiet") if len(occurrences) > 1 else ""
    return tag("details", tag("summary", first, more), tag("ul", *rows))


def _proof(o: Occurrence) -> str:
    return f"{o.symbol} · {o.confidence.value}" if o.symbol else o.confidence.value


def _lineage(bom: Bom) -> dict[str, list[Edge]]:
    edges: dict[str, list[Edge]] = {}
    for edge in bom.edges:
        if edge.relation not in {Relation.DEPENDS_ON, Relation.CONTAINS}:
            edges.setdefault(edge.source, []).append(edge)
    return edges
