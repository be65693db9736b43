"""The page as a whole: head, sections in the order of a reader's interest, and a policy that lets nothing else in."""

import base64
import hashlib

from lading.core.bom import Bom
from lading.core.finding import Report
from lading.core.kinds import Kind, Pin
from lading.core.shipped import files
from lading.formats.html.findings import accepted, findings, first_three
from lading.formats.html.graph import graph
from lading.formats.html.table import table
from lading.render.markup import Html, join, tag
from lading.render.six import by_point, pinned

MOST_ROWS = 1000
_BAR = 100


def write(report: Report) -> bytes:
    """The report as an HTML document."""
    style, script = _asset("style.css"), _asset("script.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"What {_name(report.bom)} inherits"),
        tag("style", style),
    )
    body = tag("body", _header(report), tag("main", *_sections(report)), _footer(report.bom), tag("script", script))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n".encode()


def _sections(report: Report) -> list[Html]:
    bom = report.bom
    return [_points(bom), first_three(report), graph(bom), table(bom), findings(report), accepted(report), _unresolved(bom), _coverage(bom)]


def _header(report: Report) -> Html:
    bom = report.bom
    held = [c for c in bom.components if c.kind not in {Kind.LIBRARY, Kind.NATIVE_LIBRARY, Kind.FILE}]
    sentence = join(
        [
            "inherits ", tag("b", _count(len(bom.components), "artifact")), " from upstream. ",
            tag("b", f"{pinned(held)} of {len(held)}"), " models, datasets, services, images and actions are pinned to exact bytes.",
        ]
    )  # fmt: skip
    links = [("#findings", "Findings"), ("#graph", "Graph"), ("#artifacts", "Artifacts"), ("#coverage", "Coverage")]
    navigation = tag("nav", *(tag("a", title, href=target) for target, title in links), aria_label="Sections")
    return tag(
        "header", tag("p", "bill of lading", class_="overline"), tag("h1", _name(bom)), tag("p", sentence, class_="lead"), navigation
    )


def _points(bom: Bom) -> Html:
    """The six points of inheritance as figures, each with a bar of what is held how."""
    cards = []
    for number, (title, components) in enumerate(by_point(bom)):
        counts = {pin: sum(c.pin is pin for c in components) for pin in Pin}
        share = (
            f"{counts[Pin.EXACT]} pinned · {counts[Pin.MUTABLE]} can move · {counts[Pin.NONE]} not pinned" if components else "none found"
        )
        figure = tag("p", str(len(components)), class_="figure")
        inside = [tag("h3", title), figure, _bar(counts), tag("p", share, class_="quiet")]
        cards.append(tag("a", *inside, class_="card", href=f"#point-{number}") if components else tag("div", *inside, class_="card empty"))
    return tag("section", *cards, class_="cards", aria_label="The six points of inheritance")


def _bar(counts: dict[Pin, int]) -> Html:
    total, parts, left = sum(counts.values()) or 1, [], 0.0
    for pin, count in counts.items():
        width = _BAR * count / total
        parts.append(tag("rect", class_=pin.value, x=f"{left:.2f}", y=0, width=f"{width:.2f}", height=4))
        left += width
    return tag("svg", *parts, class_="bar", viewBox=f"0 0 {_BAR} 4", preserveAspectRatio="none", aria_hidden="true")


def _unresolved(bom: Bom) -> Html:
    if not bom.unresolved:
        return Html("")
    rows = [
        tag(
            "tr",
            tag("td", u.kind.value),
            tag("td", tag("code", u.expression)),
            tag("td", tag("code", u.occurrence.place)),
            tag("td", u.reason),
        )
        for u in bom.unresolved[:MOST_ROWS]
    ]
    head = tag("tr", *(tag("th", title, scope="col") for title in ("Kind", "Expression", "Place", "Why")))
    note = (
        "Places that load something only a run could name. They are neither guessed nor left out: the list of artifacts is incomplete here."
    )
    whole = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide")
    return _section("unresolved", f"Unresolved ({len(bom.unresolved)})", tag("p", note, class_="quiet"), whole, _rest(len(bom.unresolved)))


def _coverage(bom: Bom) -> Html:
    coverage = bom.coverage
    sentence = f"{_count(coverage.files, 'file')} seen, {coverage.read} held something to read, "
    sentence += f"{len(coverage.unread)} could not be read, {len(coverage.excluded)} left out on purpose."
    lists = [
        tag(
            "details",
            tag("summary", f"{title} ({len(rows)})"),
            tag("ul", *(tag("li", tag("code", s.place), f" {s.reason}", f" [{s.code}]" if s.code else "") for s in rows[:MOST_ROWS])),
            _rest(len(rows)),
            open=title == "Not read",
        )
        for title, rows in (("Not read", coverage.unread), ("Left out", coverage.excluded))
        if rows
    ]
    return _section("coverage", "Coverage", tag("p", sentence), *lists)


def _footer(bom: Bom) -> Html:
    when = f" on {bom.created}" if bom.created else ""
    return tag("footer", f"Written by {bom.generator or 'lading'}{when}. This page needs no network and sends nothing anywhere.")


def _section(name: str, title: str, *children: str) -> Html:
    return tag("section", tag("h2", title), *children, id=name)


def _rest(number: int) -> Html:
    return tag("p", f"… and {number - MOST_ROWS} more; the JSON document has them all.", class_="quiet") if number > MOST_ROWS else Html("")


def _name(bom: Bom) -> str:
    return bom.subject.name or "the system"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _asset(name: str) -> Html:
    return Html(files("lading.formats.html").joinpath(name).read_text("utf-8"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
