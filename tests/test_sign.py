"""What is signed verifies, and nothing else does: a model wrong in one way is refused in words that name the way."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lading.core.digest import Digest
from lading.core.errors import LadingError, TrustError
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.files import Files, digest_and_chunks
from lading.sign.model import check, manifest_of, renewed, sign, sign_model
from lading.sign.verify import Options, verify
from lading.trust import bundle, dsse, evidence, keys, model_signing, statement
from lading.trust.evidence import Roots
from lading.trust.model_signing import CHUNK
from tampering import FILES, KEY, LEAF, MIDDLE, NOW, ROOT, STRANGER, WAYS, Signed, certified
from test_cli import lading


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    return Signed.fresh(tmp_path)


def test_a_model_as_it_was_signed_is_allowed(signed: Signed) -> None:
    result = signed.verify()
    assert result.verdict.answer is Answer.ALLOW
    assert result.verdict.reasons == (f"signed by key {KEY.public.fingerprint[:16]}… (ecdsa-p256)",)
    assert result.checked[0].files == len(FILES)
    assert result.digest == str(manifest_of(Files(signed.model)).digest)


def test_a_model_signed_by_a_certificate_of_the_authority_is_allowed(signed: Signed) -> None:
    certified(signed, LEAF, MIDDLE)
    signed.rule = TrustRule(identities=("release@*",))
    result = signed.verify()
    assert result.verdict.answer is Answer.ALLOW
    assert "release@acme.test" in result.verdict.reasons[0]


IN_THE_INDEX_ONLY = {"index_of_other_content"}
"""Whole digests do not look at the index, and the files are as signed."""


@pytest.mark.parametrize(("name", "whole"), [(n, w) for n in WAYS for w in (False, True) if not (w and n in IN_THE_INDEX_ONLY)])
def test_a_model_that_is_wrong_in_one_way_is_refused_in_words_that_name_it(signed: Signed, name: str, whole: bool) -> None:  # noqa: FBT001 - a parameter of the test
    make, words = WAYS[name]
    signed.options = Options(whole=whole)
    make(signed)
    result = signed.verify()
    assert result.verdict.answer is Answer.REFUSE, result
    assert words in " ".join(result.verdict.reasons)


def test_the_corpus_of_tampering_is_as_large_as_promised() -> None:
    assert len(WAYS) >= 60


def test_without_a_signature_or_without_a_key_nothing_is_known(signed: Signed) -> None:
    signed.roots = Roots()
    assert signed.verify().verdict.answer is Answer.UNKNOWN
    signed.roots = Roots((KEY.public,))
    signed.signature.unlink()
    assert signed.verify().verdict == type(signed.verify().verdict)(Answer.UNKNOWN, ("there is no signature",))


def _verify(signed: Signed, sources: list[Path], threshold: int, *trusted: keys.PrivateKey) -> Answer:
    roots = Roots(tuple(k.public for k in trusted))
    return verify(signed.model, sources, roots, TrustRule(threshold=threshold), NOW).verdict.answer


def test_two_of_three_signers_are_two_different_ones(signed: Signed, tmp_path: Path) -> None:
    third = keys.generate("ed25519")
    paths = []
    for number, key in enumerate((KEY, KEY, STRANGER)):
        paths.append(tmp_path / f"{number}.sig")
        paths[-1].write_bytes(bundle.encode(sign_model(Files(signed.model), key)))
    trusted = (KEY, STRANGER, third)
    assert _verify(signed, paths[:2], 2, *trusted) is Answer.REFUSE
    assert _verify(signed, paths, 2, *trusted) is Answer.ALLOW
    assert _verify(signed, paths, 3, *trusted) is Answer.REFUSE
    assert _verify(signed, paths, 2, KEY, third) is Answer.REFUSE


def test_a_bad_signature_beside_a_good_one_is_told_and_does_not_count(signed: Signed, tmp_path: Path) -> None:
    bad = tmp_path / "bad.sig"
    bad.write_bytes(b"{}")
    result = verify(signed.model, [bad, signed.signature], signed.roots, TrustRule(), NOW)
    assert result.verdict.answer is Answer.ALLOW
    assert [c.holds for c in result.claims] == [False, True]
    assert result.claims[0].refusal


def test_the_key_of_a_certificate_and_the_key_itself_are_one_signer(signed: Signed, tmp_path: Path) -> None:
    own = tmp_path / "own.sig"
    own.write_bytes(bundle.encode(sign_model(Files(signed.model), keys.PrivateKey(LEAF.key))))
    certified(signed, LEAF, MIDDLE)
    roots = Roots((keys.PrivateKey(LEAF.key).public,), (ROOT.certificate,))
    result = verify(signed.model, [own, signed.signature], roots, TrustRule(threshold=2), NOW)
    assert result.verdict.answer is Answer.REFUSE


def test_files_that_nobody_signed_are_permitted_only_on_request_and_named(signed: Signed) -> None:
    (signed.model / "notes.md").write_text("later")
    signed.options = Options(extra=True)
    result = signed.verify()
    assert result.verdict.answer is Answer.ALLOW
    assert result.checked[0].left_out == ("notes.md",)


def test_code_where_the_format_does_not_look_is_mentioned(signed: Signed) -> None:
    (signed.model / ".git" / "hooks").mkdir(parents=True)
    (signed.model / ".git" / "hooks" / "run.py").write_text("x")
    result = signed.verify()
    assert result.verdict.answer is Answer.ALLOW
    assert any(".git is not signed and holds code" in note for note in result.checked[0].notes)


def test_a_signature_inside_the_model_signs_everything_but_itself(signed: Signed) -> None:
    inside = signed.model / "model.sig"
    inside.write_bytes(signed.signature.read_bytes())
    assert verify(signed.model, [inside], signed.roots, TrustRule(), NOW).verdict.answer is Answer.ALLOW


class Told(list[str]):
    """A listing that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        type(self).times += 1
        return super().__iter__()


def test_a_model_is_listed_as_often_whether_it_has_few_files_or_many(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, counts = Files.paths, []
    monkeypatch.setattr(Files, "paths", lambda *a, **k: Told(listed(*a, **k)))
    for count in (5, 50):
        for number in range(count):
            (signed.model / f"shard-{number}").write_bytes(b"x")
        manifest = manifest_of(Files(signed.model))
        Told.times = 0
        assert check(Files(signed.model), manifest).differences == ()
        counts.append(Told.times)
    assert counts[0] == counts[1] > 0


def test_one_file_alone_is_signed_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "w.gguf"
    path.write_bytes(b"GGUF" * 1000)
    (tmp_path / "w.gguf.sig").write_bytes(bundle.encode(sign_model(Files(path), KEY)))
    found = verify(path, [tmp_path / "w.gguf.sig"], Roots((KEY.public,)), TrustRule(), NOW)
    assert found.verdict.answer is Answer.ALLOW
    path.write_bytes(b"GGUF" * 1001)
    assert verify(path, [tmp_path / "w.gguf.sig"], Roots((KEY.public,)), TrustRule(), NOW).verdict.answer is Answer.REFUSE


@pytest.mark.parametrize("algorithm", keys.GENERATORS)
@pytest.mark.parametrize("passphrase", [b"", b"correct horse"])
def test_every_kind_of_key_signs_verifies_and_is_kept(algorithm: str, passphrase: bytes, tmp_path: Path) -> None:
    key = keys.generate(algorithm)
    again = keys.load_private(key.pem(passphrase), passphrase, "the key")
    public = keys.load_public(key.public.pem, "the key")
    public.verify(again.sign(b"message"), b"message")
    with pytest.raises(TrustError, match="is not that of"):
        public.verify(again.sign(b"message"), b"massage")
    (tmp_path / "a").write_bytes(b"a")
    made = sign_model(Files(tmp_path / "a"), again)
    assert evidence.verify(bundle.decode(bundle.encode(made)), Roots((public,)), NOW).signer.algorithm == public.algorithm


def test_keys_made_by_openssl_and_ssh_keygen_are_read(tmp_path: Path) -> None:
    commands = {
        "p384": ["openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "p384"],
        "rsa": ["openssl", "genrsa", "-out", "rsa", "2048"],
        "ed": ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "ed"],
        "p256": ["ssh-keygen", "-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", "p256"],
    }
    algorithms = set()
    for name, command in commands.items():
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        key = keys.load_private((tmp_path / name).read_bytes(), b"", name)
        if (tmp_path / f"{name}.pub").exists():
            assert keys.load_public((tmp_path / f"{name}.pub").read_bytes(), name) == key.public
        key.public.verify(key.sign(b"m"), b"m")
        algorithms.add(key.public.algorithm)
    assert algorithms == {"ecdsa-p384", "rsa-pss-2048", "ed25519", "ecdsa-p256"}


def test_an_encrypted_key_wants_its_passphrase(tmp_path: Path) -> None:
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:horse", "-out", "k"], cwd=tmp_path, check=True)
    data = (tmp_path / "k").read_bytes()
    assert keys.load_private(data, b"horse", "k").public.algorithm == "ed25519"
    with pytest.raises(LadingError, match="is encrypted"):
        keys.load_private(data, b"", "k")
    with pytest.raises(LadingError, match="passphrase is wrong"):
        keys.load_private(data, b"donkey", "k")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
        (b"ssh-ed25519 AAAA", "no public key"),
        (b"\xff" * 100, "no public key"),
    ],
)
def test_what_is_no_key_is_said_to_be_none(data: bytes, words: str) -> None:
    with pytest.raises(LadingError, match=words):
        keys.load_public(data, "the file")


def test_short_and_odd_keys_are_not_used(tmp_path: Path) -> None:
    subprocess.run(["openssl", "genrsa", "-out", "short", "1024"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", "odd"], cwd=tmp_path, check=True, capture_output=True
    )
    with pytest.raises(LadingError, match="too short"):
        keys.load_private((tmp_path / "short").read_bytes(), b"", "short")
    with pytest.raises(LadingError, match="curve secp256k1"):
        keys.load_private((tmp_path / "odd").read_bytes(), b"", "odd")


def test_what_is_one_file_on_some_disks_is_not_signed(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"1")
    (tmp_path / "a").write_bytes(b"2")
    with pytest.raises(TrustError, match="one file on some disks"):
        manifest_of(Files(tmp_path))


def test_a_key_that_is_not_the_certified_one_does_not_sign(signed: Signed) -> None:
    with pytest.raises(LadingError, match="not that of the key"):
        sign_model(Files(signed.model), KEY, [LEAF.certificate])


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_index_of_chunks_fits_every_length(length: int, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\1" * length)
    manifest = manifest_of(Files(path))
    assert check(Files(path), manifest).differences == ()
    with path.open("ab") as stream:
        stream.write(b"\1")
    assert [d.how for d in check(Files(path), manifest).differences] == ["changed"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_arbitrary_json_is_no_bundle_and_no_statement(value: object) -> None:
    data = json.dumps(value).encode()
    for decode in (bundle.decode, statement.decode):
        with pytest.raises(TrustError):
            decode(data)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_are_no_bundle(data: bytes) -> None:
    with pytest.raises(TrustError):
        bundle.decode(data)


def test_the_encoding_before_signing_is_that_of_the_specification() -> None:
    assert (
        dsse.pre_authentication("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


ITEMS = (model_signing.Item("a", Digest("sha256", "00" * 32)),)
CERTIFIED = bundle.encode(
    sign(model_signing.encode(model_signing.Manifest("m", ITEMS)), keys.PrivateKey(LEAF.key), [LEAF.certificate, MIDDLE.certificate])
)
BUNDLE = bundle.encode(sign(model_signing.encode(model_signing.Manifest("m", ITEMS)), KEY))


def test_a_manifest_survives_its_statement() -> None:
    made = model_signing.encode(model_signing.Manifest("m", ITEMS, ignored=("a/b",)))
    assert model_signing.decode(statement.decode(statement.encode(made))).items == ITEMS


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_change_of_one_byte_of_a_signature_file_lets_another_statement_through(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(BUNDLE) - 1))
    changed = BUNDLE[:at] + bytes([data.draw(st.integers(0, 255))]) + BUNDLE[at + 1 :]
    try:
        found = evidence.verify(bundle.decode(changed), Roots((KEY.public,)), NOW)
    except LadingError:
        return
    assert found.statement == evidence.verify(bundle.decode(BUNDLE), Roots((KEY.public,)), NOW).statement


def test_two_signatures_of_the_same_files_are_compared_each_as_it_says(signed: Signed, tmp_path: Path) -> None:
    """One of them leaves a file out of account, the other does not: the first must not lend the second its answer."""
    (signed.model / "extra.py").write_text("x")
    lenient = tmp_path / "lenient.sig"
    lenient.write_bytes(bundle.encode(sign_model(Files(signed.model), STRANGER, ignored=["extra.py"])))
    roots = Roots((KEY.public, STRANGER.public))
    for sources in ([lenient, signed.signature], [signed.signature, lenient]):
        result = verify(signed.model, sources, roots, TrustRule(threshold=2), NOW)
        assert result.verdict.answer is Answer.REFUSE
        assert {c.source: c.holds for c in result.claims} == {str(lenient): True, str(signed.signature): False}


def _certified(made: bundle.Bundle) -> list[bytes]:
    """What the issuers have signed."""
    return [x509.load_der_x509_certificate(c).tbs_certificate_bytes for c in made.certificates]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_byte_of_a_certificate_can_be_changed_to_more_than_a_refusal(data: st.DataObject) -> None:
    made = bundle.decode(CERTIFIED)
    which = data.draw(st.integers(0, 1))
    chain = [bytearray(c) for c in made.certificates]
    for _ in range(data.draw(st.integers(1, 3))):
        chain[which][data.draw(st.integers(0, len(chain[which]) - 1))] = data.draw(st.integers(0, 255))
    changed = replace(made, certificates=tuple(bytes(c) for c in chain))
    try:
        found = evidence.verify(changed, Roots(certificates=(ROOT.certificate,)), NOW)
    except LadingError:
        return
    assert _certified(changed) == _certified(made), "only the encoding of the signature over it may differ"
    assert found.signer.names == ("release@acme.test",)


def _said(signed: Signed) -> model_signing.Manifest:
    return model_signing.decode(statement.decode(bundle.decode(signed.signature.read_bytes()).envelope.payload))


def test_a_signature_is_renewed_by_another_key_and_says_the_same(signed: Signed) -> None:
    """What is as it was keeps its digest without SHA-256; what changed, came or went is told as it is."""
    before = _said(signed)
    fresh = manifest_of(Files(signed.model))
    assert renewed(Files(signed.model), before) == fresh
    (signed.model / "config.json").write_text('{"hidden": 9}')
    (signed.model / "new.txt").write_text("new")
    (signed.model / "code/modeling.py").unlink()
    assert renewed(Files(signed.model), before) == manifest_of(Files(signed.model))


def test_a_renewed_signature_is_not_blind(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only SHA-256 is spared: a changed byte in a large file is hashed anew, an unchanged file is not."""
    hashed: list[int] = []

    def counted(descriptor: int, algorithm: str) -> object:
        hashed.append(os.fstat(descriptor).st_size)
        return digest_and_chunks(descriptor, algorithm)

    monkeypatch.setattr("lading.sign.model.digest_and_chunks", counted)
    before = _said(signed)
    renewed(Files(signed.model), before)
    assert hashed == []
    large = signed.model / "model.safetensors"
    large.write_bytes(large.read_bytes()[:-1] + b"!")
    assert renewed(Files(signed.model), before) == manifest_of(Files(signed.model))
    assert hashed[0] == large.stat().st_size


def test_renewing_believes_only_the_key_that_is_named(signed: Signed, tmp_path: Path) -> None:
    for name, key in (("old", KEY), ("new", STRANGER)):
        (tmp_path / name).write_bytes(key.pem())
        (tmp_path / f"{name}.pub").write_bytes(key.public.pem)
    renew = ["sign", str(signed.model), "--key", "new", "--renew", str(signed.signature)]
    assert lading(*renew, cwd=tmp_path).returncode == 2
    assert lading(*renew, "--renew-key", "new.pub", cwd=tmp_path).returncode == 3
    assert lading(*renew, "--renew-key", "old.pub", cwd=tmp_path).returncode == 0
    assert (
        lading("verify", str(signed.model), "--key", "new.pub", "--signature", str(signed.model / "model.sig"), cwd=tmp_path).returncode
        == 0
    )


@pytest.mark.parametrize("name", ["dataset", "bom.cdx.json", "uv.lock", "requirements.txt"])
def test_datasets_and_documents_are_signed_like_models(name: str, tmp_path: Path) -> None:
    thing = tmp_path / name
    if name == "dataset":
        (thing / "data").mkdir(parents=True)
        (thing / "data" / "train.parquet").write_bytes(b"PAR1 rows PAR1")
    else:
        thing.write_text("{}")
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    assert lading("sign", name, "--key", "k", cwd=tmp_path).returncode == 0
    assert lading("verify", name, "--key", "k.pub", cwd=tmp_path).returncode == 0
    changed = next(p for p in [thing, *thing.rglob("*.parquet")] if p.is_file())
    changed.write_bytes(changed.read_bytes() + b" ")
    assert lading("verify", name, "--key", "k.pub", cwd=tmp_path).returncode == 3
