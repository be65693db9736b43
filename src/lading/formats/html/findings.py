"""Findings on the page: the three that matter most, then all by rule, then the accepted ones with their reasons."""

from lading.core.finding import Finding, Report, Rule
from lading.render.markup import Html, tag

MOST_SHOWN = 200
MOST_PLACES = 3


def first_three(report: Report) -> Html:
    """One card for each of the three worst rules: what, where and what to do."""
    cards = [_card(name, found) for name, found in list(_by_rule(report.open).items())[:3]]
    if not cards:
        return tag("section", tag("h2", "Findings"), tag("p", "No rule objects to anything that was read."), id="findings")
    return tag("section", tag("h2", "Most important"), tag("div", *cards, class_="important"))


def findings(report: Report) -> Html:
    """All open findings, folded by rule."""
    rules = {rule.id: rule for rule in report.rules}
    blocks = [_block(name, rules.get(name), found) for name, found in _by_rule(report.open).items()]
    return tag("section", tag("h2", f"Findings ({len(report.open)})"), *blocks, id="findings") if blocks else Html("")


def accepted(report: Report) -> Html:
    """Findings that somebody accepted, with the reason given."""
    rows = [tag("li", tag("code", f.rule), f" {f.message}. Accepted: ", tag("i", f.accepted)) for f in report.findings if f.accepted]
    return tag("section", tag("h2", f"Accepted findings ({len(rows)})"), tag("ul", *rows), id="accepted") if rows else Html("")


def _card(rule: str, found: list[Finding]) -> Html:
    first = found[0]
    more = tag("a", f" and {len(found) - 1} more", href=f"#rule-{rule}") if len(found) > 1 else Html("")
    return tag(
        "article",
        _severity(first),
        tag("h3", first.message, more),
        _places(first, 1),
        tag("p", first.hint, class_="hint"),
    )


def _block(name: str, rule: Rule | None, found: list[Finding]) -> Html:
    title = rule.title if rule else name
    summary = tag("summary", _severity(found[0]), tag("b", title), tag("span", f" {len(found)}", class_="quiet"))
    why = [tag("p", rule.why), tag("p", rule.fix, class_="hint"), _references(rule)] if rule else []
    rows = [tag("li", f.message, " ", _places(f, MOST_PLACES)) for f in found[:MOST_SHOWN]]
    rest = f"… and {len(found) - MOST_SHOWN} more; the JSON document has them all." if len(found) > MOST_SHOWN else ""
    return tag("details", summary, *why, tag("ul", *rows), tag("p", rest, class_="quiet") if rest else "", id=f"rule-{name}")


def _references(rule: Rule) -> Html:
    links = [tag("a", url, href=url, rel="noreferrer noopener") for url in rule.references if url.startswith("https://")]
    return tag("p", *(x for link in links for x in (link, tag("br"))), class_="quiet") if links else Html("")


def _places(finding: Finding, most: int) -> Html:
    shown = [tag("code", o.place) for o in finding.occurrences[:most]]
    rest = len(finding.occurrences) - most
    more = f"and {rest} more {'place' if rest == 1 else 'places'}" if rest > 0 else ""
    return tag("span", *(x for code in shown for x in (code, " ")), more, class_="places")


def _severity(finding: Finding) -> Html:
    return tag("span", finding.severity.value, class_=f"severity {finding.severity.value}")


def _by_rule(found: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        groups.setdefault(finding.rule, []).append(finding)
    return groups
