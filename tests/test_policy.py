"""Who must have signed what, rule by rule; and a rule can be tried before it holds."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.core.errors import ConfigError
from lading.core.verdict import Answer
from lading.policy.rule import KeyTerm, TrustRule
from lading.policy.settings import settings_for
from lading.policy.trust import Claim, decide, permitted, rule_for
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.sign.verify import verify
from lading.trust import bundle
from lading.trust.evidence import Roots, Signer
from lading.trust.predicates import NAMES, time_in
from tampering import KEY, NOW, STRANGER, Signed
from test_cli import lading

ANNE = Signer("key", "aa", "ecdsa-p256", "aa")
BERT = Signer("key", "bb", "ecdsa-p256", "bb")
RELEASE = Signer("certificate", "release@acme.test", "ecdsa-p256", "cc", names=("release@acme.test",))
AGAIN = Signer("certificate", "release@acme.test", "ecdsa-p256", "dd", names=("release@acme.test",))
LOGIN = Signer("identity", "release@acme.test", "ecdsa-p256", "ee", "https://login.acme.test", ("release@acme.test",))


def signed(by: Signer, predicate: str = "signature", **other: object) -> Claim:
    return Claim("s", by, predicate=NAMES[predicate], **other)  # type: ignore[arg-type]


def built(*sources: str) -> Claim:
    return signed(ANNE, "provenance", sources=sources)


DAY = timedelta(days=1)
SAFETENSORS = (2).to_bytes(8, "little") + b"{}"
BAD = Claim("bad", refusal="the signature is not that of the key")
OPEN = Claim("open", unknown="there is no key")
CHANGED = signed(ANNE, differences=("a is not as it was signed",))


@pytest.mark.parametrize(
    ("rule", "claims", "answer"),
    [
        (TrustRule(), [], Answer.UNKNOWN),
        (TrustRule(), [OPEN], Answer.UNKNOWN),
        (TrustRule(), [BAD], Answer.REFUSE),
        (TrustRule(), [BAD, OPEN], Answer.REFUSE),
        (TrustRule(), [CHANGED], Answer.REFUSE),
        (TrustRule(), [signed(ANNE)], Answer.ALLOW),
        (TrustRule(), [BAD, signed(ANNE)], Answer.ALLOW),
        (TrustRule(), [signed(ANNE, "provenance")], Answer.ALLOW),
        (TrustRule(), [signed(ANNE, "cyclonedx")], Answer.REFUSE),
        (TrustRule(threshold=2), [signed(ANNE), signed(ANNE, "provenance")], Answer.REFUSE),
        (TrustRule(threshold=2), [signed(ANNE), signed(BERT)], Answer.ALLOW),
        (TrustRule(threshold=2), [signed(ANNE), CHANGED, BAD], Answer.REFUSE),
        (TrustRule(threshold=2), [signed(RELEASE), signed(AGAIN)], Answer.REFUSE),
        (TrustRule(threshold=0), [], Answer.UNKNOWN),
        (TrustRule(threshold=0), [BAD], Answer.REFUSE),
        (TrustRule(identities=("release@*",)), [signed(RELEASE)], Answer.ALLOW),
        (TrustRule(identities=("ci@*",)), [signed(RELEASE)], Answer.REFUSE),
        (TrustRule(), [signed(LOGIN)], Answer.REFUSE),
        (TrustRule(identities=("*",), issuers=("https://login.*",)), [signed(LOGIN)], Answer.ALLOW),
        (TrustRule(predicates=("provenance",)), [signed(ANNE)], Answer.UNKNOWN),
        (TrustRule(predicates=("provenance",)), [signed(ANNE), signed(BERT, "provenance")], Answer.ALLOW),
        (TrustRule(predicates=("vex",)), [signed(ANNE), signed(BERT, "vex", refusal="about another")], Answer.UNKNOWN),
        (TrustRule(max_age="30d"), [signed(ANNE, made=NOW - 29 * DAY)], Answer.ALLOW),
        (TrustRule(max_age="30d"), [signed(ANNE, made=NOW - 31 * DAY)], Answer.REFUSE),
        (TrustRule(max_age="30d"), [signed(ANNE, made=NOW + DAY)], Answer.REFUSE),
        (TrustRule(max_age="30d"), [signed(ANNE)], Answer.UNKNOWN),
        (TrustRule(max_age="30d"), [signed(ANNE, made=NOW - 31 * DAY), signed(BERT, made=NOW)], Answer.ALLOW),
        (TrustRule(max_age="1h", predicates=("vex",)), [signed(ANNE, made=NOW), signed(BERT, "vex", made=NOW - DAY)], Answer.UNKNOWN),
        (TrustRule(sources=("git+https://acme.test/*",)), [signed(ANNE)], Answer.UNKNOWN),
        (TrustRule(sources=("git+https://acme.test/*",)), [signed(ANNE), built("git+https://acme.test/a")], Answer.ALLOW),
        (TrustRule(sources=("git+https://acme.test/*",)), [signed(ANNE), built("git+https://evil.test/a")], Answer.REFUSE),
        (TrustRule(sources=("git+https://acme.test/*",)), [built("git+https://acme.test/a", "git+https://evil.test/a")], Answer.REFUSE),
        (
            TrustRule(sources=("git+https://acme.test/*",), identities=("release@*",)),
            [signed(RELEASE), signed(LOGIN, "provenance", sources=("git+https://acme.test/a",))],
            Answer.UNKNOWN,
        ),
        (TrustRule(formats=("text",)), [signed(ANNE)], Answer.UNKNOWN),
    ],
)
def test_the_decision(rule: TrustRule, claims: list[Claim], answer: Answer) -> None:
    verdict = decide(rule, claims, NOW)
    assert verdict.answer is answer, verdict
    assert verdict.reasons


CLAIMS = st.lists(
    st.sampled_from([BAD, OPEN, CHANGED, signed(ANNE), signed(BERT), signed(RELEASE), signed(LOGIN), signed(BERT, "vex")]), max_size=6
)


@given(CLAIMS, st.integers(-1, 4))
def test_more_bad_evidence_never_opens_what_was_closed(claims: list[Claim], threshold: int) -> None:
    rule = TrustRule(threshold=threshold)
    if not decide(rule, claims, NOW).opens:
        assert not decide(rule, [*claims, BAD, OPEN, CHANGED], NOW).opens


@given(CLAIMS, st.integers(-1, 4), st.randoms())
def test_the_order_of_evidence_does_not_matter(claims: list[Claim], threshold: int, random: object) -> None:
    mixed = list(claims)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert decide(TrustRule(threshold=threshold), claims, NOW).answer is decide(TrustRule(threshold=threshold), mixed, NOW).answer


def test_the_first_rule_that_matches_holds() -> None:
    rules = [TrustRule(match="models/a*", threshold=2), TrustRule(match="models/*"), TrustRule(match="*", threshold=3)]
    assert [rule_for(rules, n).threshold for n in ("models/ab", "models/b", "other")] == [2, 1, 3]  # type: ignore[union-attr]
    assert rule_for(rules[:2], "other") is None


def test_a_login_counts_only_where_it_and_its_issuer_are_named() -> None:
    assert not permitted(TrustRule(), LOGIN)
    assert not permitted(TrustRule(identities=("*",)), LOGIN)
    assert permitted(TrustRule(identities=("release@acme.test",), issuers=("https://login.acme.test",)), LOGIN)


def test_a_rule_is_tried_against_recorded_verdicts(tmp_path: Path) -> None:
    model = Signed.fresh(tmp_path)
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    done = lading("verify", str(model.model), "--key", "k.pub", "--format", "json", cwd=tmp_path)
    (tmp_path / "recorded.json").write_text(done.stdout)
    assert json.loads(done.stdout)["verdict"]["answer"] == "allow"
    codes = {}
    for name, text in {
        "same": 'match = "*"',
        "stricter": 'match = "*"\nthreshold = 2',
        "wanting": 'match = "*"\npredicates = ["provenance"]',
        "silent": 'match = "other"',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "lading.toml").write_text(f"[[trust]]\n{text}\n")
        codes[name] = lading("policy", "test", "recorded.json", "--settings", name, cwd=tmp_path).returncode
    assert codes == {"same": 0, "stricter": 3, "wanting": 4, "silent": 4}
    (tmp_path / "none.json").write_text("[]")
    assert lading("policy", "test", "none.json", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("age", ["90", "0d", "-1d", "d", "1y", "9999999d"])
def test_an_age_that_is_none_is_a_sentence(age: str, tmp_path: Path) -> None:
    (tmp_path / "lading.toml").write_text(f'[[trust]]\nmax_age = "{age}"\n')
    with pytest.raises(ConfigError, match="should be a number of m, h, d or w"):
        settings_for(tmp_path)


@pytest.mark.parametrize(
    ("files", "allowed", "opens"),
    [
        ({"model.safetensors": SAFETENSORS, "config.json": b"{}"}, ("safetensors", "text"), True),
        ({"model.safetensors": SAFETENSORS, "config.json": b"{}"}, ("safetensors",), False),
        ({"pytorch_model.bin": b"PK\x03\x04data.pkl"}, ("safetensors", "text"), False),
        ({"pytorch_model.bin": b"PK\x03\x04data.pkl"}, ("pytorch",), True),
        ({"model.safetensors": b"\x80\x04marker"}, ("safetensors",), False),
        ({"model.safetensors": b"GGUF" + SAFETENSORS[4:]}, ("safetensors",), False),
        ({"notes.txt": b"\x80\x04marker"}, ("text",), False),
        ({"modeling.py": b"x = 1"}, ("text",), False),
        ({"lib.txt": b"\x7fELF\x02"}, ("text",), False),
        ({"blob": b"\xff\xfe\x00"}, ("text",), False),
        ({"long.txt": "é".encode() * 4000}, ("text",), True),
        ({"cut.txt": b"a" + "é".encode() * 4000}, ("text",), True),
    ],
)
def test_only_formats_that_a_rule_names_open(files: dict[str, bytes], allowed: tuple[str, ...], tmp_path: Path, *, opens: bool) -> None:
    for name, data in files.items():
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / name).write_bytes(data)
    (tmp_path / "m.sig").write_bytes(bundle.encode(sign_model(Files(tmp_path / "m"), KEY)))
    result = verify(tmp_path / "m", [tmp_path / "m.sig"], Roots((KEY.public,)), TrustRule(formats=allowed), NOW)
    assert result.verdict.opens is opens, result.verdict
    assert verify(tmp_path / "m", [tmp_path / "m.sig"], Roots((KEY.public,)), TrustRule(), NOW).verdict.opens


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (KeyTerm(file="k"), ""),
        (KeyTerm(file="k", valid_from=date(2026, 11, 23), valid_until=date(2026, 11, 23)), ""),
        (KeyTerm(file="k", valid_from=date(2026, 11, 24)), "counts only from 2026-11-24"),
        (KeyTerm(file="k", valid_until=date(2026, 11, 22)), "counted only until 2026-11-23"),
        (KeyTerm(file="k", revoked=date(2026, 11, 24)), ""),
        (KeyTerm(file="k", revoked=date(2026, 11, 23), reason="laptop lost"), "was revoked from 2026-11-23 on: laptop lost"),
    ],
)
def test_a_key_counts_for_its_term(term: KeyTerm, reason: str, tmp_path: Path) -> None:
    model = Signed.fresh(tmp_path)
    roots = Roots((KEY.public,), lifetimes={KEY.public.fingerprint: term.lifetime()})
    verdict = verify(model.model, [model.signature], roots, TrustRule(), NOW).verdict
    assert verdict.answer is (Answer.REFUSE if reason else Answer.ALLOW)
    assert reason in " ".join(verdict.reasons)


def test_settings_that_lie_in_a_model_say_nothing_about_whom_to_trust(tmp_path: Path) -> None:
    model = Signed.fresh(tmp_path)
    (model.model / "mine.pub").write_bytes(KEY.public.pem)
    (model.model / "lading.toml").write_text('[[trust]]\nkeys = ["mine.pub"]\n')
    (tmp_path / "model.sig").write_bytes(bundle.encode(sign_model(Files(model.model), KEY)))
    for arguments, folder in ((["verify", "model"], tmp_path), (["verify", ".", "-s", "../model.sig"], model.model)):
        assert lading(*arguments, cwd=folder).returncode == 4, "nobody outside the model trusts that key"
    (tmp_path / "lading.toml").write_text('[[trust]]\nkeys = ["model/mine.pub"]\n')
    assert lading("verify", "model", cwd=tmp_path).returncode == 0


def test_keys_rotate_in_the_settings(tmp_path: Path) -> None:
    """The old key is revoked for everybody who asks, also for who names it on the command line."""
    model = Signed.fresh(tmp_path)
    (tmp_path / "old.pub").write_bytes(KEY.public.pem)
    (tmp_path / "new.pub").write_bytes(STRANGER.public.pem)
    rule = '[[trust]]\nkeys = ["old.pub", "new.pub"]\n'
    (tmp_path / "lading.toml").write_text(rule)
    assert lading("verify", "model", cwd=tmp_path).returncode == 0
    (tmp_path / "lading.toml").write_text(rule + '[[key]]\nfile = "old.pub"\nrevoked = 2026-01-01\nreason = "laptop lost"\n')
    for arguments in (["verify", "model"], ["verify", "model", "--key", "old.pub"]):
        done = lading(*arguments, cwd=tmp_path)
        assert done.returncode == 3
        assert "revoked from 2026-01-01 on: laptop lost" in done.stdout
    (tmp_path / "model.sig").write_bytes(bundle.encode(sign_model(Files(model.model), STRANGER)))
    assert lading("verify", "model", cwd=tmp_path).returncode == 0
    (tmp_path / "lading.toml").write_text(rule + '[[key]]\nfile = "gone.pub"\n')
    assert lading("verify", "model", cwd=tmp_path).returncode == 2


def test_what_lading_signs_tells_its_age(tmp_path: Path) -> None:
    Signed.fresh(tmp_path)
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    (tmp_path / "lading.toml").write_text('[[trust]]\nkeys = ["k.pub"]\nmax_age = "1h"\n')
    silent = lading("verify", "model", cwd=tmp_path)
    assert silent.returncode == 4
    assert "nothing tells when it was signed" in silent.stdout
    assert lading("sign", "model", "--key", "k", "-o", "model.sig", cwd=tmp_path).returncode == 0
    assert lading("verify", "model", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("name", "predicate", "said"),
    [
        ("provenance", {"runDetails": {"metadata": {"finishedOn": "2026-11-23T12:00:00Z"}}}, NOW),
        ("vsa", {"timeVerified": "2026-11-23T13:00:00+01:00"}, NOW),
        ("cyclonedx", {"metadata": {"timestamp": "2026-11-23T12:00:00Z"}}, NOW),
        ("cyclonedx", {"metadata": []}, None),
        ("vex", {"timestamp": "yesterday"}, None),
        ("vex", {"timestamp": "2026-11-23T12:00:00"}, None),
        ("vex", {"timestamp": 5}, None),
        ("test-result", {}, None),
    ],
)
def test_statements_say_when_they_were_made(name: str, predicate: dict[str, object], said: datetime | None) -> None:
    assert time_in(NAMES[name], predicate) == said


def test_why_tells_rule_signers_and_what_was_not_looked_at(tmp_path: Path) -> None:
    model = Signed.fresh(tmp_path)
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    (tmp_path / "lading.toml").write_text('[[trust]]\nmatch = "mod*"\nkeys = ["k.pub"]\n')
    told = lading("why", "model", cwd=tmp_path)
    assert told.returncode == 0
    for fact in (
        "match 'mod*'",
        KEY.public.fingerprint[:16],
        "outcome    holds",
        "no differences",
        "permissions and times of files are not signed",
    ):
        assert fact in told.stdout
    (model.model / "config.json").write_text("{}")
    told = lading("why", "model", cwd=tmp_path)
    assert told.returncode == 3
    assert "differs    config.json is not as it was signed" in told.stdout
    (tmp_path / "lading.toml").write_text("")
    told = lading("why", "model", cwd=tmp_path)
    assert (told.returncode, "does not name it" in told.stdout) == (4, True)
