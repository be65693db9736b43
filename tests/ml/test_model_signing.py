"""What lading signs verifies in the reference implementation of OpenSSF Model Signing, and the reverse."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.sign.verify import Options, verify
from lading.trust import bundle, keys
from lading.trust.certificates import load_certificates
from lading.trust.evidence import Roots
from lading.trust.keys import load_private

REFERENCE = [str(Path(sys.executable).with_name("model_signing"))]
STANDARD = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "a-b.txt").write_text("order by code point")
    (folder / "code" / "__init__.py").write_bytes(b"")
    (folder / "code" / "weights.bin").write_bytes(bytes(5 << 20))
    (folder / "caf\u00e9").write_text("name that is not ASCII")
    return folder


def _reference(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*REFERENCE, *map(str, arguments)], capture_output=True, text=True, check=False)


def _answer(model: Path, signature: Path, roots: Roots) -> Answer:
    return verify(model, [signature], roots, TrustRule(), datetime.now(UTC), Options()).verdict.answer


@pytest.mark.parametrize("algorithm", STANDARD)
def test_keys_in_both_directions(model: Path, tmp_path: Path, algorithm: str) -> None:
    key = keys.generate(algorithm)
    (tmp_path / "key").write_bytes(key.pem())
    (tmp_path / "key.pub").write_bytes(key.public.pem)
    ours, theirs = tmp_path / "ours.sig", tmp_path / "theirs.sig"

    ours.write_bytes(bundle.encode(sign_model(Files(model), key)))
    checked = _reference("verify", "key", model, "--signature", ours, "--public_key", tmp_path / "key.pub")
    assert checked.returncode == 0, checked.stderr

    made = _reference("sign", "key", model, "--signature", theirs, "--private_key", tmp_path / "key")
    assert made.returncode == 0, made.stderr
    assert _answer(model, theirs, Roots((key.public,))) is Answer.ALLOW

    (model / "code" / "weights.bin").write_bytes(bytes(5 << 20) + b"\0")
    assert _answer(model, theirs, Roots((key.public,))) is Answer.REFUSE
    assert _reference("verify", "key", model, "--signature", ours, "--public_key", tmp_path / "key.pub").returncode != 0


def test_one_file_in_both_directions(tmp_path: Path) -> None:
    path = tmp_path / "w.gguf"
    path.write_bytes(b"GGUF" * 100)
    key = keys.generate("ecdsa-p256")
    (tmp_path / "key").write_bytes(key.pem())
    (tmp_path / "key.pub").write_bytes(key.public.pem)
    (tmp_path / "ours.sig").write_bytes(bundle.encode(sign_model(Files(path), key)))
    checked = _reference("verify", "key", path, "--signature", tmp_path / "ours.sig", "--public_key", tmp_path / "key.pub")
    assert checked.returncode == 0, checked.stderr
    made = _reference("sign", "key", path, "--signature", tmp_path / "theirs.sig", "--private_key", tmp_path / "key")
    assert made.returncode == 0, made.stderr
    assert _answer(path, tmp_path / "theirs.sig", Roots((key.public,))) is Answer.ALLOW


def test_certificates_in_both_directions(model: Path, tmp_path: Path) -> None:
    root, middle, leaf = _chain(tmp_path)
    ours, theirs = tmp_path / "ours.sig", tmp_path / "theirs.sig"
    chain = [c for f in (leaf, middle) for c in load_certificates(f.read_bytes(), f.name)]
    key = load_private((tmp_path / "leaf.key").read_bytes(), b"", "leaf.key")
    ours.write_bytes(bundle.encode(sign_model(Files(model), key, chain)))
    checked = _reference("verify", "certificate", model, "--signature", ours, "--certificate_chain", root)
    assert checked.returncode == 0, checked.stderr
    made = _reference(
        "sign", "certificate", model, "--signature", theirs, "--private_key", tmp_path / "leaf.key", "--signing_certificate", leaf, "--certificate_chain", middle
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert _answer(model, theirs, Roots(certificates=load_certificates(root.read_bytes(), "root"))) is Answer.ALLOW


@pytest.mark.parametrize(("algorithm", "sharded"), [("sha256", True), ("blake2", False), ("blake3", False), ("blake2", True)])
def test_what_the_reference_itself_cannot_verify_without_help(model: Path, tmp_path: Path, algorithm: str, sharded: bool) -> None:  # noqa: FBT001 - a parameter
    """Shards (whose size becomes a float) and BLAKE2 signatures of the reference."""
    import model_signing

    key = keys.generate("ecdsa-p256")
    (tmp_path / "key").write_bytes(key.pem())
    hashing = model_signing.hashing.Config()
    if sharded:
        hashing.use_shard_serialization(hashing_algorithm=algorithm, shard_size=1 << 20)
        (model / "with:colon").write_bytes(b"a name with a colon")
        (model / "code" / "__init__.py").write_bytes(b"x")
    else:
        hashing.use_file_serialization(hashing_algorithm=algorithm)
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=tmp_path / "key").set_hashing_config(hashing)
    config.sign(model, tmp_path / "theirs.sig")
    assert _answer(model, tmp_path / "theirs.sig", Roots((key.public,))) is Answer.ALLOW
    with (model / "code" / "weights.bin").open("r+b") as stream:
        stream.seek(3 << 20)
        stream.write(b"\1")
    assert _answer(model, tmp_path / "theirs.sig", Roots((key.public,))) is Answer.REFUSE


def _chain(folder: Path) -> tuple[Path, Path, Path]:
    """Root, authority between and leaf, made by openssl."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    (folder / "leaf.ext").write_text(
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectAltName=email:release@acme.test\n"
    )
    for name in ("root", "middle", "leaf"):
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
    run("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-extfile", "ca.ext", "-out", "root.pem", "-days", "2")
    run(
        "x509",
        "-req",
        "-in",
        "middle.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-extfile",
        "ca.ext",
        "-out",
        "middle.pem",
        "-days",
        "2",
    )
    run(
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "middle.pem",
        "-CAkey",
        "middle.key",
        "-CAcreateserial",
        "-extfile",
        "leaf.ext",
        "-out",
        "leaf.pem",
        "-days",
        "2",
    )
    return folder / "root.pem", folder / "middle.pem", folder / "leaf.pem"
