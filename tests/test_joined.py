"""Licenses are SPDX expressions where words or texts are clear, an image joins what names it with what it holds, and a new source is told."""

from importlib.metadata import distributions
from pathlib import Path

import pytest
from click.testing import CliRunner

from lading.bom.diff import difference
from lading.bom.join import join
from lading.bom.why import direct, paths
from lading.catalog import license_words as licenses
from lading.cli.audit import load
from lading.cli.bom import command
from lading.cli.output import format_for
from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.finding import Report
from lading.core.kinds import Kind, Relation
from lading.scan import scan
from test_image import LAYERS, image

WORDS = [
    ("MIT License", "MIT"),
    ("Apache License, Version 2.0", "Apache-2.0"),
    ("3-Clause BSD License", "BSD-3-Clause"),
    ("mit or apache-2.0", "MIT OR Apache-2.0"),
    ("BSD", ""),
    ("Dual License", ""),
    ("see the file", ""),
    ("x" * 5000, ""),
]


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_words_are_an_expression_or_nothing(words: str, expected: str) -> None:
    assert licenses.expression(words) == expected


def test_the_texts_of_what_is_installed_here_are_what_their_metadata_states() -> None:
    """Each text of a distribution that states one known license is taken for that license, or for none: never for another."""
    known = {name for name, _ in licenses._TEXTS}
    right = 0
    for one in distributions():
        stated = licenses.expression(str(one.metadata.json.get("license_expression", "")))
        texts = [f for f in one.files or () if f.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and ".dist-info" in str(f)]
        if stated in known and len(texts) == 1 and Path(str(texts[0].locate())).is_file():
            found = licenses.of_text(Path(str(texts[0].locate())).read_text(errors="replace"))
            assert found in {stated, ""}, (one.name, texts)
            right += found == stated
    assert right > 10


def test_an_image_that_a_repository_names_is_joined_to_what_it_holds(tmp_path: Path) -> None:
    held = load(image(tmp_path / "image", *LAYERS))
    (digest,) = held.subject.digests
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/compose.yaml").write_text(f"services:\n  web:\n    image: registry.example/team/web@{digest}\n")
    both = join([scan(tmp_path / "repo").bom, held])
    (named,) = [c for c in both.components if c.kind is Kind.IMAGE]
    inside = {e.target for e in both.edges if e.source == named.ref and e.relation is Relation.CONTAINS}
    assert inside == {c.ref for c in held.components}
    alone = join([scan(tmp_path / "repo").bom, Bom(subject=Component(kind=Kind.SYSTEM, name="other"), components=held.components)])
    assert not [e for e in alone.edges if e.source == named.ref]


def test_the_same_name_from_another_source_is_told() -> None:
    def bom(upstream: str, url: str = "") -> Bom:
        system = Component(kind=Kind.SYSTEM, name="s")
        return Bom(subject=system, components=(Component(kind=Kind.LIBRARY, name="acme", upstream=upstream, version="1", url=url),))

    (moved,) = difference(bom("pypi"), bom("github")).moved
    assert (moved.what, moved.before, moved.after) == ("source", "pypi", "github")
    assert not difference(bom("pypi"), bom("github")).added
    (other,) = difference(bom("pypi", "https://a.example/x"), bom("pypi", "https://b.example/x")).moved
    assert other.what == "source"


def _bom(*edges: tuple[str, str]) -> Bom:
    names = sorted({n for e in edges for n in e} - {"s"})
    components = tuple(Component(kind=Kind.LIBRARY, name=n, upstream="pypi", purl=f"pkg:pypi/{n}@1") for n in names)
    system = Component(kind=Kind.SYSTEM, name="s")
    refs = {"s": system.ref, **{c.name: c.ref for c in components}}
    return Bom(subject=system, components=components, edges=tuple(Edge(refs[a], Relation.DEPENDS_ON, refs[b]) for a, b in edges))


WAYS: dict[str, tuple[tuple[tuple[str, str], ...], list[str], list[str]]] = {
    "itself chosen": ((("s", "x"),), ["s x"], ["x"]),
    "the shorter of two": ((("s", "a"), ("a", "b"), ("b", "x"), ("s", "c"), ("c", "x")), ["s c x"], ["c"]),
    "two of one length": ((("s", "a"), ("a", "x"), ("s", "b"), ("b", "x")), ["s a x", "s b x"], ["a", "b"]),
    "carried and needed": ((("s", "a"), ("a", "x"), ("a", "x")), ["s a x"], ["a"]),
    "in a circle": ((("s", "a"), ("a", "x"), ("x", "a"), ("x", "x")), ["s a x"], ["a"]),
    "nobody says who chose it": ((("a", "b"), ("b", "x")), ["a b x"], ["a"]),
    "nothing leads to it": ((("x", "a"),), [], []),
}


@pytest.mark.parametrize(("edges", "ways", "chosen"), WAYS.values(), ids=WAYS)
def test_the_shortest_ways_lead_to_it_and_the_chosen_one_is_named(
    edges: tuple[tuple[str, str], ...], ways: list[str], chosen: list[str]
) -> None:
    bom = _bom(*edges)
    short = {bom.subject.ref: "s", **{c.ref: c.name for c in bom.components}}
    found = paths(bom, "pkg:pypi/x@1")
    assert [" ".join(short[r] for r in way) for way in found] == ways
    assert [short[r] for r in direct(found, bom.subject.ref)] == chosen


def test_the_command_explains_a_document(tmp_path: Path) -> None:
    chosen = format_for("json", None)
    assert chosen
    (tmp_path / "bom.json").write_bytes(chosen.write(Report(bom=_bom(("s", "a"), ("a", "x")))))
    done = CliRunner().invoke(command, ["why", str(tmp_path / "bom.json"), "x"], standalone_mode=False)
    lines = [line.split(maxsplit=2) for line in done.output.splitlines()]
    assert "pkg:pypi/a@1 → pkg:pypi/x@1" in done.output
    assert ["to", "raise", "pkg:pypi/a@1"] in lines
    assert ["needed", "by", "pkg:pypi/a@1"] in lines, "an edge is told from the side of what is explained"
