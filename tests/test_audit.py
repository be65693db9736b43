"""An audit finds what is known, tells on which basis, and never calls clean what was not evaluated."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from advisory_makers import NOW, advisory, later, store
from lading.advisories.intervals import Bounds, compiled_together
from lading.advisories.osv import Affected, Event, Package, Range
from lading.advisories.store import Store
from lading.audit import purls
from lading.audit.finding import Basis, Priority, Result, Status
from lading.audit.match import Matcher
from lading.audit.run import audit
from lading.audit.subject import Subject
from lading.cli.audit import command
from lading.cli.bom import parse
from lading.core.verdict import Answer
from lading.versions import pep440

ZERO_TO_TWO = [{"introduced": "0"}, {"fixed": "2.0"}]


def ask(made: Store, *wanted: str, now: datetime = NOW) -> Result:
    with made.open() as database:
        return audit(purls.read("\n".join(wanted).encode(), "list.txt"), database, now)


FAIL_OPEN = {
    "a database that is empty": ([], ["pkg:pypi/acme@1.0"], 0),
    "a database that is stale": ([advisory("A-1", name="other", events=ZERO_TO_TWO)], ["pkg:pypi/acme@1.0"], 30),
    "a database from the future": ([advisory("A-1", name="other", events=ZERO_TO_TWO)], ["pkg:pypi/acme@1.0"], -30),
    "an ecosystem nobody knows": ([advisory("A-1", events=ZERO_TO_TWO)], ["pkg:nobody/acme@1.0"], 0),
    "an ecosystem without records": ([advisory("A-1", events=ZERO_TO_TWO)], ["pkg:cargo/acme@1.0"], 0),
    "no version": ([advisory("A-1", events=ZERO_TO_TWO)], ["pkg:pypi/other"], 0),
    "no version of something advised": ([advisory("A-1", events=ZERO_TO_TWO)], ["pkg:pypi/acme"], 0),
    "a version that is none": ([advisory("A-1", events=ZERO_TO_TWO)], ["pkg:pypi/acme@latest-stable"], 0),
    "a line that is no package": ([advisory("A-1", name="other", events=ZERO_TO_TWO)], ["pkg:pypi/acme@1.0", "what?"], 0),
    "nothing at all": ([advisory("A-1", events=ZERO_TO_TWO)], ["# nothing"], 0),
    "a record without versions": ([advisory("A-1")], ["pkg:pypi/acme@1.0"], 0),
    "a record whose range cannot be read": ([advisory("A-1", events=[{"introduced": "?"}])], ["pkg:pypi/acme@1.0"], 0),
    "a record that is no record": ([b'{"no": "id"}'], ["pkg:pypi/acme@1.0"], 0),
}


@pytest.mark.parametrize(("records", "wanted", "days"), FAIL_OPEN.values(), ids=FAIL_OPEN)
def test_what_was_not_evaluated_is_never_clean(tmp_path: Path, records: list[Any], wanted: Any, days: float) -> None:
    result = ask(store(tmp_path, *records), *wanted, now=later(days))
    assert result.answer() is Answer.UNKNOWN
    assert not result.complete


@pytest.mark.parametrize(("records", "wanted", "days"), FAIL_OPEN.values(), ids=FAIL_OPEN)
def test_no_command_says_that_nothing_was_found_where_nothing_was_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[Any], wanted: Any, days: float
) -> None:
    store(tmp_path / "db", *records, now=later(0))
    (tmp_path / "list.txt").write_text("pkg:pypi/none\n" + "\n".join(wanted))
    monkeypatch.setattr("lading.cli.audit.now", lambda: later(days))
    done = CliRunner().invoke(command, [str(tmp_path / "list.txt"), "-d", str(tmp_path / "db")], standalone_mode=False)
    assert done.return_value == 4
    assert "no known problem" not in done.output
    assert "not clean" in done.output or "says nothing" in done.output


def test_without_a_database_there_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("pkg:pypi/acme@1.0")
    done = CliRunner().invoke(command, [str(tmp_path / "list.txt"), "-d", str(tmp_path / "db")])
    assert done.exception is not None
    assert "there is no advisory database" in str(done.exception)


def test_what_was_evaluated_and_is_not_known_is_clean(tmp_path: Path) -> None:
    result = ask(store(tmp_path, advisory("A-1", events=ZERO_TO_TWO)), "pkg:pypi/acme@2.0", "pkg:pypi/other@1")
    assert result.answer() is Answer.ALLOW
    assert (result.components, result.evaluated) == (2, 2)


MATCHES = {
    "in a range": ({"events": ZERO_TO_TWO}, "1.0", True),
    "at its end": ({"events": ZERO_TO_TWO}, "2.0", False),
    "a pre-release of its end": ({"events": ZERO_TO_TWO}, "2.0rc1", True),
    "below everything": ({"events": ZERO_TO_TWO}, "0.dev0", True),
    "at a last affected": ({"events": [{"introduced": "0"}, {"last_affected": "2.0"}]}, "2.0", True),
    "after a last affected": ({"events": [{"introduced": "0"}, {"last_affected": "2.0"}]}, "2.0.post1", False),
    "before it was introduced": ({"events": [{"introduced": "1.0"}]}, "0.9", False),
    "where it was introduced": ({"events": [{"introduced": "1.0"}]}, "1", True),
    "between two ranges": ({"events": [{"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}]}, "1.5", False),
    "in the second of two": ({"events": [{"introduced": "2"}, {"fixed": "3"}, {"introduced": "0"}, {"fixed": "1"}]}, "2.5", True),
    "listed": ({"versions": ["1.0", "1.1"]}, "1.1", True),
    "listed in another spelling": ({"versions": ["2022.12.07"]}, "2022.12.7", True),
    "not listed": ({"versions": ["1.0", "1.2"]}, "1.1", False),
    "listed and in no range": ({"events": [{"introduced": "5"}], "versions": ["1.0"]}, "1.0", True),
    "in a range and not listed": ({"events": ZERO_TO_TWO, "versions": ["1.0"]}, "1.5", True),
    "listed though it is no version": ({"versions": ["3.0.3-NA"]}, "3.0.3-NA", True),
    "a build of what is listed": ({"versions": ["2.1.0"]}, "2.1.0+cu121", True),
    "a build at a last affected": ({"events": [{"introduced": "0"}, {"last_affected": "2.1.0"}]}, "2.1.0+cpu", True),
    "a build of what mends it": ({"events": [{"introduced": "0"}, {"fixed": "2.1.0"}]}, "2.1.0+cpu", False),
    "what a vendor says is mended in a build": ({"events": [{"introduced": "0"}, {"fixed": "2.1.0+cgr.1"}]}, "2.1.0+cgr.1", False),
    "what a vendor built before that": ({"events": [{"introduced": "0"}, {"fixed": "2.1.0+cgr.2"}]}, "2.1.0+cgr.1", True),
    "with an empty event": ({"events": [{"introduced": "0"}, {}, {"fixed": "2.0"}]}, "1.0", True),
    "an event that cannot be read, with a list": ({"events": [{"introduced": "0"}, {"fixed": "?"}], "versions": ["1.0"]}, "1.0", True),
    "not in the list of one that cannot be read": ({"events": [{"introduced": "0"}, {"fixed": "?"}], "versions": ["1.0"]}, "3.0", False),
}  # fmt: skip


@pytest.mark.parametrize(("record", "version", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_version_matches_when_it_is_listed_or_in_a_range(tmp_path: Path, record: dict[str, Any], version: str, expected: Any) -> None:
    result = ask(store(tmp_path, advisory("A-1", **record)), f"pkg:pypi/acme@{version.replace('+', '%2B')}")
    assert [p.id for p in result.affected] == (["A-1"] if expected else [])
    assert not result.undetermined


POINTS = ["0", "0.5", "1", "1.0rc1", "1.1", "1.2", "1.5+local", "2", "2.0.post1", "3.0a1", "3"]
EVENTS = st.lists(st.builds(lambda kind, v: Event(**{kind: v}), st.sampled_from(["introduced", "fixed", "last_affected"]), st.sampled_from(POINTS)), max_size=6)  # fmt: skip


def _place(told: tuple[str, Event]) -> Any:
    text, event = told
    return not (text == "0" and event.introduced), pep440.key(text), event.last_affected is not None


def by_the_schema(affected: Affected, version: str) -> bool:
    """The evaluation of the OSV schema, word by word."""
    if any(pep440.key(v) == pep440.key(version) for v in affected.versions or ()):
        return True
    wanted = pep440.key(version)
    for row in affected.ranges or ():
        inside = False
        told = [(e.introduced or e.fixed or e.last_affected or "", e) for e in row.events]
        for text, event in sorted(told, key=_place):
            if event.introduced is not None:
                inside = inside or text == "0" or wanted >= pep440.key(text)
            elif event.fixed is not None:
                inside = inside and wanted < pep440.key(text)
            elif event.last_affected is not None:
                inside = inside and wanted <= pep440.key(text)
        if inside:
            return True
    return False


@given(
    ranges=st.lists(EVENTS, max_size=3),
    versions=st.lists(st.sampled_from(POINTS), max_size=3),
    version=st.sampled_from([*POINTS, "0.1", "2.5", "4"]),
)
def test_the_intervals_say_what_the_schema_says(ranges: list[list[Event]], versions: list[str], version: str) -> None:
    affected = Affected(Package("PyPI", "acme"), tuple(Range("ECOSYSTEM", tuple(e)) for e in ranges), tuple(versions))
    texts, (row,) = compiled_together([affected], pep440.key)
    place, spans = Bounds(texts, pep440.key).place(version), row.spans
    assert place is not None
    found = any(low <= place < high for low, high in zip(spans[::2], spans[1::2], strict=True))
    assert found == by_the_schema(affected, version)


def test_one_problem_under_several_ids_is_one_problem(tmp_path: Path) -> None:
    made = store(
        tmp_path,
        advisory("PYSEC-1", events=ZERO_TO_TWO, aliases=["CVE-1"]),
        advisory("GHSA-1", events=[{"introduced": "0"}, {"fixed": "2.1"}], aliases=["CVE-1"]),
        advisory("PYSEC-2", events=ZERO_TO_TWO, related=["CVE-1"]),
    )
    result = ask(made, "pkg:pypi/acme@1.0")
    assert [(p.ids, p.fixed_in) for p in result.affected] == [(("GHSA-1", "CVE-1", "PYSEC-1"), "2.1"), (("PYSEC-2",), "2.0")]


def test_a_withdrawn_record_finds_nothing(tmp_path: Path) -> None:
    made = store(
        tmp_path, advisory("A-1", events=ZERO_TO_TWO, withdrawn="2030-01-02T00:00:00Z"), advisory("A-2", name="other", events=ZERO_TO_TWO)
    )
    assert ask(made, "pkg:pypi/acme@1.0").answer() is Answer.ALLOW


def test_a_malicious_release_comes_first_whatever_the_score(tmp_path: Path) -> None:
    made = store(
        tmp_path,
        advisory("A-1", events=ZERO_TO_TWO, severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}]),
        advisory("MAL-1", versions=["1.0"]),
    )
    assert [(p.id, p.priority, p.score) for p in ask(made, "pkg:pypi/acme@1.0").affected] == [
        ("MAL-1", Priority.MALICIOUS, 0.0),
        ("A-1", Priority.CRITICAL, 10.0),
    ]


def test_every_version_of_a_malicious_name_is_bad_also_one_that_is_not_known(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("MAL-1", events=[{"introduced": "0"}]))
    for wanted in ("pkg:pypi/acme", "pkg:pypi/acme@weird", "pkg:pypi/acme@9"):
        assert [p.id for p in ask(made, wanted).affected] == ["MAL-1"]


NAMES = [
    ("PyPI", "Foo_Bar.baz", "pkg:pypi/foo-bar-baz@1.0", True),
    ("PyPI", "acme", "pkg:npm/acme@1.0", False),
    ("npm", "@scope/name", "pkg:npm/%40scope/name@1.0", True),
    ("npm", "Name", "pkg:npm/name@1.0", False),
    ("Go", "github.com/acme/Tool", "pkg:golang/github.com/acme/Tool@v1.0.0", True),
    ("Maven", "org.acme:tool", "pkg:maven/org.acme/tool@1.0", True),
    ("AlmaLinux:9", "acme", "pkg:rpm/almalinux/acme@1.0-1?distro=almalinux-9.2", True),
    ("AlmaLinux:9", "acme", "pkg:rpm/almalinux/acme@1.0-1?distro=almalinux-8.4", False),
    ("Debian:12", "acme", "pkg:deb/debian/acme@1.0-1?distro=debian-12", True),
    ("Hugging Face", "Acme/Model", "pkg:huggingface/acme/Model@1", False),
]


@pytest.mark.parametrize(("ecosystem", "name", "wanted", "expected"), NAMES)
def test_a_name_is_the_name_of_its_ecosystem(tmp_path: Path, ecosystem: str, name: str, wanted: Any, expected: Any) -> None:
    made = store(tmp_path, advisory("A-1", ecosystem, name, events=ZERO_TO_TWO))
    assert [p.id for p in ask(made, wanted).affected] == (["A-1"] if expected else [])


def test_a_release_that_lading_knows_to_be_clean_is_told_and_not_found(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("PYSEC-2024-154", name="ultralytics", events=[{"introduced": "0"}, {"fixed": "8.3.47"}]))
    result = ask(made, "pkg:pypi/ultralytics@8.3.43")
    assert not result.problems
    assert "PYSEC-2024-154" in result.overridden[0].reason
    assert [p.priority for p in ask(made, "pkg:pypi/ultralytics@8.3.42").affected] == [Priority.MALICIOUS]


def test_the_incidents_are_found_by_version_and_by_commit(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("A-1", events=ZERO_TO_TWO))
    result = ask(made, "pkg:pypi/litellm@1.82.7", "pkg:github/tj-actions/changed-files@0e58ed8671d6b60d0890c21b07f8835ace038e67")
    assert sorted((p.name, p.basis) for p in result.affected) == [("litellm", Basis.VERSION), ("tj-actions/changed-files", Basis.COMMIT)]
    assert ask(made, "pkg:pypi/litellm@1.82.6").answer() is Answer.ALLOW


def test_bytes_are_known_under_any_name(tmp_path: Path) -> None:
    bad = "ab" * 32
    record = advisory("LDX-1", "Hugging Face", "Acme/Model", versions=["1" * 40])
    record["database_specific"] = {"lading": {"kind": "malicious-model", "indicators": [{"kind": "sha256", "value": bad}]}}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "machine-learning-model", "name": "renamed", "purl": "pkg:huggingface/somebody/renamed@" + "2" * 40, "hashes": [{"alg": "SHA-256", "content": bad}]}]}  # fmt: skip
    with store(tmp_path, record).open() as database:
        result = audit(parse(json.dumps(document).encode(), Path("bom.json")), database, NOW)
    assert [(p.id, p.basis, p.priority) for p in result.affected] == [("LDX-1", Basis.HASH, Priority.MALICIOUS)]


def test_a_tag_that_moved_counts_only_in_its_window(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("A-1", events=ZERO_TO_TWO))
    bom = purls.read(b"pkg:github/tj-actions/changed-files@v45", "list.txt")
    with made.open() as database:
        inside = audit(bom, database, NOW, built=NOW.replace(year=2025, month=3, day=14))
        outside_of_it = audit(bom, database, NOW, built=NOW.replace(year=2025, month=3, day=20))
    assert [(p.status, p.basis) for p in inside.problems] == [(Status.UNDETERMINED, Basis.WINDOW)]
    assert not outside_of_it.problems


HUB_NAME = advisory("LDX-2", "Hugging Face", "acme/model", type="GIT")
HUB_NAME["database_specific"] = {"lading": {"kind": "namespace-reuse", "ownership": {"valid_until": "2025-06-01T00:00:00Z"}}}
OWNED: dict[str, tuple[str, int, list[tuple[Any, ...]]]] = {
    "a branch, before": ("@main", 5, []),
    "a branch, after": ("@main", 7, [(Status.AFFECTED, Basis.WINDOW)]),
    "a commit, after": ("@" + "1" * 40, 7, []),
    "nothing, after": ("", 7, [(Status.UNDETERMINED, Basis.WINDOW)]),
}


@pytest.mark.parametrize(("version", "month", "found"), OWNED.values(), ids=OWNED)
def test_a_name_with_another_owner_counts_from_when_it_changed_hands(tmp_path: Path, version: str, month: int, found: Any) -> None:
    made = store(tmp_path, HUB_NAME)
    with made.open() as database:
        bom = purls.read(f"pkg:huggingface/acme/model{version}".encode(), "list.txt")
        result = audit(bom, database, NOW, built=NOW.replace(year=2025, month=month, day=2))
    assert [(p.status, p.basis) for p in result.problems] == found


def test_an_answer_older_than_it_may_be_says_so(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("A-1", events=ZERO_TO_TWO))
    with made.open() as database:
        result = audit(purls.read(b"pkg:pypi/acme@2.0", "list.txt"), database, later(3), max_age=timedelta(days=2))
    assert result.answer() is Answer.UNKNOWN
    assert "3 days ago" in result.database.stale[0]


@pytest.mark.parametrize("name", ["text", "json", "sarif", "markdown"])
def test_every_format_tells_the_problem_and_the_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    store(tmp_path / "db", advisory("A-1", events=ZERO_TO_TWO))
    (tmp_path / "list.txt").write_text("pkg:pypi/acme@1.0\npkg:cargo/serde@1.0\n")
    monkeypatch.setattr("lading.cli.audit.now", lambda: NOW)
    arguments = [str(tmp_path / "list.txt"), "-d", str(tmp_path / "db"), "-f", name, "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.return_value == 3, done.exception
    text = Path(tmp_path / "out").read_text()
    assert "A-1" in text
    assert "crates.io" in text


def test_each_unknown_version_is_told_as_it_is_written(tmp_path: Path) -> None:
    made = store(tmp_path, advisory("A-1", name="acme", events=[{"introduced": "0"}, {"fixed": "2.0"}]))
    with made.open() as database:
        matcher = Matcher(database)
        gaps = [matcher.ask(Subject("", ("PyPI",), "other", written=w)).gap for w in (">=1", "<2")]
    assert gaps == ["its version is not known (>=1)", "its version is not known (<2)"]
