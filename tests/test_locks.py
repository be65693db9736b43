"""Locks: what is known of a newer version is read and the rest is told; no lock, however broken, is passed over in silence."""

import re
import shutil
from pathlib import Path

import pytest

from lading.catalog import lockfile
from lading.catalog.wishes import Wish, holding
from lading.core.kinds import Relation
from lading.scan import scan

CASES = Path(__file__).parent / "cases"
VERSIONED = {
    "uv.lock": ("uv_lock", r"^version = 1", "version = 99"),
    "poetry.lock": ("poetry_lock", r'lock-version = "[\d.]+"', 'lock-version = "99.0"'),
    "pdm.lock": ("pdm_lock", r'lock_version = "[\d.]+"', 'lock_version = "99.0"'),
    "Pipfile.lock": ("pipfile_lock", r'"pipfile-spec": \d+', '"pipfile-spec": 99'),
    "pylock.toml": ("pylock", r'lock-version = "[\d.]+"', 'lock-version = "99.0"'),
    "conda-lock.yml": ("conda_lock", r"^version: 1", "version: 99"),
    "pixi.lock": ("pixi_lock", r"^version: \d+", "version: 99"),
    "package-lock.json": ("package_lock", r'"lockfileVersion": \d+', '"lockfileVersion": 99'),
    "pnpm-lock.yaml": ("pnpm_lock", r"lockfileVersion: '?[\d.]+'?", "lockfileVersion: '99.0'"),
    "yarn.lock": ("yarn_lock--names", r"^  version: \d+$", "  version: 99"),
    "Cargo.lock": ("cargo_lock", r"^version = \d+", "version = 99"),
}
OTHERS = ("conda-linux-64.lock", "go.mod", "requirements.txt")


@pytest.mark.parametrize("name", VERSIONED)
def test_a_lock_of_a_later_version_is_read_as_far_as_it_is_known_and_that_is_told(name: str, tmp_path: Path) -> None:
    case, version, later = VERSIONED[name]
    text = (CASES / case / name).read_text()
    (tmp_path / "now").mkdir()
    (tmp_path / "later").mkdir()
    (tmp_path / "now" / name).write_text(text)
    (tmp_path / "later" / name).write_text(re.sub(version, later, text, count=1, flags=re.MULTILINE))
    now, then = scan(tmp_path / "now").bom, scan(tmp_path / "later").bom
    assert {c.ref for c in then.components} == {c.ref for c in now.components} != set()
    assert then.edges == now.edges
    assert [s for s in then.coverage.unread if "version 99" in s.reason and s.path == name]
    assert not [s for s in now.coverage.unread if "version" in s.reason]


@pytest.mark.parametrize("text", ["[]", '"words"', "{"], ids=["a list", "words", "cut short"])
@pytest.mark.parametrize("name", ["Pipfile.lock", "package-lock.json", "pnpm-lock.yaml", "conda-lock.yml", "pixi.lock"])
def test_a_document_that_is_no_lock_is_told(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert scan(tmp_path).bom.coverage.unread


@pytest.mark.parametrize("name", [*VERSIONED, *OTHERS])
def test_bytes_that_are_no_text_are_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"version = 1\n\xff\xfe\x80")
    assert [s.path for s in scan(tmp_path).bom.coverage.unread] == [name]


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "Cargo.lock"])
def test_a_package_without_a_name_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('[[package]]\nversion = "1.0"\n\n[[package]]\nname = "kept"\nversion = "1.0"\nsource = "registry+x"\n')
    bom = scan(tmp_path).bom
    assert [s.line for s in bom.coverage.unread if "without a name" in s.reason] == [1]
    assert any(c.name == "kept" for c in bom.components)


@pytest.mark.parametrize("text", ['<<<<<<< HEAD\na@1:\n  version "1"\n', "<html>\n  <p>not found\n", 'a@1:\n  resolved "x"\n'])
def test_what_is_no_package_of_a_yarn_lock_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "yarn.lock").write_text(text)
    assert scan(tmp_path).bom.coverage.unread


def test_a_line_of_go_mod_that_names_no_module_is_told(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/a\nrequire (\n\t// only words\n\texample.com/b\n\texample.com/c v1.0.0\n)\n")
    bom = scan(tmp_path).bom
    assert [s.line for s in bom.coverage.unread] == [4]
    assert any(c.name == "example.com/c" for c in bom.components)


def test_packages_that_need_each_other_are_edges_in_both_directions(tmp_path: Path) -> None:
    rows = "".join(f'[[package]]\nname = "{a}"\nversion = "1.0"\ndependencies = ["{b}"]\n' for a, b in ("ab", "ba"))
    (tmp_path / "pdm.lock").write_text(rows)
    assert {(e.source, e.target) for e in scan(tmp_path).bom.edges} == {
        ("pkg:pypi/a@1.0", "pkg:pypi/b@1.0"),
        ("pkg:pypi/b@1.0", "pkg:pypi/a@1.0"),
    }


def test_a_package_that_stands_twice_is_one_component_with_both_places(tmp_path: Path) -> None:
    row = '[[package]]\nname = "a"\nversion = "1.0"\n'
    (tmp_path / "pdm.lock").write_text(row + row)
    (one,) = (c for c in scan(tmp_path).bom.components if c.name == "a")
    assert [o.line for o in one.occurrences] == [2, 5]


@pytest.mark.parametrize("name", ["pnpm-lock.yaml", "conda-lock.yml", "pixi.lock", "environment.yml"])
def test_aliases_that_multiply_are_told_not_followed(name: str, tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / name).write_text("dependencies:\n- python\n" * (name == "environment.yml") + "\n".join(lines) + "\n")
    assert [s.code for s in scan(tmp_path).bom.coverage.unread] == ["LD201"]


def test_anchors_of_a_lock_are_followed(tmp_path: Path) -> None:
    (tmp_path / "pnpm-lock.yaml").write_text(
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: &held\n    resolution: {integrity: sha1-BBBBAAAAAAAAAAAAAAAAAAAAAAA=}\n  b@1.0.0: *held\n"
    )
    packages = (c for c in scan(tmp_path).bom.components if c.upstream == "npm")
    assert {c.name: str(c.files[0].digest)[:12] for c in packages} == {"a": "sha1:0410410", "b": "sha1:0410410"}


def test_wishes_of_an_extra_hold_only_where_it_is_asked_for_however_far_away() -> None:
    packages = [
        ("a", [Wish("b", extras=("x",))]),
        ("b", [Wish("c", when=("x",), extras=("y",)), Wish("d", when=("z",))]),
        ("c", [Wish("d", when=("y",))]),
    ]
    assert [[w.name for w in held] for held in holding(packages)] == [["b"], ["c"], ["d"]]


def test_a_chain_of_extras_costs_what_it_is_long() -> None:
    packages = [(str(n), [Wish(str(n + 1), when=("x",) if n else (), extras=("x",))]) for n in range(50_000)]
    assert all(holding(packages))


def test_a_lock_with_more_needs_than_anybody_writes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockfile, "MOST_EDGES", 5)
    rows = "".join(f'[[package]]\nname = "a{n}"\nversion = "1"\ndependencies = ["a0", "a1", "a2"]\n' for n in range(4))
    (tmp_path / "pdm.lock").write_text(rows)
    bom = scan(tmp_path).bom
    assert len(bom.edges) <= 5
    assert [s.code for s in bom.coverage.unread] == ["LD201"]


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock"])
def test_a_lock_with_more_versions_of_a_name_than_anybody_holds_is_told(name: str, tmp_path: Path) -> None:
    rows = "".join(f'[[package]]\nname = "many"\nversion = "{n}"\n' for n in range(60))
    (tmp_path / name).write_text(rows + '[[package]]\nname = "one"\nversion = "1"\n')
    assert ["60 versions of many" in s.reason for s in scan(tmp_path).bom.coverage.unread] == [True]


def test_requirements_in_a_folder_at_the_root_are_read(tmp_path: Path) -> None:
    shutil.copytree(CASES / "requirements_txt--folder" / "requirements", tmp_path / "requirements")
    assert [c.name for c in scan(tmp_path).bom.components] == ["rich"]


def test_a_package_of_a_repository_keeps_its_name_and_tells_the_repository(tmp_path: Path) -> None:
    shutil.copy(CASES / "cargo_lock--repositories" / "Cargo.lock", tmp_path)
    bom = scan(tmp_path).bom
    crates = {c.ref for c in bom.components if c.upstream == "cargo" and "vcs_url" in c.purl}
    fetched = {e.source: e.target for e in bom.edges if e.relation is Relation.FETCHED_FROM}
    assert len(crates) == 2
    assert fetched == dict.fromkeys(crates, "pkg:github/acme/arrow-rs@0123456789abcdef0123456789abcdef01234567")
