"""A signature outlives its certificate only with a timestamp, made here by the authority that OpenSSL is."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lading.core.errors import TrustError
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.sign.verify import verify
from lading.trust import bundle, timestamps
from lading.trust.certificates import load_certificates
from lading.trust.evidence import Roots
from lading.trust.keys import load_private

CONFIG = """[tsa]
default_tsa = tsa1
[tsa1]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = tsa.pem
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = sha256
ess_cert_id_alg = sha256
ess_cert_id_chain = no
ordering = yes
tsa_name = yes
"""


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A folder with a root, a leaf for signing code for one day, and a time-stamping authority."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "root.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    (tmp_path / "leaf.ext").write_text(
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectAltName=email:release@acme.test\n"
    )
    (tmp_path / "tsa.ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
    (tmp_path / "tsa.cnf").write_text(CONFIG)
    (tmp_path / "serial").write_text("01\n")
    for name in ("root", "leaf", "tsa"):
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
    run("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-extfile", "root.ext", "-out", "root.pem", "-days", "400")
    for name, days in (("leaf", "1"), ("tsa", "300")):
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.pem", "-days", days)  # fmt: skip
    return tmp_path


@pytest.fixture
def signed(authority: Path) -> Path:
    """A model signed by the leaf."""
    model = authority / "model"
    model.mkdir()
    (model / "a").write_bytes(b"a")
    key = load_private((authority / "leaf.key").read_bytes(), b"", "leaf.key")
    (authority / "model.sig").write_bytes(bundle.encode(sign_model(Files(model), key, _certificates(authority / "leaf.pem"))))
    return model


def _certificates(path: Path):
    return load_certificates(path.read_bytes(), path.name)


def _stamp(folder: Path) -> None:
    lading = [sys.executable, "-m", "lading", "timestamp"]
    subprocess.run([*lading, "request", "model.sig", "-o", "q.tsq"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa1", "-queryfile", "q.tsq", "-out", "a.tsr"], cwd=folder, check=True, capture_output=True)  # fmt: skip
    subprocess.run([*lading, "add", "model.sig", "a.tsr", "--tsa", "root.pem"], cwd=folder, check=True, capture_output=True)


def _answer(model: Path, days: int, *, trusted: bool = True) -> Answer:
    roots = _certificates(model.parent / "root.pem")
    at = datetime.now(UTC) + timedelta(days=days)
    return verify(
        model, [model.parent / "model.sig"], Roots(certificates=roots, timestamping=roots if trusted else ()), TrustRule(), at
    ).verdict.answer


def test_after_its_certificate_expired_a_signature_holds_only_with_a_timestamp(signed: Path) -> None:
    assert _answer(signed, 0) is Answer.ALLOW
    assert _answer(signed, 2) is Answer.REFUSE
    _stamp(signed.parent)
    assert _answer(signed, 0) is Answer.ALLOW
    assert _answer(signed, 2) is Answer.ALLOW
    assert _answer(signed, 2, trusted=False) is Answer.REFUSE


def test_a_timestamp_of_something_else_or_of_tomorrow_proves_nothing(signed: Path) -> None:
    _stamp(signed.parent)
    made = bundle.decode((signed.parent / "model.sig").read_bytes())
    roots = _certificates(signed.parent / "root.pem")
    now = datetime.now(UTC)
    (token,), signature = made.timestamps, made.envelope.signatures[0].sig
    assert now - timedelta(minutes=5) < timestamps.proven_time(token, signature, roots, now) <= now
    for response, message, at, words in [
        (token, b"other", now, "does not hold"),
        (token[:-5], signature, now, "does not hold"),
        (b"junk", signature, now, "does not hold"),
        (token, signature, now - timedelta(days=1), "still to come"),
    ]:
        with pytest.raises(TrustError, match=words):
            timestamps.proven_time(response, message, roots, at)
    with pytest.raises(TrustError, match="does not hold"):
        timestamps.proven_time(token, signature, _certificates(signed.parent / "leaf.pem"), now)
