"""Signatures of identities verify offline against the root of their instance, and only for identities that are named."""

import base64
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from local_sigstore import Instance

from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.files import Files
from lading.sign.model import manifest_of
from lading.sign.verify import Result, verify
from lading.trust import model_signing
from lading.trust.evidence import Roots

NAME, ISSUER = "release@acme.test", "https://login.acme.test"
RULE = TrustRule(identities=("release@*",), issuers=(ISSUER,))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path / "model"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("offline means offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _result(
    model: Path, rule: TrustRule = RULE, change: Callable[[dict[str, Any]], object] = lambda _: None, *, foreign: bool = False
) -> Result:
    instance = Instance()
    root = (Instance() if foreign else instance).root(model.parent / "trusted_root.json")
    signature = model.parent / "model.sig"
    signature.write_bytes(instance.sign(model_signing.encode(manifest_of(Files(model))), NAME, ISSUER, change))
    return verify(model, [signature], Roots(sigstore=str(root)), rule, datetime.now(UTC))


def test_a_named_identity_of_a_trusted_instance_is_allowed(model: Path) -> None:
    result = _result(model)
    assert result.verdict.answer is Answer.ALLOW, result
    assert f"identity {NAME} by {ISSUER}" in result.verdict.reasons[0]


@pytest.mark.parametrize(
    "rule",
    [
        TrustRule(),
        TrustRule(identities=(NAME,)),
        TrustRule(issuers=(ISSUER,)),
        TrustRule(identities=("ci@*",), issuers=(ISSUER,)),
        TrustRule(identities=(NAME,), issuers=("https://other.test",)),
    ],
)
def test_an_identity_counts_only_when_it_and_its_issuer_are_named(model: Path, rule: TrustRule) -> None:
    assert _result(model, rule).verdict.answer is Answer.REFUSE


def test_the_instance_of_somebody_else_is_refused(model: Path) -> None:
    assert _result(model, foreign=True).verdict.answer is Answer.REFUSE


def test_without_a_trusted_instance_nothing_is_known(model: Path) -> None:
    _result(model)
    result = verify(model, [model.parent / "model.sig"], Roots(), RULE, datetime.now(UTC))
    assert result.verdict.answer is Answer.UNKNOWN


def _entry(bundle: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = bundle["verificationMaterial"]["tlogEntries"][0]
    return entry


def _other_promise(bundle: dict[str, Any]) -> None:
    promise = _entry(bundle)["inclusionPromise"]
    promise["signedEntryTimestamp"] = base64.b64encode(b"\0" * 70).decode()


def _other_payload(bundle: dict[str, Any]) -> None:
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"config", b"konfig")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


def _later(bundle: dict[str, Any]) -> None:
    _entry(bundle)["integratedTime"] = str(int(_entry(bundle)["integratedTime"]) + 86400)


@pytest.mark.parametrize(
    "change",
    [
        _other_promise,
        _other_payload,
        _later,
        lambda b: b["verificationMaterial"].update(tlogEntries=[]),
        lambda b: _entry(b)["inclusionProof"].update(rootHash=base64.b64encode(b"\0" * 32).decode()),
        lambda b: _entry(b)["inclusionProof"]["checkpoint"].update(envelope="log.acme.test\n1\nAAAA\n\n"),
        lambda b: _entry(b)["logId"].update(keyId=base64.b64encode(b"\0" * 32).decode()),
        lambda b: _entry(b).update(canonicalizedBody=base64.b64encode(b"{}").decode()),
        lambda b: b["verificationMaterial"]["certificate"].update(rawBytes=base64.b64encode(b"\0" * 32).decode()),
    ],
)
def test_a_bundle_wrong_in_one_way_is_refused(model: Path, change: Callable[[dict[str, Any]], object]) -> None:
    result = _result(model, change=change)
    assert result.verdict.answer is Answer.REFUSE
    assert result.claims[0].refusal
