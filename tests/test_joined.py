"""Licenses are SPDX expressions where words or texts are clear, an image joins what names it with what it holds, and a new source is told."""

from importlib.metadata import distributions
from pathlib import Path

import pytest

from lading.bom.diff import difference
from lading.bom.join import join
from lading.catalog import license_words as licenses
from lading.cli.audit import load
from lading.core.bom import Bom
from lading.core.component import Component
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
