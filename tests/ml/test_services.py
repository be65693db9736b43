"""Keys that never leave their place: a security module in software (SoftHSM), and services that answer on this machine.

SoftHSM is the real thing behind PKCS #11. Vault and AWS are asked by their own clients at servers that speak as they are recorded to.
Azure and Google are not asked here: their clients speak only to the real ones.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from local_services import in_a_shell

from lading.core.errors import KeyFileError, LadingError, SigningError
from lading.sign import service
from lading.sign.service import ServiceKey
from lading.trust.keys import generate, load_public

LIBRARY = next((p for p in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")) if p.exists()), None)
PIN = "0451"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token `release` with keys on P-256 (2) and P-384 (3); the folder holds the module's settings."""
    if LIBRARY is None or shutil.which("softhsm2-util") is None:
        pytest.skip("needs SoftHSM (Debian: softhsm2)")
    pytest.importorskip("pkcs11", reason="needs lading[hsm]")
    folder = tmp_path_factory.mktemp("module")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        patch.setenv("PYKCS11LIB", str(LIBRARY))
        _softhsm("--init-token", "--free", "--label", "release", "--pin", PIN, "--so-pin", "5678")
        for number, algorithm in (("02", "ecdsa-p256"), ("03", "ecdsa-p384")):
            (folder / "key.pem").write_bytes(generate(algorithm).pem())
            _softhsm("--import", str(folder / "key.pem"), "--token", "release", "--label", algorithm, "--id", number, "--pin", PIN)
        (folder / "key.pem").unlink()
        yield folder


def _softhsm(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path / "model"


def _lading(*arguments: object, pin: str = PIN, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = ":".join(p for p in sys.path if p)
    used = {**os.environ, "LADING_PASSPHRASE": pin, "PYTHONPATH": paths, **environment}
    return subprocess.run([sys.executable, "-m", "lading", *map(str, arguments)], env=used, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("key", ["hsm:2", "hsm:3?label=release"])
@pytest.mark.usefixtures("module")
def test_a_key_in_a_module_signs_what_its_public_key_alone_verifies(model: Path, key: str) -> None:
    shown = _lading("key", "show", key, pin="")
    assert shown.returncode == 0, shown.stderr
    public = model.parent / "release.pub"
    public.write_text(shown.stdout)
    signed = _lading("sign", model, "--key", key)
    assert signed.returncode == 0, signed.stderr
    apart = {"PYKCS11LIB": "", "SOFTHSM2_CONF": ""}
    assert _lading("verify", model, "--key", public, pin="", **apart).returncode == 0
    (model.parent / "review.json").write_text("{}")
    review = _lading("attest", "vex", model, "--predicate", model.parent / "review.json", "--key", key)
    assert review.returncode == 0, review.stderr
    assert _lading("verify", model, "--key", public, pin="", **apart).returncode == 0
    reference = [Path(sys.executable).with_name("model_signing"), "verify", "key", model, "--signature", model / "model.sig"]
    (model.parent / "bare.pub").write_bytes(load_public(public.read_bytes(), "public").pem)
    checked = subprocess.run([*reference, "--public_key", model.parent / "bare.pub"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    (model / "config.json").write_text("[]")
    assert _lading("verify", model, "--key", public, pin="").returncode == 3


@pytest.mark.usefixtures("module")
def test_a_key_in_a_module_signs_under_its_certificate(model: Path) -> None:
    folder = model.parent
    (folder / "release.pub").write_bytes(ServiceKey("hsm:2").public.pem)
    (folder / "root.ext").write_text(
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    )
    (folder / "leaf.ext").write_text(
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectAltName=email:release@acme.test\nauthorityKeyIdentifier=keyid\n"
    )
    for line in (
        "ecparam -name prime256v1 -genkey -noout -out root.key",
        "x509 -new -key root.key -subj /CN=root -extfile root.ext -out root.pem -days 9",
        "x509 -new -force_pubkey release.pub -subj /CN=release -CA root.pem -CAkey root.key -extfile leaf.ext -out leaf.pem -days 2",
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    signed = _lading("sign", model, "--key", "hsm:2", "--certificate", folder / "leaf.pem")
    assert signed.returncode == 0, signed.stderr
    checked = _lading("verify", model, "--roots", folder / "root.pem", "--identity", "release@acme.test", pin="")
    assert checked.returncode == 0, checked.stdout
    other = _lading("sign", model, "--key", "hsm:3", "--certificate", folder / "leaf.pem")
    assert other.returncode == 2
    assert "not that of the key" in other.stderr


@pytest.mark.usefixtures("module")
def test_a_module_hashes_as_its_key_says() -> None:
    assert ServiceKey("hsm:2", PIN.encode()).sign_sha256(b"x")
    with pytest.raises(KeyFileError, match="more than SHA-256"):
        ServiceKey("hsm:3", PIN.encode()).sign_sha256(b"x")


REFUSED = {
    "no PIN": ("hsm:2", "", {}, "wants its PIN"),
    "wrong PIN": ("hsm:2", "1111", {}, "the PIN is wrong"),
    "PIN too short": ("hsm:2", "1", {}, "the PIN is"),
    "no such key": ("hsm:9", PIN, {}, "could not find"),
    "no such token": ("hsm:2?label=other", PIN, {}, "No PKCS#11 token found"),
    "no number": ("hsm:two", PIN, {}, "hsm:NUMBER"),
    "no module named": ("hsm:2", PIN, {"PYKCS11LIB": ""}, "which module is not said"),
    "no such module": ("hsm:2", PIN, {"PYKCS11LIB": "/nowhere.so"}, "nowhere.so"),
    "a number too large": (f"hsm:{'9' * 5000}", PIN, {}, "hsm:NUMBER"),
    "a label misspelt": ("hsm:2?lable=release", PIN, {}, "hsm:NUMBER"),
    "not a service": ("abacus:2", PIN, {}, "no key service 'abacus'"),
    "not of Azure": ("azurekms://elsewhere/keys/a", PIN, {}, "does not name a key of Azure"),
}


@pytest.mark.parametrize(("key", "pin", "environment", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("module")
def test_a_key_that_cannot_be_used_is_refused_in_words(model: Path, key: str, pin: str, environment: dict[str, str], words: str) -> None:
    done = _lading("sign", model, "--key", key, pin=pin, **environment)
    assert done.returncode in {1, 2}
    assert words in done.stderr
    assert re.search(r"\[LD40[23]\]\nhint: ", done.stderr), done.stderr
    assert not (model / "model.sig").exists()


@pytest.mark.usefixtures("module")
def test_the_page_is_true(model: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/sign-with-a-module.md").read_text()
    (model.parent / "vex.json").write_text("{}")
    (model.parent / "tokens").mkdir()
    (model.parent / "softhsm2.conf").write_text(f"directories.tokendir = {model.parent / 'tokens'}\n")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("/usr/lib/softhsm/libsofthsm2.so", os.environ["PYKCS11LIB"])
    shown = {"SOFTHSM2_CONF": str(model.parent / "softhsm2.conf"), **in_a_shell(model.parent)}
    done = subprocess.run(["bash", "-exc", lines], cwd=model.parent, env=shown, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
@pytest.mark.usefixtures("module")
def test_any_name_of_a_key_is_a_key_or_a_sentence(rest: str) -> None:
    with pytest.raises(LadingError):
        ServiceKey(f"hsm:{rest}?label=nowhere", PIN.encode())


Answer = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, dict[str, Any]]]


@contextmanager
def _serving(answer: Answer) -> Iterator[str]:
    """A server on this machine that answers in JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, said = answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST  # noqa: N815 - as the base class calls them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _vault(sign: Callable[[bytes], bytes], versions: dict[str, bytes]) -> Answer:
    """The transit engine of Vault."""

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, Any]]:
        if request.headers.get("X-Vault-Token") != "let-me":
            return 403, {"errors": ["permission denied"]}
        if request.command == "GET":
            found = {version: {"public_key": base64.b64encode(key).decode()} for version, key in versions.items()}
            return 200, {"data": {"keys": found, "type": "ed25519"}}
        asked = json.loads(body)
        signature = base64.b64encode(sign(base64.b64decode(asked["input"]))).decode()
        return 200, {"data": {"signature": f"vault:v{asked['key_version']}:{signature}"}}

    return answer


def _amazon(key: Any, algorithms: list[str]) -> Answer:
    """The key service of AWS, with one key, `release`."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, Any]]:
        asked = json.loads(body)
        if asked["KeyId"] != "release":
            return 400, {"__type": "NotFoundException", "message": "Invalid keyId"}
        if request.headers["X-Amz-Target"] == "TrentService.GetPublicKey":
            return 200, {"KeyId": "release", "PublicKey": base64.b64encode(public).decode(), "SigningAlgorithms": algorithms}
        assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", algorithms[0])
        digest, kind = base64.b64decode(asked["Message"]), {32: hashes.SHA256(), 48: hashes.SHA384()}
        used = Prehashed(kind[len(digest)])
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), used)
        else:
            signature = key.sign(digest, ec.ECDSA(used))
        return 200, {"KeyId": "release", "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithms[0]}

    return answer


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hvac", reason="needs lading[vault]")
    monkeypatch.setenv("VAULT_TOKEN", "let-me")


@pytest.mark.usefixtures("vault")
def test_a_key_in_vault_signs_with_its_newest_version(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    with _serving(_vault(new.sign, {"9": _raw(old), "10": _raw(new)})) as address:
        monkeypatch.setenv("VAULT_ADDR", address)
        signed = _lading("sign", model, "--key", "hv:release")
        assert signed.returncode == 0, signed.stderr
        (model.parent / "release.pub").write_text(_lading("key", "show", "hv:release/10").stdout)
        assert _lading("verify", model, "--key", model.parent / "release.pub").returncode == 0
        with pytest.raises(KeyFileError, match="not the newest version"):
            ServiceKey("hv:release/9")
        monkeypatch.setenv("VAULT_TOKEN", "other")
        with pytest.raises(SigningError, match="permission denied"):
            ServiceKey("hv:release")
    with pytest.raises(SigningError, match="cannot be used"):
        ServiceKey("hv:release")


@pytest.mark.usefixtures("vault")
def test_a_service_that_signs_with_another_key_than_it_shows_has_signed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with _serving(_vault(Ed25519PrivateKey.generate().sign, {"1": _raw(Ed25519PrivateKey.generate())})) as address:
        monkeypatch.setenv("VAULT_ADDR", address)
        with pytest.raises(SigningError, match="another key than it shows"):
            ServiceKey("hv:release").sign(b"x")


AMAZON = {
    "ecdsa-p256": (lambda: ec.generate_private_key(ec.SECP256R1()), ["ECDSA_SHA_256"]),
    "ecdsa-p384": (lambda: ec.generate_private_key(ec.SECP384R1()), ["ECDSA_SHA_384"]),
    "rsa-pss-2048": (lambda: rsa.generate_private_key(65537, 2048), ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]),
}


@pytest.mark.parametrize("algorithm", AMAZON)
def test_a_key_in_aws_signs_what_its_public_key_verifies(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    pytest.importorskip("boto3", reason="needs lading[awskms]")
    make, algorithms = AMAZON[algorithm]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with _serving(_amazon(make(), algorithms)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        by = ServiceKey("awskms:release")
        assert by.public.algorithm == algorithm
        by.public.verify(by.sign(b"x"), b"x")
        with pytest.raises(SigningError, match="Invalid keyId"):
            ServiceKey("awskms:other")


@pytest.mark.parametrize("scheme", ["awskms", "hv", "hsm", "gcpkms", "azurekms"])
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    from securesystemslib.exceptions import UnsupportedLibraryError

    def missing(*_: object) -> None:
        raise UnsupportedLibraryError("not here")

    monkeypatch.setitem(service.SERVICES, scheme, missing)
    extra = {"hv": "vault"}.get(scheme, scheme)
    with pytest.raises(KeyFileError) as refused:
        ServiceKey(f"{scheme}:a")
    assert refused.value.hint == f"pip install 'lading[{extra}]'"
    monkeypatch.setitem(sys.modules, "securesystemslib.signer", None)
    with pytest.raises(KeyFileError) as refused:
        ServiceKey(f"{scheme}:a")
    assert refused.value.hint == f"pip install 'lading[{extra}]'"


def test_a_way_of_signing_that_nobody_verifies_here_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from securesystemslib.signer import SSlibKey

    theirs = SSlibKey("x", "rsa", "rsa-pkcs1v15-sha256", {"public": ""})
    monkeypatch.setitem(service.SERVICES, "gcpkms", lambda *_: ("gcpkms:a", theirs))
    with pytest.raises(KeyFileError, match="rsa-pkcs1v15-sha256, which lading does not verify"):
        ServiceKey("gcpkms:a")
