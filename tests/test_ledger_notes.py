"""Checkpoints, exports and proofs: read by others, refused when key, origin, size or a bit is another."""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from lading.core.errors import KeyFileError, LedgerError, ProofError, TamperError, TrustError, UsageError
from lading.ledger import merkle
from lading.ledger.checkpoint import Checkpoint, unsigned
from lading.ledger.file import Access
from lading.ledger.note import Verifier, opened, sign, verified, verifier_for, verifier_of
from lading.ledger.proof import Proof, check, parse, proof_of
from lading.ledger.store import Ledger
from lading.ledger.tiles import export, path, tiles
from lading.trust.keys import PrivateKey, generate
from ledger_makers import envelope, fill, subject

ORIGIN = "acme.example/ledger"
KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
ELLIPTIC = generate("ecdsa-p256")
VERIFIER = verifier_for(ORIGIN, KEY.public)
CHECKPOINT = Checkpoint(ORIGIN, 20852163, sha256(b"root").digest())
NOTE = sign(CHECKPOINT, KEY)
TEXT, SIGNATURES = NOTE.split(b"\n\n")


# Notes


def test_the_note_of_another_tool_verifies() -> None:
    """Key and note of the documentation of Go's note package, which the format comes from."""
    verifier = verifier_of(b"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    assert opened(f"{text}\n\u2014 PeterNeumann {signature}\n".encode(), verifier) == text
    assert str(verifier) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_checkpoint_is_written_as_the_standard_says_and_read_back() -> None:
    root = base64.b64encode(CHECKPOINT.root).decode()
    assert NOTE.decode().startswith(f"{ORIGIN}\n20852163\n{root}\n\n\u2014 {ORIGIN} ")
    assert verified(NOTE, VERIFIER) == CHECKPOINT
    assert unsigned(NOTE) == CHECKPOINT
    signature = base64.b64decode(NOTE.decode().split(" ")[-1])
    assert signature[:4] == sha256(f"{ORIGIN}\n".encode() + b"\x01" + VERIFIER.key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(VERIFIER.key).verify(signature[4:], f"{ORIGIN}\n20852163\n{root}\n".encode())


def test_signatures_of_witnesses_and_extension_lines_are_passed_over() -> None:
    witness = sign(Checkpoint("witness.example", 1, CHECKPOINT.root), OTHER).decode().split("\n\n")[1]
    assert verified(NOTE + witness.encode(), VERIFIER) == CHECKPOINT
    text = f"{CHECKPOINT.text}more\n"
    signature = base64.b64encode(VERIFIER.key_id + KEY.sign(text.encode())).decode()
    assert verified(f"{text}\n\u2014 {ORIGIN} {signature}\n".encode(), VERIFIER) == CHECKPOINT


def _resigned(text: str) -> bytes:
    """Any text, truly signed by the log's key."""
    return f"{text}\n\u2014 {ORIGIN} {base64.b64encode(VERIFIER.key_id + KEY.sign(text.encode())).decode()}\n".encode()


ROOT = base64.b64encode(CHECKPOINT.root).decode()
WRONG = {
    "another key": (sign(CHECKPOINT, OTHER), "another|wanted is"),
    "another key under the id of ours": (
        NOTE.replace(SIGNATURES.split(b" ")[-1], base64.b64encode(VERIFIER.key_id + OTHER.sign(CHECKPOINT.text.encode())) + b"\n"),
        "one of them was changed",
    ),
    "another origin, its signature": (sign(Checkpoint("acme.example/other", 1, CHECKPOINT.root), KEY), "signed by acme.example/other"),
    "another origin, our signature": (_resigned(f"acme.example/other\n5\n{ROOT}\n"), "is of the log acme.example/other"),
    "another size": (NOTE.replace(b"20852163", b"20852162"), "one of them was changed"),
    "another root": (NOTE.replace(ROOT.encode(), base64.b64encode(bytes(32))), "one of them was changed"),
    "a bad signature beside a good one": (
        NOTE + f"\u2014 {ORIGIN} {base64.b64encode(VERIFIER.key_id + bytes(64)).decode()}\n".encode(),
        "one of them was changed",
    ),
    "a signature that is too short": (
        TEXT + f"\n\n\u2014 {ORIGIN} {base64.b64encode(VERIFIER.key_id).decode()}\n".encode(),
        "too short",
    ),
    "a cut signature": (
        TEXT + f"\n\n\u2014 {ORIGIN} {base64.b64encode(VERIFIER.key_id + bytes(9)).decode()}\n".encode(),
        "one of them was changed",
    ),
    "a signature in other base64": (NOTE[:-3] + b"B=\n" if NOTE[-3:-1] == b"==" else NOTE[:-2] + b"\n", "base64"),
    "a root in other base64": (_resigned(f"{ORIGIN}\n5\n{ROOT[:-2]}{chr(ord(ROOT[-2]) + 1)}=\n"), "base64 that another spelling"),
    "a root that is too short": (_resigned(f"{ORIGIN}\n5\nAAAA\n"), "3 bytes, not 32"),
    "a size with a zero before it": (_resigned(f"{ORIGIN}\n05\n{ROOT}\n"), "not a decimal number"),
    "a size below zero": (_resigned(f"{ORIGIN}\n-5\n{ROOT}\n"), "not a decimal number"),
    "a size in other digits": (_resigned(f"{ORIGIN}\n\u0665\n{ROOT}\n"), "not a decimal number"),
    "a size beyond all trees": (_resigned(f"{ORIGIN}\n{10**30}\n{ROOT}\n"), "not a decimal number"),
    "two lines only": (_resigned(f"{ORIGIN}\n5\n"), "three lines"),
    "an empty line": (_resigned(f"{ORIGIN}\n5\n{ROOT}\n\n"), "three lines"),
    "no signature": (TEXT + b"\n", "an empty line and signatures"),
    "no end": (NOTE[:-1], "each ending its line"),
    "a line that is no signature": (NOTE + b"hello\n", "is not a line of the form"),
    "a hyphen for the dash": (NOTE.replace("\u2014".encode(), b"-"), "is not a line of the form"),
    "control characters": (NOTE.replace(b"\n2085", b"\r\n2085"), "control characters"),
    "not UTF-8": (b"\xff" + NOTE, "not UTF-8"),
    "far too long": (NOTE + b"x" * (1 << 20), "more than"),
    "nothing": (b"", "an empty line and signatures"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_checkpoint_that_is_wrong_in_one_way_is_refused_with_the_reason(name: str) -> None:
    note, reason = WRONG[name]
    with pytest.raises(TrustError, match=reason):
        verified(note, VERIFIER)


@settings(deadline=None)
@given(st.integers(0, len(NOTE) * 8 - 1))
def test_a_changed_bit_of_a_checkpoint_is_refused(bit: int) -> None:
    note = bytearray(NOTE)
    note[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TrustError):
        verified(bytes(note), VERIFIER)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_checkpoint_and_no_proof(data: bytes) -> None:
    for read in (unsigned, parse, lambda d: verified(CHECKPOINT.text.encode() + b"\n" + d, VERIFIER)):
        with pytest.raises(TrustError):
            read(data)


def test_keys_are_read_in_both_spellings() -> None:
    assert verifier_of(str(VERIFIER).encode()) == VERIFIER
    assert verifier_of(KEY.public.pem, ORIGIN) == VERIFIER
    assert verifier_of(KEY.pem(), ORIGIN) == VERIFIER, "the public half of a private key"


@pytest.mark.parametrize(
    ("data", "origin", "reason"),
    [
        (KEY.public.pem, "", "does not say which log"),
        (KEY.public.pem, "two words", "cannot be the origin"),
        (str(VERIFIER).encode(), "acme.example/other", "--origin says"),
        (b"-----BEGIN PUBLIC KEY-----", ORIGIN, "no public key"),
        (ELLIPTIC.public.pem, ORIGIN, "is ecdsa-p256"),
        (str(VERIFIER).encode().replace(b"+", b"+0", 1), "", "with the id it says"),
        (f"{ORIGIN}+00000000+{base64.b64encode(b'x').decode()}".encode(), "", "with the id it says"),
        (b"hello", "", "neither a public key nor a line"),
        (b"\xff", "", "neither a public key nor a line"),
    ],
)
def test_what_is_no_key_of_a_log_is_refused(data: bytes, origin: str, reason: str) -> None:
    with pytest.raises((UsageError, KeyFileError), match=reason):
        verifier_of(data, origin)


def test_what_cannot_sign_is_refused() -> None:
    with pytest.raises(KeyFileError, match="is ecdsa-p256; checkpoints are signed with Ed25519"):
        sign(CHECKPOINT, ELLIPTIC)
    with pytest.raises(UsageError, match="cannot be the origin"):
        sign(Checkpoint("a+b", 1, bytes(32)), KEY)


# Tiles


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0, 0), "tile/0/000"),
        ((1, 67, 17), "tile/1/067.p/17"),
        ((0, 1234067, 8), "tile/0/x001/x234/067.p/8"),
        (("entries", 1000), "tile/entries/x001/000"),
    ],
)
def test_a_tile_stands_where_the_standard_says(place: tuple[int | str, int], expected: str) -> None:
    assert path(*place) == expected


def test_the_tiles_of_a_tree_are_those_of_the_standards_example() -> None:
    found = list(tiles(70_000))
    assert sum(level == 0 for level, _, _ in found) == 274
    assert found[273:] == [(0, 273, 112), (1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert list(tiles(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles(0)) == []


def exported(ledger_path: Path, folder: Path, key: PrivateKey = KEY, origin: str = ORIGIN) -> int:
    with Ledger(ledger_path, Access.READ) as ledger:
        return export(ledger, folder, ledger.size, sign(Checkpoint(origin, ledger.size, ledger.root()), key))


def entries_of(folder: Path, size: int) -> list[bytes]:
    """The entries in the bundles of an export, read as the standard says."""
    entries: list[bytes] = []
    for number in range(-(-size // 256)):
        data = (folder / path("entries", number, min(256, size - 256 * number))).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
    return entries


def test_an_export_says_the_same_in_entries_tiles_and_checkpoint(tmp_path: Path) -> None:
    envelopes = fill(tmp_path / "l.ledger", 600)
    exported(tmp_path / "l.ledger", tmp_path / "out")
    checkpoint = verified((tmp_path / "out" / "checkpoint").read_bytes(), VERIFIER)
    entries = entries_of(tmp_path / "out", checkpoint.size)
    assert entries == [f"sha256:{sha256(e).hexdigest()}".encode() for e in envelopes]
    assert oracles.merkle_root(entries) == checkpoint.root
    for level, number, width in tiles(checkpoint.size):
        span = 256**level
        hashes = [oracles.merkle_root(entries[(number * 256 + i) * span :][:span]) for i in range(width)]
        assert (tmp_path / "out" / path(level, number, width)).read_bytes() == b"".join(hashes)
    for entry in entries:
        name = entry.decode().removeprefix("sha256:")
        assert sha256((tmp_path / "out" / "envelope" / name[:2] / name).read_bytes()).hexdigest() == name


def test_an_export_grows_with_its_ledger_and_tells_no_other_history(tmp_path: Path) -> None:
    fill(tmp_path / "l.ledger", 300)
    exported(tmp_path / "l.ledger", tmp_path / "out")
    fill(tmp_path / "l.ledger", 520)
    assert exported(tmp_path / "l.ledger", tmp_path / "out") > 220
    assert exported(tmp_path / "l.ledger", tmp_path / "out") == 1, "only the checkpoint is written again"
    fill(tmp_path / "other.ledger", 600, "other")
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    with pytest.raises(ProofError, match="history was rewritten"):
        exported(tmp_path / "other.ledger", tmp_path / "out")
    with pytest.raises(ProofError, match=r"is of the log acme\.example/ledger, not"):
        exported(tmp_path / "l.ledger", tmp_path / "out", origin="acme.example/other")
    fill(tmp_path / "shorter.ledger", 10)
    with pytest.raises(ProofError, match="the last 510 were removed"):
        exported(tmp_path / "shorter.ledger", tmp_path / "out")
    assert before == {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}


def test_an_export_that_was_changed_or_cannot_be_written_is_said(tmp_path: Path) -> None:
    fill(tmp_path / "l.ledger", 300)
    exported(tmp_path / "l.ledger", tmp_path / "out")
    (tmp_path / "out" / "tile" / "0" / "000").write_bytes(bytes(8192))
    with pytest.raises(TamperError, match="one of them was changed"):
        exported(tmp_path / "l.ledger", tmp_path / "out")
    for number in (299, 3):
        with sqlite3.connect(tmp_path / "l.ledger") as database:
            database.execute("DELETE FROM entry WHERE number = ?", (number,))
        database.close()
        with Ledger(tmp_path / "l.ledger") as ledger, pytest.raises(TamperError, match=f"entry {number} was removed"):
            export(ledger, tmp_path / "new", 300, None)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be"):
        exported(tmp_path / "l.ledger", tmp_path / "file")


# Proofs


def test_a_proof_is_checked_with_the_public_key_alone(tmp_path: Path) -> None:
    envelopes = fill(tmp_path / "l.ledger", 300)
    with Ledger(tmp_path / "l.ledger") as ledger:
        note = sign(Checkpoint(ORIGIN, 270, ledger.root(270)), KEY)
        for number in (0, 17, 255, 256, 269):
            proof = parse(proof_of(ledger, number, note).encoded())
            assert check(proof, envelopes[number], VERIFIER).size == 270
        with pytest.raises(ProofError, match="entry 270 came later"):
            proof_of(ledger, 270, note)
        with pytest.raises(ProofError, match="history was rewritten"):
            proof_of(ledger, 5, sign(Checkpoint(ORIGIN, 270, bytes(32)), KEY))
    proof = Proof(proof.index, proof.hashes, proof.note)
    with pytest.raises(ProofError, match="leads to root"):
        check(proof, envelopes[268], VERIFIER)
    with pytest.raises(ProofError, match="wanted is"):
        check(proof, envelopes[269], Verifier("acme.example/other", VERIFIER.key))
    with pytest.raises(ProofError, match="fewer hashes"):
        check(Proof(proof.index, proof.hashes[:-1], note), envelopes[269], VERIFIER)


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A proof as written and the envelope it is of."""
    made = tmp_path_factory.mktemp("proof") / "l.ledger"
    envelopes = fill(made, 11)
    with Ledger(made) as ledger:
        return proof_of(ledger, 6, sign(Checkpoint(ORIGIN, 11, ledger.root()), KEY)).encoded(), envelopes[6]


@settings(deadline=None)
@given(st.data())
def test_a_changed_bit_of_a_proof_or_its_envelope_is_refused(proof: tuple[bytes, bytes], data: st.DataObject) -> None:
    written, of = proof
    check(parse(written), of, VERIFIER)
    for i, original in enumerate(proof):
        bit = data.draw(st.integers(0, len(original) * 8 - 1))
        changed = bytearray(original)
        changed[bit // 8] ^= 1 << bit % 8
        both = [bytes(changed) if i == n else p for n, p in enumerate(proof)]
        with pytest.raises(TrustError):
            check(parse(both[0]), both[1], VERIFIER)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p.replace(b"@v1", b"@v2"), "does not begin with"),
        (lambda p: p.replace(b"index 6", b"index 06"), "does not say the index"),
        (lambda p: p.replace(b"index 6", b"index 60"), "entry 60, the tree has 11"),
        (lambda p: p.replace(b"index 6\n", b""), "does not say the index"),
        (lambda p: p.replace(b"=\n", b"\n", 1), "is not base64"),
        (lambda p: p.replace(b"\n\n", b"\nAAAA\n\n", 1), "3 bytes, not 32"),
        (lambda p: p.replace(b"@v1\n", b"@v1\n\xff"), "not UTF-8"),
        (lambda p: p + b"x" * (1 << 20), "more than"),
    ],
)
def test_a_proof_that_is_wrong_in_one_way_is_refused_with_the_reason(
    proof: tuple[bytes, bytes], change: Callable[[bytes], bytes], reason: str
) -> None:
    with pytest.raises(TrustError, match=reason):
        check(parse(change(proof[0])), proof[1], VERIFIER)


def test_extra_data_of_a_proof_is_passed_over(proof: tuple[bytes, bytes]) -> None:
    check(parse(proof[0].replace(b"@v1\n", b"@v1\nextra aGVsbG8=\n")), proof[1], VERIFIER)


# The commands


Command = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def lading(tmp_path: Path) -> Command:
    def run(*arguments: str, code: int = 0, data: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            [sys.executable, "-m", "lading", "ledger", *arguments], cwd=tmp_path, input=data, capture_output=True, check=False
        )
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done

    (tmp_path / "log.key").write_bytes(KEY.pem())
    (tmp_path / "log.pub").write_text(f"{VERIFIER}\n")
    return run


def test_a_model_signed_today_is_proven_tomorrow(lading: Command, tmp_path: Path) -> None:
    (tmp_path / "model.sig").write_bytes(envelope("model"))
    (tmp_path / "build.waybill.jsonl").write_bytes(b"".join(envelope(f"part-{i}") + b"\n" for i in range(9)))
    added = lading("add", "model.sig", "build.waybill.jsonl").stdout.decode().splitlines()
    assert len(added) == 10
    digest = added[0].split()[1]
    assert added[0] == f"0  sha256:{sha256(envelope('model')).hexdigest()}  recorded"
    assert b"was there" in lading("add", "-", data=envelope("model")).stdout
    assert len(lading("show").stdout.splitlines()) == 20
    (row,) = lading("show", subject("part-3"), "-f", "json").stdout.splitlines()
    assert json.loads(row)["number"] == 4
    assert lading("show", digest, "--envelope").stdout == envelope("model")
    assert lading("show", "--type", "nothing").stdout == b""
    error = lading("export", "public", "--key", "log.key", "--origin", ORIGIN).stderr.decode()
    assert str(VERIFIER) in error
    assert b"10 entries" in lading("verify", "--checkpoint", "public/checkpoint", "--key", "log.pub").stdout
    (tmp_path / "p").write_bytes(lading("proof", digest, "--checkpoint", "public/checkpoint").stdout)
    assert lading("check", "p", "model.sig", "--key", "log.pub").stdout.decode() == f"model.sig is entry 0 of the 10 of {ORIGIN}\n"
    proven = json.loads(lading("proof", digest, "-f", "json").stdout)
    hashes = [bytes.fromhex(h) for h in proven["hashes"]]
    merkle.verify_inclusion(bytes.fromhex(proven["leaf"]), 0, 10, hashes, bytes.fromhex(proven["root"]))
    assert json.loads(lading("verify", "-f", "json").stdout) == {"size": 10, "root": proven["root"], "problems": []}
    lading("rebuild")
    lading("rebuild", "--checkpoint", "public/checkpoint", "--key", "log.pub")


def test_a_real_signature_of_a_model_is_recorded(lading: Command, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "release.key").write_bytes(ELLIPTIC.pem())
    command = [sys.executable, "-m", "lading", "sign", "model", "--key", "release.key", "--quiet"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    lading("add", "model/model.sig")
    (row,) = lading("show", "--type", "https://model_signing/signature/v1.0", "--format", "json").stdout.splitlines()
    subjects = json.loads(row)["subjects"]
    assert printed in subjects
    assert all(lading("show", of, "--format", "json").stdout.splitlines() == [row] for of in subjects)
    assert b"writes one envelope" in lading("show", printed, "--envelope", code=2).stderr, "a subject's digest may have many envelopes"
    assert lading("show", json.loads(row)["digest"], "--envelope").stdout == (tmp_path / "model" / "model.sig").read_bytes()


def test_a_key_of_the_log_may_be_encrypted(lading: Command, tmp_path: Path) -> None:
    fill(tmp_path / "lading.ledger", 2)
    (tmp_path / "secret.key").write_bytes(KEY.pem(b"swordfish"))
    (tmp_path / "passphrase").write_text("swordfish\n")
    arguments = ("export", "public", "--key", "secret.key", "--origin", ORIGIN)
    assert b"encrypted" in lading(*arguments, code=2).stderr
    lading(*arguments, "--passphrase-file", "passphrase")
    assert verified((tmp_path / "public" / "checkpoint").read_bytes(), VERIFIER).size == 2


def test_refusals_have_their_exit_code_and_name_the_reason(lading: Command, tmp_path: Path) -> None:
    fill(tmp_path / "lading.ledger", 5)
    lading("export", "public", "--key", "log.key", "--origin", ORIGIN)
    fill(tmp_path / "short.ledger", 4)
    trusted = ("--checkpoint", "public/checkpoint", "--key", "log.pub")
    assert b"the last 1 were removed" in lading("verify", "--ledger", "short.ledger", *trusted, code=3).stdout
    assert b"the last 1 were removed" in lading("rebuild", "--ledger", "short.ledger", *trusted, code=3).stderr
    (tmp_path / "other.pub").write_text(str(verifier_for(ORIGIN, OTHER.public)))
    assert b"wanted is" in lading("verify", *trusted[:3], "other.pub", code=3).stderr
    assert b"go together" in lading("verify", *trusted[:2], code=2).stderr
    assert b"--origin" in lading("export", "public", "--key", "log.key", code=2).stderr
    assert b"there is no ledger at nowhere" in lading("show", "--ledger", "nowhere", code=2).stderr
    assert b"there is no ledger at nowhere" in lading("rebuild", "--ledger", "nowhere", code=2).stderr
    assert b"entries 2 speak of it" in lading("proof", subject("model-2"), code=2).stderr
    assert b"not a digest" in lading("proof", "sha256:xyz", code=2).stderr
    assert b"has nothing of" in lading("show", "sha256:00", code=2).stderr
    assert b"--envelope writes one" in lading("show", "--envelope", code=2).stderr
    assert not (tmp_path / "nowhere").exists()


def test_one_bad_envelope_and_nothing_is_recorded(lading: Command, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_bytes(envelope("good") + b"\n\n{}\n")
    error = lading("add", "some.jsonl", code=3).stderr
    assert b"some.jsonl:3: the envelope is not as it must be" in error
    assert b"cannot be read" in lading("add", "missing.json", code=2).stderr
    assert not (tmp_path / "lading.ledger").exists()
