"""Inspection: what must be flagged is flagged, with its reason; what the formats allow is benign; nothing raises."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks import samples
from attacks.registry import Sample
from lading.core.inspection import Grade, verdict
from lading.inspect import inspect_all, inspect_bytes, inspect_path
from lading.inspect.report import as_json, as_report
from lading.scanners._rules import inspection_rules

SAMPLES = samples()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.family}/{s.name}"[:80])
def test_every_sample_gets_the_verdict_that_is_right(sample: Sample, tmp_path: Path) -> None:
    inspections = list(inspect_all([sample.write(tmp_path)]))
    told = [(o.rule, o.message) for i in inspections for o in i.observations]
    assert verdict(inspections) in sample.right, told
    assert all(o.rule != "scanner-failed" for i in inspections for o in i.observations), told


def test_every_rule_that_is_used_has_its_words() -> None:
    known = inspection_rules()
    used = {
        o.rule
        for s in SAMPLES
        if "bomb" not in s.name and isinstance(content := s.make(), bytes)
        for o in inspect_bytes(content, s.file).observations
    }
    assert used <= set(known)
    assert all(r.title and r.why and r.fix for r in known.values())


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_never_benign_without_being_read_and_never_raise(data: bytes) -> None:
    result = inspect_bytes(data, "model.bin")
    assert all(o.rule != "scanner-failed" for o in result.observations), result
    if result.grade is Grade.BENIGN:
        assert result.covered.unread == 0


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([s for s in SAMPLES if s.family.startswith("pickle")]), st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_never_makes_a_scanner_fail(sample: Sample, place: int, value: int) -> None:
    content = sample.make()
    assert isinstance(content, bytes)
    data = bytearray(content[:20_000])
    data[place % len(data)] = value
    assert all(o.rule != "scanner-failed" for o in inspect_bytes(bytes(data), sample.file).observations)


def test_the_place_of_an_effect_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"cos\nsystem\n(S'echo lading-marker'\ntR.")
    seen = inspect_path(path).observations[0]
    assert (seen.rule, seen.offset, seen.callable, seen.arguments, seen.effect) == (
        "pickle-dangerous-global", 0, "os.system", "('echo lading-marker')", "execute"
    )  # fmt: skip
    assert "CWE-502" in seen.references


def test_what_is_not_there_or_no_file_is_unscannable(tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    os.mkfifo(tmp_path / "pipe")
    assert inspect_path(tmp_path / "pipe").grade is Grade.UNSCANNABLE
    assert inspect_path(tmp_path / "missing").grade is Grade.UNSCANNABLE
    assert verdict([]) is Grade.UNSCANNABLE


def test_names_are_never_echoed_raw(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\nb.pkl").write_bytes(b"cos\nsystem\x1b[2J\n.")
    text = as_json(list(inspect_all([tmp_path]))).decode()
    assert "\\u001b" not in text
    assert "\x1b" not in text


def test_the_document_has_verdict_ruleset_and_coverage(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02}.")
    document = json.loads(as_json(list(inspect_all([tmp_path]))))
    assert document["verdict"] == "benign"
    assert document["ruleset"].startswith("0.")
    assert document["files"][0]["covered"] == {"read": 4, "inert": 0, "unread": 0}
    assert document["files"][0]["digest"].startswith("sha256:")


def test_a_report_names_only_rules_that_it_uses(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n.")
    report = as_report(list(inspect_all([tmp_path])))
    assert {f.rule for f in report.findings} == {r.id for r in report.rules} == {"pickle-dangerous-global"}


HARMLESS_PYTHON = {
    "a variable named like a module": "def tokens(code):\n    return code.lower()\n",
    "a list named like a module": "def f():\n    code = []\n    code.append(1)\n    return code\n",
    "attributes as the base looks them up": "class C:\n    def __getattribute__(self, n):\n        return super().__getattribute__(n)\n",
    "the order of bases": "def f(c):\n    return [b for b in type(c).__mro__]\n",
}


@pytest.mark.parametrize("source", HARMLESS_PYTHON.values(), ids=HARMLESS_PYTHON)
def test_a_name_that_only_looks_like_danger_is_none(source: str) -> None:
    assert inspect_bytes(source.encode(), "helpers.py").grade is Grade.BENIGN


DANGEROUS_PYTHON = {
    "a module by its name": "code = __import__('code')\ncode.interact()\n",
    "a module that is handed in": "def f(os):\n    os.system('true')\nf(__import__('os'))\n",
    "all classes there are": "x = ().__class__.__mro__[1].__subclasses__()\n",
    "an alias": "import code as c\nc.interact()\n",
}


@pytest.mark.parametrize("source", DANGEROUS_PYTHON.values(), ids=DANGEROUS_PYTHON)
def test_a_name_that_hides_danger_is_found(source: str) -> None:
    assert inspect_bytes(source.encode(), "modeling_x.py").grade is Grade.MALICIOUS
