"""HTML: the report as one self-contained page: summary, findings, a graph, and a table that reads without scripts and filters with them."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Report
from lading.core.kinds import Pin
from lading.formats._registry import Format, add_format
from lading.render.graph import svg
from lading.render.six import by_point, pinned

_PINS = {Pin.EXACT: ("pinned", "exact"), Pin.MUTABLE: ("can move", "mutable"), Pin.NONE: ("unpinned", "none")}
MOST_PLACES = 50


def write(report: Report) -> bytes:
    """The page of a report; everything from outside is escaped, nothing is fetched."""
    style = files("lading.render").joinpath("page.css").read_text("utf-8")
    script = files("lading.render").joinpath("page.js").read_text("utf-8")
    name = _text(report.bom.subject.name or "system")
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>What {name} inherits</title><style>{style}</style></head>\n<body>\n{body}\n<script>{script}</script>\n</body></html>\n"
    ).encode()


def _text(text: str) -> str:
    """A text from outside, escaped, without control characters."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text), quote=True)


def _body(report: Report) -> Iterator[str]:
    bom = report.bom
    yield f"<header><h1>What <em>{_text(bom.subject.name or 'the system')}</em> inherits</h1>"
    yield f'<p class="meta">{_text(bom.created)} · {_text(bom.generator)} · {bom.coverage.files} files seen, {bom.coverage.read} read, {len(bom.coverage.unread)} not read</p></header>'
    yield "<main>"
    yield from _summary(bom)
    yield from _findings(report)
    yield f'<section id="graph"><h2>Where it comes from</h2>{svg(bom)}</section>'
    yield from _table(bom)
    yield from _unknown(bom)
    yield "</main>"


def _summary(bom: Bom) -> Iterator[str]:
    yield '<section class="points">'
    for title, components in by_point(bom):
        held = pinned(components)
        share = round(100 * held / len(components)) if components else 0
        yield (
            f'<div class="point"><b>{len(components)}</b><span>{_text(title)}</span>'
            f'<div class="bar" role="img" aria-label="{held} of {len(components)} pinned"><i style="width:{share}%"></i></div><small>{held} pinned</small></div>'
        )
    yield "</section>"


def _findings(report: Report) -> Iterator[str]:
    yield f"<section id='findings'><h2>Findings <small>{len(report.open)}</small></h2>"
    if not report.findings:
        yield "<p>No rule objects to anything that was read.</p>"
    groups: dict[str, list[int]] = {}
    for number, finding in enumerate(report.findings):
        groups.setdefault(f"{finding.rule}{' accepted' if finding.accepted else ''}", []).append(number)
    titles = {r.id: r for r in report.rules}
    for key, numbers in groups.items():
        first = report.findings[numbers[0]]
        rule = titles.get(first.rule)
        mark = "accepted" if first.accepted else first.severity.value
        yield f'<details class="finding"><summary><span class="severity {mark}">{mark}</span> {_text(rule.title if rule else key)} <small>{len(numbers)}</small></summary>'
        if rule:
            yield f"<p>{_text(rule.why)}</p><p><b>What to do:</b> {_text(rule.fix)}</p>"
        yield "<ul>"
        for number in numbers[:200]:
            finding = report.findings[number]
            place = finding.occurrences[0].place if finding.occurrences else ""
            reason = f" — accepted: {_text(finding.accepted)}" if finding.accepted else ""
            yield f"<li>{_text(finding.message)} <code>{_text(place)}</code>{reason}</li>"
        yield "</ul></details>"
    yield "</section>"


def _table(bom: Bom) -> Iterator[str]:
    yield (
        '<section id="artifacts"><h2>Artifacts</h2><div class="filters" hidden><input type="search" placeholder="filter by name, place, revision" aria-label="filter">'
        '<select aria-label="kind"><option value="">every kind</option>'
    )
    yield "".join(f"<option>{k}</option>" for k in sorted({c.kind.value for c in bom.components}))
    yield '</select><select aria-label="pin"><option value="">pinned or not</option><option value="exact">pinned</option><option value="mutable">can move</option><option value="none">unpinned</option></select><output></output></div>'
    yield '<div class="scroll"><table><thead><tr><th>artifact</th><th>kind</th><th>revision</th><th>pin</th><th>scope</th><th>places</th></tr></thead><tbody>'
    for _, components in by_point(bom):
        yield from map(_row, components)
    yield "</tbody></table></div></section>"


def _row(component: Component) -> str:
    words, css = _PINS[component.pin]
    scopes = " ".join(sorted({o.scope.value for o in component.occurrences}))
    flags = "".join(f' <span class="flag">{f}</span>' for f in component.flags if f != "on-disk")
    return (
        f'<tr data-kind="{component.kind}" data-pin="{component.pin}"><td><b>{_text(component.name)}</b>{flags}<br><small>{_text(component.purl or component.upstream)}</small></td>'
        f"<td>{component.kind}</td><td><code>{_text(component.version[:40])}</code></td><td><span class='pin {css}'>{words}</span></td><td>{scopes}</td><td>{_places(component)}</td></tr>"
    )


def _places(component: Component) -> str:
    places = [f"<code title='{_text(o.symbol)}'>{_text(o.place)}</code>" for o in component.occurrences[:MOST_PLACES]]
    if len(places) <= 1:
        return "".join(places)
    rest = len(component.occurrences) - 1
    return f"{places[0]}<details><summary>{rest} more</summary>{'<br>'.join(places[1:])}</details>"


def _unknown(bom: Bom) -> Iterator[str]:
    if bom.unresolved:
        yield f'<section id="unresolved"><h2>Unresolved <small>{len(bom.unresolved)}</small></h2><p>Only a run would tell what these places load.</p><div class="scroll"><table><tbody>'
        for u in bom.unresolved[:500]:
            yield f"<tr><td>{u.kind}</td><td><code>{_text(u.expression)}</code></td><td><code>{_text(u.occurrence.place)}</code></td><td>{_text(u.reason)}</td></tr>"
        yield "</tbody></table></div></section>"
    unread = bom.coverage.unread
    yield f'<section id="coverage"><h2>Coverage</h2><p>{bom.coverage.files} files seen, {bom.coverage.read} read, {len(bom.coverage.excluded)} left out on purpose, {len(unread)} not read.</p>'
    if unread:
        yield "<ul>" + "".join(f"<li>{_text(s.reason)} <small>{_text(s.code)}</small></li>" for s in unread[:500]) + "</ul>"
    if bom.coverage.excluded:
        rows = "".join(f"<li><code>{_text(s.path)}</code> {_text(s.reason)}</li>" for s in bom.coverage.excluded[:500])
        yield f"<details><summary>left out</summary><ul>{rows}</ul></details>"
    yield "</section>"


add_format(Format(name="html", title="one self-contained page", media_type="text/html", suffix=".html", write=write))
