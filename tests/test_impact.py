"""The before, during and after question: every incident by name, chains, clocks, malformed statements, and that doubt is never called clean."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.catalog.incidents import Incident, Material, Window, incident, incidents, parsed
from lading.core.errors import PluginError, TrustError, UsageError
from lading.ledger.builds import COMPLETE, PROVENANCE, Build, named
from lading.ledger.gathered import builds
from lading.ledger.impact import SUSPECT, Answer, History, Question, State
from lading.ledger.record import changes, recorded
from lading.ledger.timeline import page, text
from lading.ledger.window import bounds
from lading.sign.model import sign
from lading.trust import bundle, keys
from lading.trust.statement import Resource, Statement

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WITH_WINDOW = [i for i in incidents() if i.window and i.materials]
WINDOW = Window(start=datetime(2026, 3, 1, 8, tzinfo=UTC), end=datetime(2026, 3, 1, 12, tzinfo=UTC))
ASKED = Question(materials=(Material(purl="pkg:pypi/acme", versions=("1.2",)),), window=WINDOW)
INSIDE = (WINDOW.start + MINUTE, WINDOW.start + 2 * MINUTE)
EARLIER = (WINDOW.start - 9 * MINUTE, WINDOW.start - 8 * MINUTE)
LATER = (WINDOW.end + 8 * MINUTE, WINDOW.end + 9 * MINUTE)


def statement(
    name: str, materials: Any, times: Any = (None, None), *, complete: bool = True, digest: Any = None, **metadata: Any
) -> dict[str, Any]:
    told = dict(zip(("startedOn", "finishedOn"), (t.isoformat() if isinstance(t, datetime) else t for t in times), strict=True))
    dependencies = [m if isinstance(m, dict) else {"uri": m} for m in materials]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest or name.encode().hex().ljust(64, "0")[:64]}}],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {"buildType": "x", "externalParameters": {}, "resolvedDependencies": dependencies},
            "runDetails": {
                "builder": {"id": "https://builder.example"},
                "metadata": {k: v for k, v in told.items() if v} | {COMPLETE: complete} | metadata,
            },
        },
    }


def asked(question: Any, *statements: Any) -> list[Answer]:
    return History(Build.of(s, f"s{n}") for n, s in enumerate(statements)).ask(question, NOW)


def widened(question: Question) -> tuple[datetime, datetime]:
    assert question.window
    return bounds(question.window, question.margin)


def state(question: Any, materials: Any, times: Any, **more: Any) -> State:
    (answer,) = asked(question, statement("app", materials, times, **more))
    assert answer.reason
    assert answer.statements == ("s0",)
    return answer.state


def clean_version(material: Material) -> str:
    return "1.0.7" if material.versions else ""


def test_there_are_twenty_incidents_each_with_a_source_and_a_next_step() -> None:
    assert len(incidents()) == 20
    for known in incidents():
        assert known.source
        assert known.remediation.endswith(".")
        assert all(w.source and w.checked for w in known.window)


@pytest.mark.parametrize("known", WITH_WINDOW, ids=lambda i: i.id)
def test_every_incident_answers_before_during_after(known: Incident) -> None:
    question = Question.of(known)
    first, last = widened(question)
    for material in known.materials[:8]:
        for times, expected in [
            ((first - 9 * MINUTE, first - MINUTE), State.BEFORE),
            ((first - MINUTE, first), State.DURING),
            ((first, last), State.DURING),
            ((first - MINUTE, last + MINUTE), State.DURING),
            ((last, last + MINUTE), State.DURING),
            ((last + MINUTE, last + 2 * MINUTE), State.AFTER),
            ((None, None), State.UNDETERMINED),
        ]:
            assert state(question, [material.purl], times) is expected, (material, times)


@pytest.mark.parametrize("known", WITH_WINDOW, ids=lambda i: i.id)
def test_what_is_known_to_be_bad_is_compromised_whatever_the_time(known: Incident) -> None:
    question = Question.of(known)
    first, last = widened(question)
    for times in [(first - 2 * MINUTE, first - MINUTE), (first, last), (last + MINUTE, last + 2 * MINUTE), (None, None)]:
        for material in known.materials[:8]:
            for version in material.versions:
                assert state(question, [f"{material.purl}@{version.replace(' ', '%20')}"], times) is State.COMPROMISED
            for digest in material.digests:
                algorithm, value = digest.split(":")
                assert state(question, [{"uri": material.purl, "digest": {algorithm: value}}], times) is State.COMPROMISED


@pytest.mark.parametrize(
    "known", [i for i in WITH_WINDOW if any(m.versions and "docker" not in m.purl for m in i.materials)], ids=lambda i: i.id
)
def test_another_exact_version_within_the_window_is_pinned_clean(known: Incident) -> None:
    question = Question.of(known)
    material = next(m for m in known.materials if m.versions and "docker" not in m.purl)
    for times in [widened(question), (None, None)]:
        assert state(question, [f"{material.purl}@1.0.7"], times) is State.PINNED_CLEAN


@pytest.mark.parametrize("name", ["nullifai-2025-02", "hub-namespace-reuse-2025"])
def test_an_incident_that_names_nothing_calls_nothing_clean(name: str) -> None:
    assert state(Question.of(incident(name)), ["pkg:pypi/acme@1"], INSIDE) is State.UNDETERMINED


def test_the_second_wave_is_not_clean_in_the_question_of_the_first() -> None:
    assert state(Question.of(incident("ultralytics-2024-12")), ["pkg:pypi/ultralytics@8.3.45"], INSIDE) is State.COMPROMISED


def test_an_action_pinned_to_another_commit_is_clean_and_a_tag_is_not() -> None:
    question = Question.of(incident("CVE-2025-30066"))
    times = widened(question)
    action = "pkg:githubactions/tj-actions/changed-files"
    assert state(question, [f"{action}@{'ab' * 20}"], times) is State.PINNED_CLEAN
    assert state(question, [f"{action}@v45"], times) is State.DURING
    assert state(question, ["git+https://github.com/tj-actions/changed-files@refs/tags/v45"], times) is State.DURING
    bad = {
        "uri": "git+https://github.com/tj-actions/changed-files@v45",
        "digest": {"gitCommit": "0e58ed8671d6b60d0890c21b07f8835ace038e67"},
    }
    assert state(question, [bad], times) is State.COMPROMISED


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("pkg:pypi/acme@1.2.0", State.COMPROMISED),
        ("pkg:pypi/Acme@1.2", State.COMPROMISED),
        ("pkg:pypi/acme@1.2.1", State.PINNED_CLEAN),
        ("pkg:pypi/acme@1.2%2Blocal", State.PINNED_CLEAN),
        ("pkg:pypi/acme@newest-ish", State.UNDETERMINED),
        ("pkg:pypi/acme", State.DURING),
        ("pkg:pypi/acme@latest", State.DURING),
        ("pkg:pypi/other@1.2", State.UNTOUCHED),
    ],
)
def test_versions_are_compared_as_their_ecosystem_does(spelling: str, expected: object) -> None:
    assert state(ASKED, [spelling], INSIDE) is expected


@pytest.mark.parametrize("version", ["^1.0.0", "1.x", ">=1", "1.0", "next"])
def test_a_range_of_npm_is_no_exact_version(version: str) -> None:
    question = Question(materials=(Material(purl="pkg:npm/acme", versions=("1.2.0",)),), window=WINDOW)
    assert state(question, [f"pkg:npm/acme@{version}"], INSIDE) is State.UNDETERMINED


def test_a_range_of_bad_versions_is_read_as_pep_440_and_elsewhere_not_guessed() -> None:
    question = Question(materials=(Material(purl="pkg:pypi/acme", ranges=(">=1.2,<1.4",)),), window=WINDOW)
    assert state(question, ["pkg:pypi/acme@1.3rc1"], LATER) is State.COMPROMISED
    assert state(question, ["pkg:pypi/acme@1.4"], INSIDE) is State.PINNED_CLEAN
    other = Question(materials=(Material(purl="pkg:npm/acme", ranges=(">=1.2,<1.4",)),), window=WINDOW)
    assert state(other, ["pkg:npm/acme@1.4.0"], INSIDE) is State.UNDETERMINED


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ((INSIDE[1], INSIDE[0]), "before it started"),
        ((NOW + MINUTE, NOW + 2 * MINUTE), "future"),
        (("2026-03-01T09:00:00", "2026-03-01T09:01:00"), "no time zone"),
        (("yesterday", None), "startedOn is no time"),
        ((None, None), "does not tell when"),
        ((None, LATER[1]), "does not tell when"),
        ((EARLIER[0], None), "does not tell when"),
    ],
)
def test_a_time_that_cannot_be_used_is_undetermined_and_said(times: Any, words: str) -> None:
    (answer,) = asked(ASKED, statement("app", ["pkg:pypi/acme"], times))
    assert (answer.state, words in answer.reason) == (State.UNDETERMINED, True), answer.reason


def test_one_time_is_enough_where_it_decides() -> None:
    assert state(ASKED, ["pkg:pypi/acme"], (None, EARLIER[1])) is State.BEFORE
    assert state(ASKED, ["pkg:pypi/acme"], (LATER[0], None)) is State.AFTER
    assert state(ASKED, ["pkg:pypi/acme"], (INSIDE[0], None)) is State.DURING


def test_materials_that_may_be_incomplete_are_not_called_untouched() -> None:
    assert state(ASKED, ["pkg:pypi/other@1"], INSIDE, complete=False) is State.UNDETERMINED
    assert state(ASKED, ["https://example.com/unknown.bin"], INSIDE) is State.UNDETERMINED
    assert state(ASKED, ["pkg:pypi/other@1"], EARLIER, complete=False) is State.BEFORE


def test_a_builder_can_be_what_was_bad() -> None:
    question = Question(materials=(Material(builder="https://builder.example"),), window=WINDOW)
    assert state(question, [], INSIDE) is State.DURING
    assert state(question, [], LATER) is State.AFTER


def chain(*names: str, times: Any = LATER) -> list[dict[str, Any]]:
    made = [statement(names[0], ["pkg:pypi/acme"], INSIDE)]
    for before, name in pairwise(names):
        made.append(
            statement(
                name,
                [
                    {"name": before, "digest": made[-1]["subject"][0]["digest"]}
                    if before == names[-2]
                    else {"uri": "file:///x", "digest": {"sha256": before.encode().hex().ljust(64, "0")}}
                ],
                times,
            )
        )
    return made


def test_suspicion_goes_from_library_to_system_and_names_the_path() -> None:
    answers = asked(ASKED, *reversed(chain("library", "wheel", "image", "model", "system")))
    assert {a.state for a in answers} == {State.DURING}
    system = answers[0]
    assert system.path == ("library", "wheel", "image", "model", "system")
    assert system.statements == ("s4", "s3", "s2", "s1", "s0")
    assert "used pkg:pypi/acme" in system.reason


def test_a_package_url_joins_a_chain_unless_a_digest_says_otherwise() -> None:
    made = statement("pkg:pypi/ours@3", ["pkg:pypi/acme@1.2"], INSIDE, digest="ab" * 32)
    by_name = statement("image", ["pkg:pypi/ours@3"], LATER)
    another = statement("other", [{"uri": "pkg:pypi/ours@3", "digest": {"sha256": "cd" * 32}}], LATER)
    assert [a.state for a in asked(ASKED, made, by_name, another)] == [State.COMPROMISED, State.DURING, State.AFTER]


def test_a_cycle_ends_and_a_long_chain_is_followed_to_its_end() -> None:
    first, second = statement("a", ["pkg:pypi/acme"], INSIDE), statement("b", [], LATER)
    first["predicate"]["buildDefinition"]["resolvedDependencies"].append({"digest": second["subject"][0]["digest"]})
    second["predicate"]["buildDefinition"]["resolvedDependencies"].append({"digest": first["subject"][0]["digest"]})
    assert {a.state for a in asked(ASKED, first, second)} == {State.DURING}
    answers = asked(ASKED, *chain(*(f"n{i}" for i in range(500))))
    assert {a.state for a in answers} == {State.DURING}
    assert max(len(a.path) for a in answers) < 70


def test_doubt_goes_on_through_a_chain() -> None:
    assert [a.state for a in asked(ASKED, statement("lib", ["pkg:pypi/acme"]), *chain("lib", "app")[1:])] == [State.UNDETERMINED] * 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged(draw: Any) -> Any:
    value = statement("app", ["pkg:pypi/other@1"], INSIDE)
    place: Any = value
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(json_values)
            return value
        place = place[key]


@given(st.one_of(json_values, damaged()))
def test_no_json_raises_and_each_gives_an_answer(value: Any) -> None:
    question = ASKED
    for answer in History([Build.of(value, "s")]).ask(question, NOW):
        assert answer.reason
        json.dumps(recorded(question, [answer], NOW, checked=False))
        page(question, [answer], "t")
        text(question, [answer], "t")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        3,
        {},
        {"predicateType": PROVENANCE},
        statement("a", [3], INSIDE),
        statement("a", [{}], INSIDE),
        statement("a", [{"uri": 3}], INSIDE),
    ]
    + [statement("a", [{"uri": "pkg:pypi/x@1", "digest": d}], EARLIER) for d in ("x", {"sha256": 3}, [1])],
)
def test_what_is_malformed_is_undetermined_with_its_reason(value: Any) -> None:
    (answer,) = asked(ASKED, value)
    assert (answer.state, "malformed" in answer.reason) == (State.UNDETERMINED, True)


moments = st.datetimes(datetime(2026, 2, 27), datetime(2026, 3, 3), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


@given(moments, moments, st.integers(0, 5000), st.integers(0, 5000), st.sampled_from(["second", "minute", "hour", "day", "month"]))
def test_a_wider_window_never_makes_what_was_suspect_safe(one: Any, other: Any, narrow: int, more: int, precision: Any) -> None:
    times = (min(one, other), max(one, other))

    def answer(minutes: int, fine: Any) -> State:
        window = Window(start=WINDOW.start, end=WINDOW.end, precision=fine)
        return state(Question(materials=ASKED.materials, window=window, margin=minutes * MINUTE), ["pkg:pypi/acme"], times)

    before, after = answer(narrow, "second"), answer(narrow + more, precision)
    assert before not in SUSPECT or after in SUSPECT


@given(moments, moments, st.sampled_from(["second", "minute", "hour", "day", "month"]))
def test_precision_only_widens(one: Any, other: Any, precision: Any) -> None:
    start, end = min(one, other), max(one, other)
    first, last = bounds(Window(start=start, end=end, precision=precision))
    assert first <= start <= end <= last


def test_a_window_at_the_end_of_time_does_not_overflow() -> None:
    far = Window(start=datetime(1, 1, 1, tzinfo=UTC), end=datetime(9999, 12, 31, tzinfo=UTC), precision="month", margin="9d")
    assert state(Question(materials=ASKED.materials, window=far), ["pkg:pypi/acme"], INSIDE) is State.DURING


def test_a_revised_window_answers_anew_and_the_old_answer_stays() -> None:
    known = incident("litellm-2026-03")
    build = statement("app", ["pkg:pypi/litellm"], (datetime(2026, 3, 24, 14, tzinfo=UTC), datetime(2026, 3, 24, 14, 5, tzinfo=UTC)))
    old, new = Question.of(known, revision=1), Question.of(known)
    kept = recorded(old, asked(old, build), NOW, checked=False)
    now = recorded(new, asked(new, build), NOW, checked=False)
    assert changes(json.dumps(kept).encode(), now) == ["app: after -> during"]
    assert kept["predicate"]["questionDigest"] != now["predicate"]["questionDigest"]
    assert changes(json.dumps(now).encode(), now) == []


def test_a_table_without_time_zone_or_with_an_unknown_field_is_refused() -> None:
    head = "title='t'\nkind='k'\nsource='s'\nchecked=2026-01-01\nremediation='r.'\n"
    for bad in (
        "surprise = 1\n",
        "[[window]]\nstart = 2026-01-01T00:00:00\nend = 2026-01-02T00:00:00\n",
        "[[material]]\ndigests=['x']\n",
        "x =",
    ):
        with pytest.raises(PluginError, match="incident mine"):
            parsed(head + bad, "mine")
    with pytest.raises(UsageError, match="there is no incident"):
        incident("litelm-2026")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pkg:githubactions/A/b@v1", "git+https://github.com/a/B.git@refs/tags/v1"),
        ("pkg:docker/aquasec/trivy@0.69.4", "pkg:oci/trivy?repository_url=docker.io/aquasec/trivy&tag=0.69.4"),
        ("pkg:huggingface/o/m@main", "https://huggingface.co/o/m/resolve/main/model.bin"),
        ("pkg:pypi/My_Thing@1", "pkg:pypi/my-thing@1"),
        ("pkg:pypi/my-thing@1.2", "https://files.example.com/packages/ab/My_Thing-1.2-py3-none-any.whl#sha256=00"),
        ("pkg:npm/%40nx/js@21.5.0", "https://npm.example.com/@nx/js/-/js-21.5.0.tgz"),
        ("pkg:npm/axios@1.14.1", "https://npm.example.com/axios/-/axios-1.14.1.tgz"),
    ],
)
def test_one_thing_in_two_spellings_has_one_name(one: Any, other: Any) -> None:
    assert named(one) == named(other)


def enveloped(value: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(value).encode()).decode()
    return {"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "AAAA"}]}


def test_envelopes_plain_statements_and_folders_are_read_and_a_refused_one_is_a_problem(tmp_path: Path) -> None:
    one, other = statement("one", ["pkg:pypi/acme"], INSIDE), statement("two", ["pkg:pypi/acme"], LATER)
    foreign = {**one, "predicateType": "https://example.com/other"}
    lines = [enveloped(one), other, enveloped(foreign)]
    (tmp_path / "a.waybill.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "b.json").write_text(json.dumps(one, indent=1))
    (tmp_path / "c.json").write_text("{")
    found = builds([tmp_path])
    assert [len(b.problems) for b in found] == [0, 0, 0, 1]

    def nobody_known(_: object) -> None:
        raise TrustError("signed by nobody known")

    refused = builds([tmp_path / "a.waybill.jsonl"], nobody_known)
    assert [b.problems for b in refused] == [("signed by nobody known",), ("it is not signed",), ("signed by nobody known",)]


def lading(*arguments: Any, cwd: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lading", "impact", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_command_line_answers_with_exit_codes(tmp_path: Path) -> None:
    for name, materials, times in [
        ("bad", ["pkg:pypi/acme@1.2"], LATER),
        ("safe", ["pkg:pypi/acme"], LATER),
        ("open", ["pkg:pypi/acme"], (None, None)),
    ]:
        (tmp_path / f"{name}.json").write_text(json.dumps(statement(name, materials, times)))
    question = ("--material", "pkg:pypi/acme@1.2", "--from", WINDOW.start.isoformat(), "--to", WINDOW.end.isoformat())
    codes = {name: lading(*question, f"{name}.json", cwd=tmp_path).returncode for name in ("bad", "safe", "open")}
    assert codes == {"bad": 3, "safe": 0, "open": 4}
    done = lading(*question, ".", "--keep", "kept/old.json", cwd=tmp_path)
    assert "signatures not checked" in done.stdout
    assert "1 compromised" in done.stdout
    again = lading(*question, "bad.json", "safe.json", "open.json", "--against", "kept/old.json", cwd=tmp_path)
    assert again.returncode == 3, again.stderr
    html = lading(*question, "bad.json", "-f", "html", cwd=tmp_path)
    assert "<svg" in html.stdout
    assert "http" not in html.stdout.replace("https://", "http")
    assert lading("--list", cwd=tmp_path).stdout.count("\n") == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--incident", "litelm-2026-03", "."), "did you mean 'litellm-2026-03'?"),
        (("--incident", "litellm-2026-03"), "nothing to ask about"),
        (("--incident", "litellm-2026-03", "--revision", "9", "."), "no window of revision 9"),
        (("--incident", "litellm-2026-03", "nowhere"), "does not exist"),
        (("--incident", "litellm-2026-03", "."), "no statement was found"),
        (("--material", "acme", "--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z", "."), "not a digest"),
        (("--material", "pkg:pypi/acme", "."), "not clear what is asked"),
        (("--material", "pkg:pypi/acme", "--from", "2026-01-01", "--to", "2026-01-02T00:00Z", "."), "no time zone"),
        (("--material", "pkg:pypi/acme", "--from", "2026-01-03T00:00Z", "--to", "2026-01-02T00:00Z", "."), "before it starts"),
        (("--incident", "litellm-2026-03", "--margin", "a while", "."), "is no margin"),
    ],
)
def test_wrong_usage_is_a_sentence(arguments: Any, words: str, tmp_path: Path) -> None:
    done = lading(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_with_a_key_only_its_statements_tell_anything(tmp_path: Path) -> None:
    """A forged statement that calls a compromised artifact clean changes nothing."""
    key, stranger = keys.generate("ecdsa-p256"), keys.generate("ecdsa-p256")
    (tmp_path / "ci.pub").write_bytes(key.public.pem)
    for name, signer in (("ours", key), ("theirs", stranger)):
        data = statement(name, ["pkg:pypi/acme@1.2"], LATER)
        made = Statement((Resource(name=name, digest={"sha256": "00" * 32}),), data["predicateType"], data["predicate"])
        (tmp_path / f"{name}.waybill.jsonl").write_bytes(bundle.encode(sign(made, signer)))
    (tmp_path / "plain.json").write_text(json.dumps(statement("plain", ["pkg:pypi/acme@1.2"], LATER)))
    question = ("--material", "pkg:pypi/acme@1.2", "--from", WINDOW.start.isoformat(), "--to", WINDOW.end.isoformat(), "--key", "ci.pub")
    codes = [lading(*question, f, cwd=tmp_path).returncode for f in ("ours.waybill.jsonl", "theirs.waybill.jsonl", "plain.json")]
    assert codes == [3, 4, 4]
    assert "only statements by trusted signers count" in lading(*question, ".", cwd=tmp_path).stdout
