"""Signing by identity: sigstore-python asks services that answer as recorded; what they give verifies offline, here and in the reference."""

import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_services import Services, in_a_shell, running
from local_sigstore import Instance

from lading.cli.main import main
from lading.core.errors import KeyFileError, LadingError, SigningError, TrustError
from lading.sign import keyless
from lading.sign.keyless import Keyless
from lading.sign.layout import Layout
from lading.sign.oci import MANIFEST, empty
from lading.trust import bundle, sigstore, statement
from lading.trust.bundle import decode
from lading.trust.dsse import IN_TOTO
from lading.trust.statement import Resource, Statement, encode

NAME = "release@acme.test"
STATEMENT = encode(Statement((Resource(name="a", digest={"sha256": "00" * 32}),), "https://acme.test/said/v1", {"true": True}))
MACHINES = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME", "SIGSTORE_IDENTITY_TOKEN")


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MACHINES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path / "model"


def _lading(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def _sign(services: Services, model: Path, config: Path, name: str = NAME) -> int:
    return _lading("sign", model, "--sigstore", config, "--identity-token", services.token(name))


def _verify(services: Services, artifact: object, config: Path, name: str = NAME) -> int:
    return _lading("verify", artifact, "--sigstore", config, "--identity", name, "--issuer", services.issuer)


KINDS = {"log of version 1": (1, ""), "log and time": (1, "stamped"), "log of version 2 and time": (2, "stamped")}


@pytest.mark.parametrize(("version", "stamped"), KINDS.values(), ids=KINDS)
def test_what_an_identity_signs_verifies_offline_here_and_in_the_reference(
    services: Services, model: Path, monkeypatch: pytest.MonkeyPatch, version: int, stamped: str
) -> None:
    if stamped:
        services.make_authority_of_time()
    config = services.configuration(version, stamped=bool(stamped))
    assert _sign(services, model, config) == 0
    assert _sign(services, model, config) == 0, "a log with one entry proves little"
    reference = [
        "verify", "sigstore", model, "--signature", model / "model.sig", "--trust_config", config, "--identity", NAME, "--identity_provider", services.issuer,
    ]  # fmt: skip
    checked = subprocess.run([Path(sys.executable).with_name("model_signing"), *reference], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("offline means offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert _verify(services, model, config) == 0
    assert _verify(services, model, config, "other@*") == 3
    assert _verify(services, model, Instance().root(model.parent / "other.json")) == 3
    _by_sigstore(model / "model.sig", config, services.issuer)
    (model / "config.json").write_text("[]")
    assert _verify(services, model, config) == 3


def test_what_the_reference_signs_by_identity_verifies_here(services: Services, model: Path) -> None:
    config = services.configuration()
    reference = [
        "sign",
        "sigstore",
        model,
        "--signature",
        model / "model.sig",
        "--trust_config",
        config,
        "--identity_token",
        services.token(NAME),
    ]
    made = subprocess.run([Path(sys.executable).with_name("model_signing"), *reference], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert _verify(services, model, config) == 0
    assert _verify(services, model, config, "other@*") == 3


def _by_sigstore(signature: Path, config: Path, issuer: str) -> None:
    from sigstore.models import Bundle, ClientTrustConfig
    from sigstore.verify import Verifier, policy

    verifier = Verifier(trusted_root=ClientTrustConfig.from_json(config.read_text()).trusted_root)
    kind, _ = verifier.verify_dsse(Bundle.from_json(signature.read_bytes()), policy.Identity(identity=NAME, issuer=issuer))
    assert kind == IN_TOTO


def test_statements_builds_commits_and_images_are_signed_by_identity_too(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = services.configuration()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGSTORE_IDENTITY_TOKEN", services.token(NAME))
    Path("review.json").write_text("{}")
    Path("file").write_text("x")
    assert _lading("attest", "https://acme.test/review/v1", "file", "--predicate", "review.json", "--sigstore", config) == 0
    assert b"review/v1" in decode(Path("file.waybill.jsonl").read_bytes()).envelope.payload
    assert _sign(services, Path("file"), config) == 0
    assert _verify(services, "file", config) == 0
    build = [
        "build",
        "--no-bom",
        "--output",
        "built",
        "--sigstore",
        str(config),
        "--",
        sys.executable,
        "-c",
        "open('built', 'w').write('x')",
    ]
    assert _lading(*build) == 0
    assert _verify(services, "built", config) == 0
    for line in (["init", "-q"], ["add", "file"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *line], check=True)
    assert _lading("sign", "git:.", "--sigstore", config, "--output", "commit.jsonl") == 0
    Path("image").mkdir()
    Path("image/oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    Path("image/index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    layout = Layout(tmp_path / "image")
    layout.attach({"schemaVersion": 2, "mediaType": MANIFEST, "config": empty(layout), "layers": []}, "v1")
    assert _sign(services, Path("oci:image:v1"), config) == 0
    assert _verify(services, "oci:image:v1", config) == 0
    line = Path("commit.jsonl").read_bytes()
    assert b"gitCommit" in decode(line).envelope.payload
    signed = ["verify", "git:.", "--signature", "commit.jsonl", "--sigstore", config, "--identity", NAME, "--issuer", services.issuer]
    assert _lading(*signed) == 0


def test_a_job_signs_as_itself(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    config = str(services.configuration())
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{services.url}/ci?api-version=2")
    by = Keyless(config)
    by.seal(STATEMENT)
    assert str(by) == f"identity job@acme.test by {services.issuer}"
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    with pytest.raises(KeyFileError, match="permissions") as refused:
        Keyless(config)
    assert "id-token: write" in refused.value.hint


def test_a_browser_is_asked_only_when_it_is_wanted(services: Services, model: Path) -> None:
    (model.parent / "browser.py").write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    environment = {
        "PATH": "/usr/bin:/bin",
        "BROWSER": f"{sys.executable} {model.parent / 'browser.py'} %s",
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-m", "lading", "sign", model, "--sigstore", services.configuration()]
    without = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert without.returncode == 2
    assert "--login" in without.stderr
    assert services.asked == []
    asked = subprocess.run([*command, "--login"], env=environment, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert "identity somebody@acme.test" in asked.stderr


def test_the_page_is_true(services: Services, model: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/sign-without-keys.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    (model.parent / "vex.json").write_text("{}")
    services.configuration()
    shown = {"SIGSTORE_IDENTITY_TOKEN": services.token(NAME), "ISSUER": services.issuer, **in_a_shell(model.parent)}
    for line in lines:
        own = line.replace("public", "sigstore.json").replace("https://github.com/acme/model/*", NAME)
        own = own.replace("https://token.actions.githubusercontent.com", services.issuer)
        done = subprocess.run(["bash", "-ec", own], cwd=model.parent, env=shown, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{own}\n{done.stderr}"


NOW = datetime.now(UTC)
TOKENS = {
    "expired": ({"iat": NOW - timedelta(hours=2), "exp": NOW - timedelta(hours=1)}, "expired"),
    "not yet": ({"nbf": NOW + timedelta(hours=1)}, "validity period"),
    "for somebody else": ({"aud": "other"}, "udience"),
    "of nobody": ({"sub": None}, "sub"),
}


@pytest.mark.parametrize(("claims", "words"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_cannot_be_used_is_refused_in_words_before_anything_is_asked(
    services: Services, claims: dict[str, object], words: str
) -> None:
    with pytest.raises(KeyFileError, match=words):
        Keyless(str(services.configuration()), services.token(NAME, **claims))
    assert services.asked == []


def test_a_forged_token_is_refused_by_the_authority_and_its_words_are_passed_on(services: Services, tmp_path: Path) -> None:
    forged = Services(tmp_path)
    forged.url = services.url
    with pytest.raises(SigningError, match=r"answered 401: the token is not valid: Signature verification failed"):
        Keyless(str(services.configuration()), forged.token(NAME)).seal(STATEMENT)


def test_a_token_that_expires_while_a_build_runs_is_asked_for_anew(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    config = str(services.configuration())
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", services.token("first@acme.test"))
    by = Keyless(config)
    monkeypatch.setattr(by._token, "_exp", 0)
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", services.token("second@acme.test"))
    by.seal(STATEMENT)
    assert "second@acme.test" in str(by)


def _certificate(_: Any) -> Any:
    return {"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}}


def _entry(**changes: object) -> Callable[[Any], Any]:
    return lambda answer: {k: {**v, **changes} for k, v in answer.items()}


def _verification(change: Callable[[dict[str, Any]], object]) -> Callable[[Any], Any]:
    def spoiled(answer: Any) -> Any:
        (entry,) = answer.values()
        change(entry["verification"])
        return answer

    return spoiled


OTHER = base64.b64encode(json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": {}}).encode()).decode()
SPOILED = {
    "no certificate": ("signingCert", _certificate),
    "no answer": ("signingCert", lambda _: {}),
    "no JSON": ("signingCert", lambda _: b"<html>"),
    "a list": ("signingCert", lambda _: []),
    "no entry": ("entries", lambda _: {}),
    "an entry of nothing": ("entries", lambda _: {"a": {}}),
    "no JSON of the log": ("entries", lambda _: b"\xff"),
    "two entries": ("entries", lambda answer: {**answer, "other": {}}),
    "the entry of something else": ("entries", _entry(body=OTHER)),
    "another time": ("entries", _entry(integratedTime=1)),
    "another place": ("entries", _entry(logIndex=7)),
    "another log": ("entries", _entry(logID="00" * 32)),
    "another root": ("entries", _verification(lambda v: v["inclusionProof"].update(rootHash="00" * 32))),
    "a path too long": ("entries", _verification(lambda v: v["inclusionProof"].update(hashes=["00" * 32]))),
    "no proof": ("entries", _verification(lambda v: v.pop("inclusionProof"))),
    "another promise": ("entries", _verification(lambda v: v.update(signedEntryTimestamp=base64.b64encode(bytes(70)).decode()))),
    "another checkpoint": ("entries", _verification(lambda v: v["inclusionProof"].update(checkpoint="log.acme.test\n1\nAAAA\n\n"))),
}


@pytest.mark.parametrize(("service", "change"), SPOILED.values(), ids=SPOILED)
def test_what_the_instance_gives_counts_only_when_it_verifies(
    services: Services, model: Path, capsys: pytest.CaptureFixture[str], service: str, change: Callable[[Any], Any]
) -> None:
    services.spoil = lambda path, answer: change(answer) if path.endswith(service) else answer
    assert _sign(services, model, services.configuration()) == 1
    assert "[LD403]" in capsys.readouterr().err
    assert not (model / "model.sig").exists()


def test_the_certificate_of_somebody_elses_key_signs_nothing(services: Services, model: Path) -> None:
    other = Instance.certified(services, services.issuer_key.public_key(), NAME, services.issuer)
    from cryptography.hazmat.primitives.serialization import Encoding

    def change(path: str, answer: Any) -> Any:
        if path.endswith("signingCert"):
            answer["signedCertificateEmbeddedSct"]["chain"]["certificates"][0] = other.public_bytes(Encoding.PEM).decode()
        return answer

    services.spoil = change
    assert _sign(services, model, services.configuration()) == 1


def test_a_log_of_version_2_without_a_proof_of_time_is_not_enough(services: Services) -> None:
    by = Keyless(str(services.configuration(2)), services.token(NAME))
    with pytest.raises(SigningError):
        by.seal(STATEMENT)


def _bytes(part: dict[str, Any], name: str) -> None:
    part[name] = base64.b64encode(bytes(reversed(base64.b64decode(part[name])))).decode()


TAMPERED: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "no time": lambda material, _: material.pop("timestampVerificationData"),
    "the time of something else": lambda material, other: material.update(timestampVerificationData=other["timestampVerificationData"]),
    "a broken time": lambda material, _: _bytes(material["timestampVerificationData"]["rfc3161Timestamps"][0], "signedTimestamp"),
    "no entry": lambda material, _: material.update(tlogEntries=[]),
    "the entry of something else": lambda material, other: material.update(tlogEntries=other["tlogEntries"]),
    "another body": lambda material, _: _bytes(material["tlogEntries"][0], "canonicalizedBody"),
    "another root": lambda material, _: _bytes(material["tlogEntries"][0]["inclusionProof"], "rootHash"),
    "another place": lambda material, _: material["tlogEntries"][0]["inclusionProof"].update(logIndex="0"),
    "no proof": lambda material, _: material["tlogEntries"][0].pop("inclusionProof"),
    "the certificate of something else": lambda material, other: material.update(certificate=other["certificate"]),
}


def test_a_bundle_of_a_log_of_version_2_that_is_wrong_in_one_way_is_refused(services: Services) -> None:
    services.make_authority_of_time()
    config = str(services.configuration(2, stamped=True))
    by = Keyless(config, services.token(NAME))
    other, mine = (bundle.encode(by.seal(STATEMENT)) for _ in range(2))
    assert NAME in sigstore.verified(decode(mine), config).names
    for change in TAMPERED.values():
        wrong = json.loads(mine)
        change(wrong["verificationMaterial"], json.loads(other)["verificationMaterial"])
        with pytest.raises(TrustError):
            sigstore.verified(decode(json.dumps(wrong).encode()), config)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(answer=JSON | st.binary(max_size=20), service=st.sampled_from(["signingCert", "entries"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_service_answers_is_a_sentence(services: Services, answer: object, service: str) -> None:
    services.spoil = lambda path, right: answer if path.endswith(service) else right
    with pytest.raises(LadingError):
        Keyless(str(services.configuration()), services.token(NAME)).seal(STATEMENT)


def test_a_service_that_is_not_there_is_named(services: Services) -> None:
    config = services.configuration()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    here = services.url.rpartition(":")[2]
    config.write_text(config.read_text().replace(f"127.0.0.1:{here}", f"127.0.0.1:{port}"))
    with pytest.raises(SigningError, match=f"127.0.0.1:{port} cannot be reached"):
        Keyless(str(config), services.token(NAME)).seal(STATEMENT)


def test_a_service_that_does_not_answer_is_not_waited_for(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()

    def silent(_: str, answer: Any) -> Any:
        ended.wait(60)
        return answer

    services.spoil = silent
    monkeypatch.setattr(keyless, "PATIENCE", 0.3)
    try:
        with pytest.raises(SigningError, match="does not answer"):
            Keyless(str(services.configuration()), services.token(NAME)).seal(STATEMENT)
    finally:
        ended.set()


CONFIGURATIONS = {
    "no file": (lambda path: path.unlink(), "No such file"),
    "no JSON": (lambda path: path.write_text("{"), "no trust configuration"),
    "no UTF-8": (lambda path: path.write_bytes(b"\xff"), "no trust configuration"),
    "a root only": (lambda path: path.write_text(json.dumps(Instance().trusted())), "no trust configuration"),
    "no log": (lambda path: path.write_text(path.read_text().replace("rekorTlogUrls", "other")), "no trust configuration"),
    "tokens in the clear": (lambda path: path.write_text(path.read_text().replace("127.0.0.1", "acme.test")), "without TLS"),
}


@pytest.mark.parametrize(("change", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_that_cannot_be_used_is_refused_in_words(services: Services, change: Callable[[Path], object], words: str) -> None:
    config = services.configuration()
    change(config)
    with pytest.raises(KeyFileError, match=words):
        Keyless(str(config), services.token(NAME))


def _places(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _places(part, (*here, name))


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_configuration_with_anything_in_any_place_is_used_or_refused_in_words(services: Services, data: st.DataObject) -> None:
    config = services.configuration()
    whole = {"": json.loads(config.read_text())}
    *path, last = data.draw(st.sampled_from([("", *p) for p in _places(whole[""])]))
    part: Any = whole
    for name in path:
        part = part[name]
    part[last] = data.draw(JSON)
    config.write_text(json.dumps(whole[""]))
    with suppress(LadingError):
        Keyless(str(config), services.token(NAME)).seal(STATEMENT)
    with suppress(LadingError):
        sigstore.verified(decode(services.sign(statement.decode(STATEMENT), NAME, services.issuer)), str(config))


def test_who_signs_is_one(services: Services, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = services.configuration()
    assert _lading("sign", model) == 2
    assert _lading("sign", model, "--key", "a", "--sigstore", config) == 2
    assert "--sigstore public by identity" in capsys.readouterr().err
    (model.parent / "leaf.pem").write_text(services.authority.public_bytes(encoding=_pem()).decode())
    assert _lading("sign", model, "--sigstore", config, "--identity-token", services.token(NAME), "-c", model.parent / "leaf.pem") == 2


def _pem() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM
