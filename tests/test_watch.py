"""A look tells what is new, changed and closed since the last one, once, and asks about nothing that did not change."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from advisory_makers import NOW, advisory, later, store
from lading.advisories.store import Store
from lading.audit import purls
from lading.audit.finding import Status
from lading.audit.run import audit
from lading.audit.vex.statement import Product, Statement
from lading.cli.audit import load
from lading.cli.watch import command
from lading.core.errors import DatabaseError
from lading.watch.run import FILE, Decisions, Event, Look, look
from lading.watch.store import Watched

ONE = advisory("A-1", events=[{"introduced": "0"}, {"fixed": "2.0"}])


@pytest.fixture
def boms(tmp_path: Path) -> Path:
    folder = tmp_path / "boms"
    folder.mkdir()
    (folder / "web.txt").write_text("pkg:pypi/acme@1.0\npkg:pypi/other@1.0\n")
    (folder / "job.txt").write_text("pkg:pypi/acme@1.0\npkg:pypi/acme@3.0\n")
    return folder


def seen(made: Store, folder: Path, *, commit: bool = True, decisions: Decisions | None = None) -> Look:
    with made.open() as database, Watched(folder / FILE).guarded() as watched:
        found = look(watched, folder, database, load, decisions)
        if commit:
            watched.commit(database.header.generation)
        return found


def told(found: Look) -> list[tuple[Any, ...]]:
    return [(c.event, c.component, c.ids[0], c.systems) for c in found.changes]


def test_a_problem_is_told_once_with_every_system(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    assert told(seen(made, boms)) == [(Event.NEW, "pkg:pypi/acme@1.0", "A-1", ("job.txt", "web.txt"))]
    again = seen(made, boms)
    assert (again.changes, again.asked) == ((), 0)


def test_only_what_a_change_touches_is_asked_about(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    seen(made, boms)
    store(tmp_path / "db", advisory("A-2", name="other", versions=["1.0"]), now=later(1))
    found = seen(made, boms)
    assert told(found) == [(Event.NEW, "pkg:pypi/other@1.0", "A-2", ("web.txt",))]
    assert found.asked == 1


def test_a_withdrawn_record_closes_and_a_changed_one_changes(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE, advisory("A-3", name="third", versions=["1"]))
    seen(made, boms)
    more = advisory("A-1", events=[{"introduced": "0"}, {"fixed": "2.1"}])
    store(tmp_path / "db", {**more, "modified": "2030-02-01T00:00:00Z"}, now=later(2))
    (change,) = seen(made, boms).changes
    assert (change.event, change.fixed_in, "2.0" in change.before) == (Event.CHANGED, "2.1", True)
    gone = {**ONE, "modified": "2030-02-02T00:00:00Z", "withdrawn": "2030-02-02T00:00:00Z"}
    store(tmp_path / "db", gone, now=later(3))
    assert told(seen(made, boms)) == [(Event.CLOSED, "pkg:pypi/acme@1.0", "A-1", ("job.txt", "web.txt"))]


def test_another_id_of_a_known_problem_is_nothing_new(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", advisory("PYSEC-1", events=[{"introduced": "0"}, {"fixed": "2.0"}], aliases=["CVE-1"]))
    seen(made, boms)
    store(tmp_path / "db", advisory("GHSA-1", events=[{"introduced": "0"}, {"fixed": "2.0"}], aliases=["CVE-1"]), now=later(1))
    assert seen(made, boms).changes == ()


def test_a_look_that_was_not_kept_is_made_again(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    first = seen(made, boms, commit=False)
    assert told(seen(made, boms)) == told(first)


def test_documents_come_change_and_go(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    seen(made, boms)
    (boms / "new.txt").write_text("pkg:pypi/acme@1.5\n")
    (boms / "job.txt").unlink()
    found = seen(made, boms)
    assert told(found) == [(Event.NEW, "pkg:pypi/acme@1.5", "A-1", ("new.txt",))]
    assert (found.documents, found.read) == (2, 1)
    store(tmp_path / "db", {**ONE, "modified": "2030-02-02T00:00:00Z", "withdrawn": "2030-02-02T00:00:00Z"}, now=later(3))
    assert [c.systems for c in seen(made, boms).changes] == [("web.txt",), ("new.txt",)]


def test_a_document_with_a_known_problem_is_told_and_the_others_are_not(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    seen(made, boms)
    (boms / "late.txt").write_text("pkg:pypi/acme@1.0\n")
    assert told(seen(made, boms)) == [(Event.NEW, "pkg:pypi/acme@1.0", "A-1", ("late.txt",))]


def test_a_document_scanned_anew_tells_only_what_came_and_what_left(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE, advisory("A-2", name="other", versions=["1.0", "1.1"]))
    seen(made, boms)
    (boms / "web.txt").write_text("pkg:pypi/acme@3.0\npkg:pypi/other@1.0\npkg:pypi/other@1.1\n")
    assert told(seen(made, boms)) == [
        (Event.NEW, "pkg:pypi/other@1.1", "A-2", ("web.txt",)),
        (Event.CLOSED, "pkg:pypi/acme@1.0", "A-1", ("web.txt",)),
    ]
    store(tmp_path / "db", {**ONE, "modified": "2030-02-02T00:00:00Z", "withdrawn": "2030-02-02T00:00:00Z"}, now=later(3))
    assert told(seen(made, boms)) == [(Event.CLOSED, "pkg:pypi/acme@1.0", "A-1", ("job.txt",))]


def test_what_was_decided_is_closed_until_the_decision_expires(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE)
    seen(made, boms)
    product = Product("pkg:pypi/acme", within="web.txt")
    row = Statement(ids=frozenset({"A-1"}), products=(product,), status=Status.NOT_AFFECTED, reason="never called", until=NOW.date())
    for day, expected in ((NOW, [(Event.CLOSED, ("web.txt",))]), (NOW, []), (later(1), [(Event.NEW, ("web.txt",))]), (later(2), [])):
        found = seen(made, boms, decisions=Decisions((row,), day.date()))
        assert [(c.event, c.systems) for c in found.changes] == expected, day


def test_what_is_decided_from_the_beginning_is_never_told(tmp_path: Path, boms: Path) -> None:
    (boms / "lading.toml").write_text(
        '[audit]\nvex = ["vex"]\n\n[[decision]]\nid = "A-1"\ncomponent = "pkg:pypi/acme"\nreason = "never called"\n'
    )
    (boms / "vex").mkdir()
    made = store(tmp_path / "db", ONE, now=later(-3000))
    done = run(boms, made)
    assert (done.return_value, done.stdout) == (0, "")


def test_a_look_says_what_an_audit_says(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE, advisory("MAL-1", name="other", events=[{"introduced": "0"}]))
    found = {(c.component, c.ids) for c in seen(made, boms).changes if "web.txt" in c.systems}
    with made.open() as database:
        result = audit(purls.read((boms / "web.txt").read_bytes(), "web.txt"), database, NOW)
    assert found == {(p.component, p.ids) for p in result.problems}


def test_bytes_that_turn_out_bad_are_found_in_what_is_stored(tmp_path: Path, boms: Path) -> None:
    bad = "ab" * 32
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "file", "name": "weights", "hashes": [{"alg": "SHA-256", "content": bad}]}]}  # fmt: skip
    (boms / "model.json").write_text(json.dumps(document))
    made = store(tmp_path / "db", ONE)
    seen(made, boms)
    record = {**advisory("LDX-1", "Hugging Face", "a/b", versions=["1" * 40]), "database_specific": {"lading": {"indicators": [{"kind": "sha256", "value": bad}]}}}  # fmt: skip
    store(tmp_path / "db", record, now=later(1))
    assert [(c.ids[0], c.systems) for c in seen(made, boms).changes] == [("LDX-1", ("model.json",))]


def run(folder: Path, made: Store, *more: str) -> Any:
    return CliRunner().invoke(command, [str(folder), "--once", "-d", str(made.folder), "--max-age", "9999d", *more], standalone_mode=False)


def test_the_command_tells_and_then_is_silent(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE, now=later(-3000))
    done = run(boms, made)
    assert (done.return_value, "new: pkg:pypi/acme@1.0: unknown A-1, fixed in 2.0" in done.output) == (3, True)
    again = run(boms, made, "-f", "json")
    assert (again.return_value, json.loads(again.output)["changes"]) == (0, [])


def test_a_document_that_cannot_be_read_is_told_each_time(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", ONE, now=later(-3000))
    run(boms, made)
    (boms / "broken.json").write_text("{")
    for _ in range(2):
        done = run(boms, made)
        assert (done.return_value, "broken.json" in done.output + done.stderr) == (4, True)


def test_a_stale_database_is_no_reason_to_be_calm(tmp_path: Path, boms: Path) -> None:
    made = store(tmp_path / "db", advisory("A-9", name="far", versions=["1"]), now=later(-3000))
    done = CliRunner().invoke(command, [str(boms), "--once", "-d", str(made.folder)], standalone_mode=False)
    assert done.return_value == 4


def test_a_state_that_is_none_is_a_sentence(tmp_path: Path, boms: Path) -> None:
    (boms / FILE).write_text("no database" * 100)
    with pytest.raises(DatabaseError):
        seen(store(tmp_path / "db", ONE), boms)
