"""Who must have signed what, rule by rule; and a rule can be tried before it holds."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.policy.trust import Claim, decide, permitted, rule_for
from lading.trust.evidence import Signer
from lading.trust.predicates import NAMES
from tampering import KEY, Signed
from test_cli import lading

ANNE = Signer("key", "aa", "ecdsa-p256", "aa")
BERT = Signer("key", "bb", "ecdsa-p256", "bb")
RELEASE = Signer("certificate", "release@acme.test", "ecdsa-p256", "cc", names=("release@acme.test",))
AGAIN = Signer("certificate", "release@acme.test", "ecdsa-p256", "dd", names=("release@acme.test",))
LOGIN = Signer("identity", "release@acme.test", "ecdsa-p256", "ee", "https://login.acme.test", ("release@acme.test",))


def signed(by: Signer, predicate: str = "signature", **other: object) -> Claim:
    return Claim("s", by, predicate=NAMES[predicate], **other)  # type: ignore[arg-type]


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
    ],
)
def test_the_decision(rule: TrustRule, claims: list[Claim], answer: Answer) -> None:
    verdict = decide(rule, claims)
    assert verdict.answer is answer, verdict
    assert verdict.reasons


CLAIMS = st.lists(
    st.sampled_from([BAD, OPEN, CHANGED, signed(ANNE), signed(BERT), signed(RELEASE), signed(LOGIN), signed(BERT, "vex")]), max_size=6
)


@given(CLAIMS, st.integers(-1, 4))
def test_more_bad_evidence_never_opens_what_was_closed(claims: list[Claim], threshold: int) -> None:
    rule = TrustRule(threshold=threshold)
    if not decide(rule, claims).opens:
        assert not decide(rule, [*claims, BAD, OPEN, CHANGED]).opens


@given(CLAIMS, st.integers(-1, 4), st.randoms())
def test_the_order_of_evidence_does_not_matter(claims: list[Claim], threshold: int, random: object) -> None:
    mixed = list(claims)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert decide(TrustRule(threshold=threshold), claims).answer is decide(TrustRule(threshold=threshold), mixed).answer


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
