"""YAML, JSON and TOML give the standard parser's values, each with its physical line, within limits."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lading.core.errors import ExtractError, LimitError
from lading.core.limits import Limits
from lading.core.source import SourceFile
from lading.scan.folder import Folder
from lading.syntax.json import json_document, parse_json
from lading.syntax.node import Node, walk
from lading.syntax.toml import toml_document
from lading.syntax.yaml import parse_yaml, yaml_documents

SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), v, max_size=4), max_leaves=20
)


def a_file(folder: Path, name: str, text: str, limits: Limits | None = None) -> SourceFile:
    (folder / name).write_text(text, encoding="utf-8")
    file = Folder(folder, limits or Limits()).file(name)
    assert file is not None
    return file


class Anything:
    """A file of which only path and limits matter."""

    path = "a.json"
    limits = Limits()


@given(VALUES)
def test_json_is_read_as_the_standard_parser_reads_it(value: object) -> None:
    text = json.dumps(value, indent=1)
    assert parse_json(text, Anything()).plain() == json.loads(text)  # type: ignore[arg-type]


@given(VALUES)
def test_yaml_is_read_as_the_standard_parser_reads_it(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    (document,) = parse_yaml(text, Anything())  # type: ignore[arg-type]
    assert document.plain() == yaml.load(text, Loader=yaml.CSafeLoader)


def test_every_json_value_knows_its_line(tmp_path: Path) -> None:
    document = json_document(a_file(tmp_path, "a.json", '{\n "a": [1,\n  {"b": "x"}],\n "c":\n  true}\n'))
    assert [(n.line, n.plain()) for _, n in walk(document) if not isinstance(n.value, (list, dict))] == [(2, 1), (3, "x"), (5, True)]
    c = document.get("c")
    assert c is not None
    assert (c.key_line, c.line) == (4, 5)


def test_every_yaml_value_knows_its_line_and_its_spelling(tmp_path: Path) -> None:
    text = "a: &x\n  b: 1.10\n  c: |\n    text\n---\nd:\n  <<: {b: 2}\n  e: [on, 'on']\n"
    one, two = yaml_documents(a_file(tmp_path, "a.yaml", text))
    assert one.string("a", "b") == "1.10"
    assert one.get("a", "c").line == 4  # type: ignore[union-attr]
    assert two.plain() == {"d": {"b": 2, "e": [True, "on"]}}
    assert two.get("d", "e", 1).line == 8  # type: ignore[union-attr]


def test_every_toml_value_knows_its_line(tmp_path: Path) -> None:
    text = '[a]\nb = "x"\nc = [\n  "one",\n  "two",\n]\n[[d]]\ne = 1\n[[d]]\ne = 2\n[f.g]\nh = {i = "y"}\n'
    document = toml_document(a_file(tmp_path, "a.toml", text))
    assert document.plain() == tomllib.loads(text)
    lines = {".".join(map(str, p)): n.line for p, n in walk(document) if not isinstance(n.value, (list, dict))}
    assert lines == {"a.b": 2, "a.c.0": 4, "a.c.1": 5, "d.0.e": 8, "d.1.e": 10, "f.g.h.i": 12}


@pytest.mark.parametrize("text", ["", "{", '{"a"}', '{"a":1,}}', "[1,", "tru", '{"a": "b', '{"a": 1} 2', "{1: 2}", '["\\ud800x'])
def test_broken_json_is_a_sentence_with_a_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExtractError, match=r"a\.json:1 is not JSON"):
        json_document(a_file(tmp_path, "a.json", text))


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x", "a: &x [*y"])
def test_broken_yaml_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExtractError, match="is not YAML"):
        yaml_documents(a_file(tmp_path, "a.yaml", text))


def test_a_yaml_bomb_is_a_limit(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    with pytest.raises(LimitError, match="once its aliases are followed"):
        yaml_documents(a_file(tmp_path, "bomb.yaml", "\n".join(lines)))


def test_an_alias_that_holds_itself_is_refused_or_cut(tmp_path: Path) -> None:
    with pytest.raises(ExtractError):
        yaml_documents(a_file(tmp_path, "loop.yaml", "a: &a\n  b: *a\n"))


@pytest.mark.parametrize(("name", "text"), [("deep.yaml", "[" * 300 + "]" * 300), ("deep.json", "[" * 300 + "]" * 300)])
def test_depth_is_a_limit(tmp_path: Path, name: str, text: str) -> None:
    read = yaml_documents if name.endswith("yaml") else json_document
    with pytest.raises(LimitError, match="nests deeper than 200"):
        read(a_file(tmp_path, name, text))


def test_a_node_is_asked_by_path() -> None:
    node = Node({"a": Node([Node("x", 2, "x"), Node(None, 3)], 1)}, 1)
    assert node.string("a", 0) == "x"
    assert node.string("a", 1) == node.string("b") == node.string("a", 9) == node.string("a") == ""
    assert node.elements("a")[1].line == 3
    assert node.items("a") == [] == node.elements("b")
    assert [k for k, _ in node.items()] == ["a"]


def test_deep_toml_is_a_limit_and_no_crash(tmp_path: Path) -> None:
    for text in ("a." * 2_000 + "b = 1", "[" + "a." * 2_000 + "b]\nx = 1", "a = " + "[" * 250 + "]" * 250):
        with pytest.raises(ExtractError):
            toml_document(a_file(tmp_path, "x.toml", text))
