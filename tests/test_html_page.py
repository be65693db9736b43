"""The page holds whatever a scan can find, and nothing that was found can act in it."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence, Unresolved
from lading.core.coverage import Coverage, Skipped
from lading.core.finding import Finding, Report, Rule
from lading.core.kinds import Flag, Kind, Pin, Relation, Scope, Severity
from lading.formats.html.graph import MOST_ROWS as DRAWN
from lading.formats.html.page import write
from lading.render.markup import tag

HOSTILE = "</script><img src=x onerror=alert(1)>\"'\x1b[31m\u202e<svg/onload=alert(2)>"
RULE = Rule(id="a-rule", title="A rule", severity=Severity.HIGH, why="Because.", fix="Do it.", references=("javascript:alert(3)",))


class Elements(HTMLParser):
    """Every element with its attributes, and what is open at the end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report_named(name: str) -> Report:
    place = Occurrence(path=name, line=3, symbol=name, written=name, cell=1, cell_line=2)
    model = Component(
        kind=Kind.MODEL, name=name, upstream=name, version=name, purl=f"pkg:generic/{name}", occurrences=(place,), flags=(Flag.REMOTE_CODE,)
    )
    adapter = Component(kind=Kind.ADAPTER, name=f"a{name}", url=name, occurrences=(place,) * 60)
    finding = Finding(rule="a-rule", severity=Severity.HIGH, message=name, component=model.ref, occurrences=(place,), hint=name)
    bom = Bom(
        subject=Component(kind=Kind.SYSTEM, name=name),
        components=(model, adapter),
        edges=(Edge(adapter.ref, Relation.DERIVED_FROM, model.ref),),
        unresolved=(Unresolved(Kind.MODEL, name, place, name),),
        coverage=Coverage(files=2, read=1, excluded=(Skipped(name, name),), unread=(Skipped(name, name, "LD200"),)),
        created=name,
    )
    accepted = Finding(rule="a-rule", severity=Severity.LOW, message=name, accepted=name)
    return Report(bom=bom, findings=(finding, accepted), rules=(RULE,))


def test_a_hostile_name_stays_text_everywhere_on_the_page() -> None:
    elements = Elements(write(report_named(HOSTILE)).decode())
    assert elements.open == []
    assert [name for name, _ in elements.found if name in {"img", "iframe", "object", "link", "base"}] == []
    assert sum(name == "script" for name, _ in elements.found) == 1
    assert not [key for _, attributes in elements.found for key in attributes if key.startswith("on") or key == "style"]
    assert all((a.get("href") or "#").startswith("#") for _, a in elements.found)


@given(st.text(max_size=40))
def test_any_name_gives_a_page_whose_elements_close(name: str) -> None:
    assert Elements(write(report_named(name)).decode()).open == []


def test_the_page_needs_nothing_from_outside_and_allows_only_its_own_style_and_script() -> None:
    page = write(report_named("acme/assistant")).decode()
    policy = next(a["content"] for name, a in Elements(page).found if a.get("http-equiv") == "Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", policy)) == 2
    assert "unsafe" not in policy
    assert "url(" not in page.replace("url(#arrow)", "")


def test_the_page_reads_without_scripts() -> None:
    page = write(report_named("acme/assistant"))
    assert b'id="filters" hidden' in page
    assert page.count(b" hidden") == 1


def test_the_same_report_is_the_same_page() -> None:
    assert write(report_named("acme/assistant")) == write(report_named("acme/assistant"))


def test_the_graph_stays_small_and_says_what_it_leaves_out() -> None:
    place = (Occurrence(path="train.py", line=1, scope=Scope.TRAIN),)
    models = tuple(Component(kind=Kind.MODEL, name=f"acme/model-{n:04}", upstream="huggingface", occurrences=place) for n in range(3000))
    libraries = tuple(Component(kind=Kind.LIBRARY, name=f"library-{n}", upstream="pypi", pin=Pin.EXACT) for n in range(3000))
    page = write(Report(bom=Bom(subject=Component(kind=Kind.SYSTEM, name="large"), components=models + libraries))).decode()
    picture = page.partition('<section id="graph"')[2].partition("</svg>")[0]
    assert picture.count("<circle") == DRAWN + 2
    assert "2990 more" in picture
    assert "3,000 libraries" in picture
    assert "2000 more artifacts are in the JSON document" in page


def test_an_empty_report_says_so() -> None:
    page = write(Report(bom=Bom(subject=Component(kind=Kind.SYSTEM, name="nothing")))).decode()
    assert "No rule objects to anything that was read." in page
    assert "<svg viewBox=" not in page


def test_an_element_escapes_what_is_not_markup() -> None:
    assert tag("p", "a < b", tag("b", "&"), title='"', hidden=True, lang=None) == '<p title="&quot;" hidden>a &lt; b<b>&amp;</b></p>'
