"""Who signs is a port: commands take whoever fits, and say in words when nobody does."""

import sys
from pathlib import Path

import pytest

from lading.cli.main import main
from lading.core.errors import KeyFileError, UsageError
from lading.sign.image import sign_image
from lading.sign.layout import Layout
from lading.sign.model import sign
from lading.sign.oci import MANIFEST, Descriptor
from lading.sign.service import is_service
from lading.trust import bundle, keys
from lading.trust.bundle import Bundle
from lading.trust.signer import SigningKey
from lading.trust.statement import Resource, Statement

SAID = Statement((Resource(name="a", digest={"sha256": "00" * 32}),), "https://acme.example/said/v1")


class Scribe:
    """Signs statements, and is no key."""

    def seal(self, statement: bytes) -> Bundle:
        return keys.generate("ecdsa-p256").seal(statement)


def _ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_text("a")
    return tmp_path / "model"


@pytest.mark.parametrize("algorithm", keys.GENERATORS)
def test_a_key_seals_as_it_always_did(algorithm: str) -> None:
    key = keys.generate(algorithm)
    assert isinstance(key, SigningKey)
    made = sign(SAID, key)
    key.public.verify(made.envelope.signatures[0].sig, made.envelope.signed)
    assert made.key_hint == key.public.fingerprint
    assert str(key) == f"{algorithm} {key.public.fingerprint[:16]}…"


def test_whoever_signs_statements_fits() -> None:
    assert bundle.decode(bundle.encode(sign(SAID, Scribe()))).envelope.payload


def test_only_a_key_signs_what_is_no_statement(tmp_path: Path) -> None:
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    layout = Layout(tmp_path)
    image = Descriptor(layout.put(b"{}"), MANIFEST, 2)
    assert sign_image(layout, image, Scribe()).algorithm == "sha256"
    with pytest.raises(UsageError, match="not by an identity") as refused:
        sign_image(layout, image, Scribe(), "tag")
    assert "--as bundle" in refused.value.hint


ASKED = {
    "nobody": ([], "nobody is named who signs"),
    "two": (["--key", "a", "--sigstore", "public"], "both --key and --sigstore"),
    "no file": (["--key", "nowhere.key"], "nowhere.key cannot be read"),
    "no such service": (["--key", "abacus:2"], "there is no key service 'abacus'"),
    "no package for a module": (["--key", "hsm:2"], "pip install 'lading[hsm]'"),
    "no package for a vault": (["--key", "hv:release"], "pip install 'lading[vault]'"),
    "no package for identities": (["--sigstore", "public"], "pip install 'lading[sigstore]'"),
}


@pytest.mark.parametrize(("options", "words"), ASKED.values(), ids=ASKED)
def test_who_cannot_sign_is_told_in_words(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    for package in ("sigstore", "sigstore.errors", "securesystemslib", "securesystemslib.signer", "securesystemslib.exceptions"):
        monkeypatch.setitem(sys.modules, package, None)
    assert _ended("sign", model, *options) == 2
    said = capsys.readouterr().err
    assert words in said
    assert not (model / "model.sig").exists()


def test_what_key_show_prints_is_a_public_key_wherever_one_is_wanted(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for algorithm in keys.GENERATORS:
        (tmp_path / "key").write_bytes(keys.generate(algorithm).pem())
        assert _ended("key", "show", tmp_path / "key") == 0
        (tmp_path / "shown").write_text(capsys.readouterr().out)
        assert _ended("sign", model, "--key", tmp_path / "key") == 0
        assert _ended("verify", model, "--key", tmp_path / "shown") == 0


@pytest.mark.parametrize("name", ["release.key", "./hsm:2", "/keys/a:b", "C:\\keys\\a", "keys/hsm:2", "HSM:2", ""])
def test_a_path_is_a_file(name: str) -> None:
    assert not is_service(name)


def test_a_certificate_is_not_for_whoever_is_no_key() -> None:
    with pytest.raises(KeyFileError, match="not that of the key"):
        sign(SAID, Scribe(), [None])  # type: ignore[list-item]
