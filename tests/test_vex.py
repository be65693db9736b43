"""Decisions close problems only where they hold: for that problem, product, version and day; and what is exported reads back the same."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisory_makers import NOW, advisory, store
from lading.audit import purls, vex
from lading.audit.finding import Basis, Decision, Ground, Priority, Problem, Result, Status
from lading.audit.run import audit
from lading.audit.triage import expired, statements, triaged
from lading.audit.vex import cyclonedx, openvex
from lading.audit.vex.statement import JUSTIFICATIONS
from lading.audit.vex.vers import within
from lading.core.errors import ConfigError, FormatError
from lading.core.finding import Report
from lading.core.verdict import Answer
from lading.formats._registry import FORMATS
from lading.policy.settings import Settings, settings_in
from lading.versions import pep440

TODAY = NOW.date()
PILLOW = "pkg:pypi/pillow@9.0.0"


def openvex_document(**more: Any) -> dict[str, Any]:
    row = {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": PILLOW}], "status": "not_affected", "justification": "vulnerable_code_not_present", **more}  # fmt: skip
    return {"@context": "https://openvex.dev/ns/v0.2.0", "author": "acme", "timestamp": "2030-01-01T00:00:00Z", "statements": [row]}


def cyclonedx_document(**more: Any) -> dict[str, Any]:
    row = {"id": "CVE-1", "affects": [{"ref": "c1"}], "analysis": {"state": "not_affected", "justification": "code_not_present"}, **more}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "bom-ref": "c1", "name": "pillow", "purl": PILLOW}], "vulnerabilities": [row]}  # fmt: skip


def csaf_document(**more: Any) -> dict[str, Any]:
    row = {"cve": "CVE-1", "product_status": {"known_not_affected": ["whole"]}, "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["whole"]}], **more}  # fmt: skip
    tree = {
        "branches": [{"branches": [{"product": {"product_id": "part", "product_identification_helper": {"purl": PILLOW}}}]}],
        "relationships": [{"product_reference": "part", "relates_to_product_reference": "system", "full_product_name": {"product_id": "whole", "name": "x"}}],
    }  # fmt: skip
    head = {"category": "csaf_vex", "publisher": {"name": "acme"}, "tracking": {"current_release_date": "2030-01-01T00:00:00Z"}}
    return {"document": head, "product_tree": tree, "vulnerabilities": [row]}


def found(folder: Path, component: str = PILLOW) -> Result:
    made = store(folder, advisory("A-1", name="pillow", events=[{"introduced": "0"}, {"fixed": "10.0"}], aliases=["CVE-1"]))
    with made.open() as database:
        return audit(purls.read(component.encode(), "app"), database, NOW)


def after(folder: Path, document: dict[str, Any], component: str = PILLOW, today: date = TODAY) -> Result:
    return triaged(found(folder, component), vex.read(json.dumps(document).encode(), "vex.json"), today)


@pytest.mark.parametrize("document", [openvex_document(), cyclonedx_document(), csaf_document()], ids=["openvex", "cyclonedx", "csaf"])
def test_a_decision_closes_the_problem_of_its_product(tmp_path: Path, document: dict[str, Any]) -> None:
    result = after(tmp_path, document)
    assert result.answer() is Answer.ALLOW
    (problem,) = result.problems
    assert problem.decision is not None
    assert problem.decision.status is Status.NOT_AFFECTED
    assert problem.decision.reason


@pytest.mark.parametrize("document", [openvex_document(), cyclonedx_document(), csaf_document()], ids=["openvex", "cyclonedx", "csaf"])
def test_a_decision_closes_nothing_else(tmp_path: Path, document: dict[str, Any]) -> None:
    assert after(tmp_path, document, "pkg:pypi/pillow@9.1.0").answer() is Answer.REFUSE


SCOPES = {
    "any version": ([{"@id": "pkg:pypi/Pillow"}], True),
    "the version in another spelling": ([{"@id": "pkg:pypi/pillow@9.0"}], True),
    "another version": ([{"@id": "pkg:pypi/pillow@9.0.1"}], False),
    "a range": ([{"@id": "pkg:pypi/pillow?vers=vers:pypi/%3E%3D9%7C%3C9.5"}], True),
    "a range below": ([{"@id": "pkg:pypi/pillow?vers=vers:pypi/%3C9"}], False),
    "another package": ([{"@id": "pkg:pypi/pillow-simd@9.0.0"}], False),
    "another ecosystem": ([{"@id": "pkg:npm/pillow@9.0.0"}], False),
    "by identifier": ([{"@id": "urn:x", "identifiers": {"purl": PILLOW}}], True),
    "as a part of this system": ([{"@id": "pkg:generic/app", "subcomponents": [{"@id": PILLOW}]}], True),
    "as a part of another system": ([{"@id": "pkg:generic/other", "subcomponents": [{"@id": PILLOW}]}], False),
    "no product": ([], False),
    "a product that is none": ([{"@id": "pillow"}], False),
}


@pytest.mark.parametrize(("products", "closed"), SCOPES.values(), ids=SCOPES)
def test_a_decision_holds_for_its_product_and_versions(tmp_path: Path, products: list[Any], closed: Any) -> None:
    assert (after(tmp_path, openvex_document(products=products)).answer() is Answer.ALLOW) == closed


def test_a_decision_holds_until_its_last_day(tmp_path: Path) -> None:
    document = openvex_document(**{"lading:until": "2030-01-31"})
    assert after(tmp_path, document).answer() is Answer.ALLOW
    assert after(tmp_path, document, today=TODAY + timedelta(days=1)).answer() is Answer.REFUSE


def test_the_newest_decision_holds_and_of_two_the_one_that_leaves_it_open(tmp_path: Path) -> None:
    closing, opening = openvex_document(), openvex_document(status="affected", justification="")
    both = {**closing, "statements": [*closing["statements"], *opening["statements"]]}
    assert after(tmp_path, both).answer() is Answer.REFUSE
    both["statements"][0]["timestamp"] = "2030-01-02T00:00:00Z"
    assert after(tmp_path, both).answer() is Answer.ALLOW


WRONG: dict[str, Any] = {
    "no json": b"{",
    "another document": {"hello": 1},
    "a status that is none": openvex_document(status="fine"),
    "a justification that is none": openvex_document(justification="because"),
    "no reason": openvex_document(justification=""),
    "a day that is none": openvex_document(**{"lading:until": "soon"}),
    "a state that is none": cyclonedx_document(analysis={"state": "fine"}),
    "no reason in CycloneDX": cyclonedx_document(analysis={"state": "not_affected"}),
    "a product status that is none": csaf_document(product_status={"fine": ["whole"]}),
    "statements that are none": {"@context": "x", "statements": [1]},
    "nesting": b"[" * 100_000,
}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_a_document_that_is_wrong_is_refused_and_decides_nothing(document: Any) -> None:
    with pytest.raises(FormatError):
        vex.read(document if isinstance(document, bytes) else json.dumps(document).encode(), "vex.json")


def test_a_range_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        after(tmp_path, openvex_document(products=[{"@id": "pkg:pypi/pillow?vers=vers:pypi/%3E%3Dx"}]))


VERS = [("*", "1", True), ("1.0", "1", True), (">=1|<2", "1.5", True), (">=1|<2", "2", False), ("<2", "1", True), (">=1|<2|>=3", "2.5", False),
        (">=1|<2|>=3", "3.1", True), (">=1|!=1.5|<2", "1.5", False), ("1|2", "1.5", False), ("<=2", "2", True), (">2", "2", False)]  # fmt: skip


@pytest.mark.parametrize(("text", "version", "expected"), VERS)
def test_a_range_holds_what_it_says(text: str, version: str, expected: Any) -> None:
    assert within(f"vers:pypi/{text}", version, pep440.key) == expected


def settings(folder: Path, text: str) -> Settings:
    (folder / "lading.toml").write_text(text)
    return settings_in(folder / "lading.toml")


def test_a_decision_of_the_repository_closes_until_it_expires(tmp_path: Path) -> None:
    made = settings(tmp_path, f'[[decision]]\nid = "CVE-1"\ncomponent = "pkg:pypi/pillow"\nversions = "vers:pypi/<9.5"\nreason = "only our own images"\nexpires = {TODAY}\n')  # fmt: skip
    decisions = statements(made, tmp_path)
    assert triaged(found(tmp_path / "db"), decisions, TODAY).answer() is Answer.ALLOW
    assert triaged(found(tmp_path / "db"), decisions, TODAY + timedelta(days=1)).answer() is Answer.REFUSE
    assert expired(decisions, TODAY + timedelta(days=1))


@pytest.mark.parametrize("row", ['status = "fine"\nreason = "x"', 'justification = "x"\nreason = "x"', 'reason = " "'])
def test_a_decision_of_the_repository_that_is_wrong_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(ConfigError):
        statements(settings(tmp_path, f'[[decision]]\nid = "CVE-1"\ncomponent = "pkg:pypi/pillow"\n{row}\n'), tmp_path)


def test_the_settings_name_documents(tmp_path: Path) -> None:
    (tmp_path / "vex").mkdir()
    (tmp_path / "vex" / "one.json").write_text(json.dumps(openvex_document()))
    assert len(statements(settings(tmp_path, '[audit]\nvex = ["vex"]\n'), tmp_path)) == 1


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
decisions = st.builds(
    Decision,
    status=st.sampled_from(list(Status)),
    reason=words,
    justification=st.sampled_from(["", *sorted(JUSTIFICATIONS)]),
    until=st.sampled_from(["", "2030-02-01", "2031-12-31"]),
)
problems = st.builds(
    Problem,
    component=st.sampled_from([PILLOW, "pkg:npm/%40acme/web@1.2.3", "pkg:deb/debian/acme@1:1.0-1?distro=debian-12"]),
    name=words,
    version=st.just("1"),
    ecosystem=st.just("PyPI"),
    id=st.from_regex(r"[A-Z]{2,6}-[0-9]{1,6}", fullmatch=True),
    aliases=st.just(()),
    status=st.sampled_from([Status.AFFECTED, Status.UNDETERMINED]),
    basis=st.sampled_from(list(Basis)),
    priority=st.sampled_from(list(Priority)),
    severity=st.just("unknown"),
    decision=st.none() | decisions,
)


@given(listed=st.lists(problems, max_size=6, unique_by=lambda p: (p.component, p.id)))
@pytest.mark.parametrize("write", [openvex.write, cyclonedx.write_vex], ids=["openvex", "cyclonedx"])
def test_what_is_exported_reads_back_to_the_same_state(write: Any, listed: list[Problem]) -> None:
    ground = Ground(created="", generation=1, records=1, age="")
    result = Result(subject="app", created="2030-01-31T12:00:00Z", components=1, evaluated=1, problems=tuple(listed), database=ground)
    bare = Result(subject="app", created="", components=1, evaluated=1, problems=tuple(_bare(p) for p in listed), database=ground)
    again = triaged(bare, vex.read(write(result), "export"), TODAY)
    assert {(p.component, p.id): _state(p) for p in again.problems} == {(p.component, p.id): _state(p) for p in result.problems}


def _bare(problem: Problem) -> Problem:
    return Problem(**{f: getattr(problem, f) for f in problem.__struct_fields__ if f != "decision"})


def _state(problem: Problem) -> tuple[Any, ...]:
    decision = problem.decision
    status = decision.status if decision else problem.status
    why = (decision.reason, decision.justification, decision.until) if decision and status is Status.NOT_AFFECTED else None
    return problem.open, status, why


def test_the_vulnerabilities_of_a_bill_of_materials_are_valid_cyclonedx(tmp_path: Path) -> None:
    result = after(tmp_path, openvex_document())
    bom = purls.read(PILLOW.encode(), "app")
    format_ = FORMATS.load()["cyclonedx"]
    for document in (cyclonedx.write_vdr(result, format_.write(Report(bom=bom))), cyclonedx.write_vex(result)):
        assert format_.problems
        assert not list(format_.problems(document))
        assert vex.read(document, "vdr")[0].products[0].purl == PILLOW
