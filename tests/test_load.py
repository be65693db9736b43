"""What passes the load gate are the bytes that were signed; everything else is refused, by the name of the file and the way it is wrong."""

import hashlib
import mmap
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gate import FILES, KEY, NOW, OTHER, Gated, first_weight, overwrite, safetensors, weights
from lading.core.digest import Digest
from lading.core.errors import ConfigError, EvidenceError, LadingError, LoadError, UsageError
from lading.core.kinds import Kind
from lading.load import load_file, load_with, open_file, sealed_path, verified_directory
from lading.load.counting import counts
from lading.load.engine import Source
from lading.load.hub_cache import references, snapshot
from lading.load.opening import opened
from lading.load.safetensors import header_in, parsed
from lading.load.staging import copy, stage
from lading.lock import document
from lading.lock.document import Locked
from lading.sign.attest import subject_of_manifest
from lading.sign.files import Files
from lading.sign.model import manifest_of, sign, sign_model
from lading.sources._registry import Found, LockedFile
from lading.trust import bundle, model_signing, statement
from lading.trust.keys import PrivateKey
from lading.trust.statement import Resource, Statement, dated

BAD = weights(66)
"""Weights of the same length that nobody signed."""


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    return Gated.fresh(tmp_path)


def test_a_signed_model_gives_every_file_as_it_was_signed(gated: Gated) -> None:
    model = gated.open()
    assert {path: model.read(path) for path in model.files} == FILES


def test_a_folder_for_loaders_holds_the_signed_files_in_memory_that_nobody_can_change(gated: Gated) -> None:
    with verified_directory(gated.model, policy=gated.policy) as folder:
        assert {p: (folder / p).read_bytes() for p in FILES} == FILES
        with pytest.raises(PermissionError):
            (folder / "config.json").write_bytes(b"{}")
        with (folder / "config.json").open("rb") as stream, pytest.raises(PermissionError):
            mmap.mmap(stream.fileno(), 0, mmap.MAP_SHARED)
    assert not folder.exists()


def test_a_copy_is_whole_and_not_there_when_a_file_is_wrong(gated: Gated, tmp_path: Path) -> None:
    copy(gated.open(), tmp_path / "copy")
    assert {p: (tmp_path / "copy" / p).read_bytes() for p in FILES} == FILES
    model = gated.open()
    overwrite(gated.weights, BAD)
    with pytest.raises(LoadError, match=r"model\.safetensors is not as it was signed"):
        copy(model, tmp_path / "other")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy", "lading.toml", "model", "release.pub"]


# attacks: what happens between the look and the use, and what lies beside


def _rename(gated: Gated) -> None:
    (gated.model.parent / "bad").write_bytes(BAD)
    (gated.model.parent / "bad").replace(gated.weights)


def _link(gated: Gated) -> None:
    (gated.model.parent / "bad").write_bytes(BAD)
    gated.weights.unlink()
    gated.weights.symlink_to("../bad")


def _folder(gated: Gated) -> None:
    bad = shutil.copytree(gated.model, gated.model.with_name("bad"))
    (bad / "model.safetensors").write_bytes(BAD)
    gated.model.rename(gated.model.with_name("good"))
    bad.rename(gated.model)


SWAPS: dict[str, Callable[[Gated], None]] = {
    "renamed over": _rename,
    "overwritten in place": lambda g: overwrite(g.weights, BAD),
    "replaced by a link": _link,
    "the folder exchanged": _folder,
}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_weights_that_are_swapped_after_the_look_are_refused(gated: Gated, swap: Callable[[Gated], None]) -> None:
    model = gated.open()
    assert first_weight(gated.weights.read_bytes()) == 1
    swap(gated)
    assert first_weight(gated.weights.read_bytes()) == 66, "without the gate the swapped weights load"
    with pytest.raises(LoadError, match=r"model\.safetensors"):
        model.sealed_path("model.safetensors")
    with pytest.raises(LoadError, match=r"model\.safetensors"):
        model.read("model.safetensors")


def test_weights_that_are_cut_after_the_look_are_refused(gated: Gated) -> None:
    model = gated.open()
    source = model.open("model.safetensors")
    os.truncate(gated.weights, 5 << 20)
    with pytest.raises(LoadError, match=r"it was cut while it was read|has 5242880 bytes"):
        source.fill(memoryview(bytearray(source.length)))
    with pytest.raises(LoadError, match="has 5242880 bytes and was signed with"):
        model.read("model.safetensors")
    source.close()


def test_weights_that_are_overwritten_after_they_were_mapped_stay_as_they_were(gated: Gated) -> None:
    with gated.weights.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        with sealed_path(gated.weights, policy=gated.policy) as path, Path(path).open("rb") as through:
            sealed = mmap.mmap(through.fileno(), 0, access=mmap.ACCESS_READ)
        assert first_weight(mapped) == first_weight(sealed) == 1  # type: ignore[arg-type]
        overwrite(gated.weights, BAD)
        assert first_weight(mapped) == 66, "without the gate weights change under a running service"  # type: ignore[arg-type]
        assert first_weight(sealed) == 1  # type: ignore[arg-type]


def _adds(path: str, data: bytes) -> Callable[[Gated], None]:
    def act(gated: Gated) -> None:
        (gated.model / path).parent.mkdir(exist_ok=True)
        (gated.model / path).write_bytes(data)

    return act


def _signed_by_somebody_else(gated: Gated) -> None:
    gated.weights.write_bytes(BAD)
    gated.sign(OTHER)


def _signed_by_their_own_policy(gated: Gated) -> None:
    gated.weights.write_bytes(BAD)
    (gated.model / "other.pub").write_bytes(OTHER.public.pem)
    (gated.model / "lading.toml").write_text('[[trust]]\nkeys = ["other.pub"]\n')
    gated.sign(OTHER)


def _pipe(gated: Gated) -> None:
    (gated.model / "empty.txt").unlink()
    os.mkfifo(gated.model / "empty.txt")


def _sparse(gated: Gated) -> None:
    os.truncate(gated.weights, 0)
    os.truncate(gated.weights, len(BAD))


CHANGES: dict[str, tuple[Callable[[Gated], object], str]] = {
    "other configuration of the same length": (_adds("config.json", b'{"model_type": "evil"}'), "config.json is not as it was signed"),
    "other vocabulary": (_adds("tokenizer/vocab.txt", b"evil"), "vocab.txt has 4 bytes and was signed with 6"),
    "added code": (_adds("modeling.py", b"print()"), "modeling.py is in"),
    "a second file of weights": (_adds("model-2.safetensors", BAD), "model-2.safetensors is in"),
    "a pickle beside": (_adds("pytorch_model.bin", b"\x80\x04N."), "pytorch_model.bin is in"),
    "an adapter beside": (_adds("adapter/adapter_model.safetensors", BAD), "adapter/adapter_model.safetensors is in"),
    "a name in other case": (_adds("Config.json", b"{}"), "Config.json is in"),
    "a name in another form of Unicode": (_adds("e\u0301.txt", b""), "e\u0301.txt is in"),
    "a file taken away": (lambda g: (g.model / "empty.txt").unlink(), "empty.txt is signed and not in"),
    "a link in the folder": (lambda g: (g.model / "more").symlink_to("/etc"), "more is a link"),
    "a pipe in place of a file": (_pipe, "neither a file nor a folder"),
    "signed by somebody else": (_signed_by_somebody_else, "none of the 1 trusted ones"),
    "with their own policy in the model": (_signed_by_their_own_policy, "none of the 1 trusted ones"),
    "a broken signature": (lambda g: (g.model / "model.sig").write_bytes(b"{"), "is not JSON"),
    "a sparse file": (_sparse, "model.safetensors is not as it was signed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_model_that_was_changed_does_not_open_or_does_not_read(gated: Gated, name: str) -> None:
    change, words = CHANGES[name]
    change(gated)
    with pytest.raises(LoadError) as refusal, verified_directory(gated.model, policy=gated.policy):
        pytest.fail("it was opened")
    assert words in refusal.value.sentence
    assert "\n" not in refusal.value.sentence


def test_what_nobody_signed_is_unknown_and_does_not_open(gated: Gated) -> None:
    (gated.model / "model.sig").unlink()
    with pytest.raises(EvidenceError, match="has no signature"):
        gated.open()
    with pytest.raises(EvidenceError, match="has no signature"):
        open_file(gated.weights, policy=gated.policy)
    gated.rules('[[trust]]\nmatch = "another"\nkeys = ["release.pub"]\n')
    with pytest.raises(EvidenceError, match=r"no .*trust.* rule"):
        gated.open()


def test_a_policy_that_lies_in_the_model_decides_nothing(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    _signed_by_their_own_policy(gated)
    monkeypatch.chdir(gated.model)
    with pytest.raises(ConfigError, match="lies in the model that it decides about"):
        open_file(gated.weights)
    monkeypatch.setenv("LADING_POLICY", str(gated.policy))
    with pytest.raises(LoadError, match="none of the 1 trusted ones"):
        open_file(gated.weights)


def test_an_older_version_is_refused_where_the_policy_says_how_old_it_may_be(gated: Gated) -> None:
    gated.open(NOW + timedelta(days=400))
    gated.rules('[[trust]]\nkeys = ["release.pub"]\nmax_age = "90d"\n')
    gated.open(NOW + timedelta(days=80))
    with pytest.raises(LoadError, match="older than the 90d"):
        gated.open(NOW + timedelta(days=100))


def test_a_format_that_the_policy_does_not_permit_is_refused_when_it_is_opened(gated: Gated) -> None:
    (gated.model / "extra.pkl").write_bytes(b"\x80\x04N.")
    gated.sign()
    gated.rules('[[trust]]\nkeys = ["release.pub"]\nformats = ["safetensors", "text"]\n')
    model = gated.open()
    assert model.read("config.json") == FILES["config.json"]
    with pytest.raises(LoadError, match=r"extra\.pkl has the format pickle"):
        model.sealed_path("extra.pkl")


def test_of_two_signed_versions_the_one_counts_that_the_folder_is(gated: Gated) -> None:
    old = (gated.model / "model.sig").read_bytes()
    (gated.model / "readme.txt").write_bytes(b"new")
    gated.sign(at=NOW + timedelta(hours=1))
    waybill = gated.model.with_name("model.waybill.jsonl")
    waybill.write_bytes(old)
    assert "readme.txt" in gated.open().files
    (gated.model / "readme.txt").unlink()
    assert "readme.txt" not in gated.open().files


def test_an_index_that_only_one_of_two_signers_signed_says_nothing(gated: Gated) -> None:
    (gated.policy.parent / "other.pub").write_bytes(OTHER.public.pem)
    gated.rules('[[trust]]\nkeys = ["release.pub", "other.pub"]\nthreshold = 2\n')
    files = Files(gated.model)
    good = sign_model(files, OTHER, (), ("model.sig",), at=NOW)
    gated.weights.write_bytes(BAD)
    bad = {i.path: i.chunks for i in model_signing.decode(_statement(sign_model(files, OTHER, (), ("model.sig",)))).items}
    lying = _with_index(_statement(good), bad["model.safetensors"])
    gated.model.with_name("model.sig").write_bytes(bundle.encode(sign(lying, OTHER)))
    with pytest.raises(LoadError, match=r"model\.safetensors is not as it was signed"):
        gated.open().read("model.safetensors")


def _statement(made: bundle.Bundle) -> Statement:
    return statement.decode(made.envelope.payload)


def _with_index(made: Statement, chunks: model_signing.Chunks | None) -> Statement:
    manifest = model_signing.decode(made)
    items = tuple(replace(i, chunks=chunks) if i.path == "model.safetensors" else i for i in manifest.items)
    return dated(model_signing.encode(replace(manifest, items=items)), NOW)


# revocation


def _revoke(gated: Gated, issued: str = "2026-11-23T10:00:00Z", **what: list[str]) -> None:

    made = Statement((Resource(name="list", digest={"sha256": "00" * 32}),), "urn:lading:revocations:v1", {"issued": issued, **what})
    (gated.policy.parent / "revoked.jsonl").write_bytes(bundle.encode(sign(made, KEY)))
    keys = '[[trust]]\nkeys = ["release.pub"]\n'
    gated.rules(keys + '[load]\nrevocations = ["revoked.jsonl"]\nrevocation_max_age = "1d"\n')


def test_what_is_on_the_revocation_list_is_refused_although_it_is_signed(gated: Gated) -> None:
    _revoke(gated)
    model = gated.open()
    digests = [str(model.manifest.digest), f"sha256:{model.manifest.root}", str(model.manifest.items[0].digest)]
    for digest in digests:
        _revoke(gated, digests=[digest])
        with pytest.raises(LoadError, match="is on the revocation list"):
            gated.open()


def test_a_revoked_key_signs_nothing(gated: Gated) -> None:

    (gated.policy.parent / "other.pub").write_bytes(OTHER.public.pem)
    _revoke(gated, keys=[OTHER.public.fingerprint])
    gated.rules(gated.policy.read_text().replace('"release.pub"]', '"release.pub", "other.pub"]'))
    gated.open()
    gated.sign(OTHER)
    with pytest.raises(LoadError, match="the key is on the revocation list"):
        gated.open()
    assert KEY.public != OTHER.public


@pytest.mark.parametrize(
    ("issued", "words"),
    [("2026-11-20T10:00:00Z", "older than the 1d"), ("2026-11-24T10:00:00Z", "still to come"), ("2026-11-23T10:00:00", "time zone")],
)
def test_a_list_that_is_stale_or_not_of_any_time_opens_nothing(gated: Gated, issued: str, words: str) -> None:
    _revoke(gated, issued)
    with pytest.raises(EvidenceError, match=words):
        gated.open()


def test_a_list_that_is_missing_or_signed_by_nobody_opens_nothing(gated: Gated) -> None:
    _revoke(gated)
    listed = gated.policy.parent / "revoked.jsonl"
    listed.write_bytes(listed.read_bytes().replace(b'"sig":"', b'"sig":"AAAA'))
    with pytest.raises(EvidenceError, match="does not hold"):
        gated.open()
    listed.unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        gated.open()


# the engine


@pytest.fixture(scope="module")
def opened_weights(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Gated.fresh(tmp_path_factory.mktemp("gate")).open().open("model.safetensors")


@given(st.integers(0, len(BAD)), st.integers(0, len(BAD)))
@settings(max_examples=30, deadline=None)
def test_any_range_reads_as_in_the_file(opened_weights: Source, one: int, other: int) -> None:
    start, end = min(one, other), max(one, other)
    assert opened_weights.bytes(start, end) == FILES["model.safetensors"][start:end]


def test_a_changed_byte_is_refused_only_in_the_chunk_it_is_in(gated: Gated) -> None:
    model = gated.open()
    with gated.weights.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")
    with model.source("model.safetensors") as source:
        assert source.bytes(0, 1000) == FILES["model.safetensors"][:1000]
        with pytest.raises(LoadError, match="is not as it was signed"):
            source.bytes(len(BAD) - 10)


def test_a_file_without_an_index_is_compared_whole(gated: Gated) -> None:

    made = dated(model_signing.encode(manifest_of(Files(gated.model), ("model.sig",), index=False)), NOW)
    (gated.model / "model.sig").write_bytes(bundle.encode(sign(made, KEY)))
    model = gated.open()
    with model.source("model.safetensors") as source:
        assert source.bytes(100, 200) == FILES["model.safetensors"][100:200]
    with verified_directory(gated.model, policy=gated.policy) as folder:
        assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    with gated.weights.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")
    with model.source("model.safetensors") as source, pytest.raises(LoadError, match="is not as it was signed"):
        source.bytes(100, 200)


def test_a_file_alone_is_a_model(gated: Gated) -> None:
    alone = gated.policy.parent / "alone.safetensors"
    alone.write_bytes(weights())

    alone.with_name("alone.safetensors.sig").write_bytes(bundle.encode(sign_model(Files(alone), KEY, at=NOW)))
    model, within = open_file(alone, policy=gated.policy)
    assert model.read(within) == weights()
    with verified_directory(alone, policy=gated.policy) as folder:
        assert (folder / "alone.safetensors").read_bytes() == weights()


def test_where_memory_is_short_nothing_is_half_loaded(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    model = gated.open()
    monkeypatch.setattr("lading.load.sealed.available", lambda: 1 << 20)
    with pytest.raises(LoadError, match="needs 5 MiB of memory and 1 MiB are free"):
        model.sealed_path("model.safetensors")
    monkeypatch.setattr("lading.load.sealed.available", lambda: 1 << 40)
    monkeypatch.setattr(os, "pwrite", _full)
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(LoadError, match="cannot be held in memory: No space left"):
        model.sealed_path("model.safetensors")
    assert set(Path("/proc/self/fd").iterdir()) == before


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


# headers


WRONG_HEADERS = {
    "no file at all": (b"", "0 bytes"),
    "a header longer than the file": ((1 << 60).to_bytes(8, "little") + b"{}", "its header says"),
    "no JSON": (b"\x02\0\0\0\0\0\0\0[}", "is not JSON"),
    "a list": (b"\x02\0\0\0\0\0\0\0[]", "no JSON object"),
    "a name twice": (safetensors({"a": ("U8", [1], b"x"), "b": ("U8", [1], b"x")}).replace(b'"b"', b'"a"'), "there twice"),
    "bytes after the tensors": (safetensors({"a": ("U8", [1], b"x")}) + b"y", "end at byte"),
    "a shape that does not fit": (safetensors({"a": ("U8", [2], b"x")}), "does not fit"),
    "a negative shape": (safetensors({"a": ("U8", [-1, -1], b"x")}), "does not fit"),
    "a type that is none": (safetensors({"a": ("EVIL", [1], b"x")}), "not known"),
    "tensors over each other": (
        safetensors({"a": ("U8", [2], b"xy"), "b": ("U8", [2], b"xy")}).replace(b"[2, 4]", b"[1, 3]"),
        "the one before it ends at",
    ),
    "a key that nobody knows": (safetensors({"a": ("U8", [1], b"x")}).replace(b'"shape"', b'"shepa"'), "not as it must be"),
}


@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_a_signed_file_with_a_wrong_header_is_refused_in_words(name: str) -> None:

    data, words = WRONG_HEADERS[name]
    with pytest.raises(LoadError, match="is no safetensors file") as refusal:
        header_in(memoryview(data), "f")
    assert words in refusal.value.sentence


@given(st.binary(max_size=300))
def test_no_header_makes_anything_but_a_refusal(data: bytes) -> None:
    with pytest.raises(LoadError, match=r"^f is no safetensors file"):
        parsed(data, 0, 100, "f")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_of_a_signature_opens_other_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    gated = Gated.fresh(tmp_path_factory.mktemp("gate"))
    signature = bytearray((gated.model / "model.sig").read_bytes())
    at = data.draw(st.integers(0, 1 << 20)) % len(signature)
    signature[at] ^= 1 << data.draw(st.integers(0, 7))
    (gated.model / "model.sig").write_bytes(signature)
    try:
        model = gated.open()
        found = {path: model.read(path) for path in model.files}
    except LadingError:
        return
    assert found == FILES


def test_the_gate_is_light() -> None:
    code = "import sys; import lading.load; print(len(sys.modules), *(m for m in ('socket', 'sqlite3', 'numpy', 'torch', 'cryptography', 'subprocess') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *heavy = done.stdout.split()
    assert int(count) <= 150
    assert not heavy


def test_many_files_open_in_the_limit_of_descriptors(gated: Gated) -> None:
    for number in random.Random(1).sample(range(10_000), 1200):
        (gated.model / f"{number}.txt").write_bytes(str(number).encode())
    gated.sign()
    with verified_directory(gated.model, policy=gated.policy) as folder:
        assert sum(1 for _ in folder.rglob("*.txt")) == 1202


# what is pinned and not signed


def _git(data: bytes) -> str:
    return "git:" + hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _lock(gated: Gated, name: str = "acme/model") -> None:
    """A lock as `lading lock` writes it: large files by SHA-256, small ones by their Git blob."""
    rows = tuple(
        LockedFile(path, len(data), Digest.of_bytes(data) if path.endswith(".safetensors") else Digest.parse(_git(data)))
        for path, data in FILES.items()
    )
    found = Found(revision="a" * 40, files=rows)
    locked = Locked(kind=Kind.MODEL, name=name, upstream="huggingface", asked="main", found=found)
    document.write(gated.policy.parent / "lading.lock", document.Lock((locked,)))
    gated.rules('[[trust]]\nmatch = "signed/*"\nkeys = ["release.pub"]\n[load]\nlock = "lading.lock"\n')


@pytest.fixture
def unsigned(tmp_path: Path) -> Gated:
    made = Gated.fresh(tmp_path, "acme/model")
    (made.model / "model.sig").unlink()
    _lock(made)
    return made


def test_what_is_pinned_opens_where_no_rule_asks_for_a_signature(unsigned: Gated) -> None:
    model = unsigned.open()
    assert {path: model.read(path) for path in model.files} == FILES
    assert model.verdict.reasons == (f"pinned by lading.lock to the revision {'a' * 40}, signed by nobody",)
    with verified_directory(unsigned.model, policy=unsigned.policy) as folder:
        assert {p: (folder / p).read_bytes() for p in FILES} == FILES
    unsigned.rules('[[trust]]\nmatch = "acme/*"\nkeys = ["release.pub"]\n[load]\nlock = "lading.lock"\n')
    with pytest.raises(EvidenceError, match="has no signature"):
        unsigned.open()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer/vocab.txt"])
def test_what_is_pinned_and_changed_is_refused(unsigned: Gated, name: str) -> None:
    data = FILES[name]
    (unsigned.model / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(LoadError, match="is not as it was pinned"):
        unsigned.open().read(name)


def test_what_the_lock_does_not_pin_whole_is_unknown(unsigned: Gated) -> None:
    (unsigned.model / "more.py").write_bytes(b"")
    with pytest.raises(LoadError, match=r"more\.py is in .* and not pinned"):
        unsigned.open()
    _lock(unsigned, "acme/other")
    with pytest.raises(EvidenceError, match="pins nothing of the name acme/model"):
        unsigned.open()
    lock = unsigned.policy.parent / "lading.lock"
    lock.unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        unsigned.open()
    for text in (
        "version = 2",
        "version = ",
        'version = 1\n[[artifact]]\nname = "acme/model"\nfiles = [{path = "../x", digest = "sha256:00"}]',
    ):
        lock.write_text(text)
        with pytest.raises(ConfigError):
            unsigned.open()


# staging, as an init container does it


def _verify(gated: Gated, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lading", "verify", "model", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, cwd=gated.policy.parent, env=environment, capture_output=True, text=True, check=False)


def test_a_model_is_staged_once_whole_and_read_only(gated: Gated) -> None:
    staged, mounted = gated.policy.parent / "staged", gated.policy.parent / "mounted"
    mounted.mkdir()
    for folder in (staged, mounted):
        done = _verify(gated, "--stage", folder.name)
        assert (done.returncode, f"staged in {folder.name}" in done.stdout) == (0, True), done.stderr
        assert {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == FILES
        assert not any(p.stat().st_mode & 0o222 for p in folder.rglob("*"))
        assert f"there already, and compared: {folder.name}" in _verify(gated, "--stage", folder.name, "--key", "release.pub").stdout
    overwrite_as_owner(staged / "config.json")
    done = _verify(gated, "--stage", "staged")
    assert done.returncode == 2
    assert "staged exists and holds something else" in done.stderr


def test_what_is_refused_or_changes_on_the_way_is_not_staged(gated: Gated) -> None:
    empty = gated.policy.parent / "empty"
    empty.mkdir()
    model = gated.open()
    overwrite(gated.weights, BAD)
    assert _verify(gated, "--stage", "empty").returncode == 3
    with pytest.raises(LoadError, match=r"model\.safetensors is not as it was signed"):
        stage(model, empty)
    assert not list(empty.iterdir())


def overwrite_as_owner(path: Path) -> None:
    path.chmod(0o644)
    overwrite(path, b"[")


# the cache of a hub


def _cached(gated: Gated, cache: Path) -> Path:
    """The signed model as huggingface_hub keeps it: links to blobs."""
    repository = cache / "models--acme--model"
    snapshot_ = repository / "snapshots" / ("a" * 40)
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs" / "pr").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    (repository / "refs" / "pr" / "1").write_text("b" * 40)
    for number, file in enumerate(sorted(p for p in gated.model.rglob("*") if p.is_file())):
        link = snapshot_ / file.relative_to(gated.model)
        link.parent.mkdir(parents=True, exist_ok=True)
        (repository / "blobs" / str(number)).write_bytes(file.read_bytes())
        link.symlink_to(os.path.relpath(repository / "blobs" / str(number), link.parent))
    return snapshot_


def test_a_snapshot_of_a_hub_opens_by_its_name_and_follows_no_link_out_of_its_cache(
    gated: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _cached(gated, tmp_path / "hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert snapshot("acme/model") == snapshot("acme/model", "a" * 40) == folder
    assert list(references(folder)) == [("main", "a" * 40)]
    gated.rules('[[trust]]\nmatch = "acme/model"\nkeys = ["release.pub"]\n')
    model = opened(folder, gated.policy, NOW)
    assert {path: model.read(path) for path in model.files} == FILES
    blob = (folder / "config.json").resolve()
    overwrite(blob, b"[")
    with pytest.raises(LoadError, match=r"config\.json is not as it was signed"):
        model.read("config.json")
    blob.unlink()
    blob.symlink_to("/etc/hostname")
    with pytest.raises(LoadError, match="it is a link"):
        model.read("config.json")
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("../../../../model/config.json")
    with pytest.raises(LoadError, match=r"config\.json is a link that leads out of the cache"):
        opened(folder, gated.policy, NOW)
    (folder / "config.json").unlink()
    (folder / "config.json").write_bytes(FILES["config.json"])
    assert opened(folder, gated.policy, NOW).read("config.json") == FILES["config.json"]
    with pytest.raises(UsageError, match="acme/other at main is not in the cache"):
        snapshot("acme/other")


# statements beside the signature


def _says(gated: Gated, predicate: str, key: PrivateKey, **what: object) -> None:
    subject = subject_of_manifest(gated.open().manifest)
    made = sign(Statement((subject,), predicate, what), key)
    with gated.model.with_name("model.waybill.jsonl").open("ab") as stream:
        stream.write(bundle.encode(made).rstrip(b"\n") + b"\n")


def test_statements_that_the_policy_asks_for_must_be_there_and_be_about_this_model(gated: Gated) -> None:
    asks = '[[trust]]\nkeys = ["release.pub"]\npredicates = ["https://acme.example/review/v1"]\n'
    gated.rules(asks)
    with pytest.raises((LoadError, EvidenceError), match="review"):
        gated.open()
    gated.rules('[[trust]]\nkeys = ["release.pub"]\n')
    _says(gated, "https://acme.example/review/v1", OTHER)
    gated.rules(asks)
    with pytest.raises((LoadError, EvidenceError)):
        gated.open()
    gated.rules('[[trust]]\nkeys = ["release.pub"]\n')
    _says(gated, "https://acme.example/review/v1", KEY)
    gated.rules(asks)
    assert gated.open().verdict.opens
    (gated.model / "config.json").write_bytes(b"{}")
    gated.sign()
    with pytest.raises((LoadError, EvidenceError)):
        gated.open()


def test_an_index_of_one_signer_is_not_enough_where_another_vouches_by_a_statement(gated: Gated) -> None:
    (gated.policy.parent / "other.pub").write_bytes(OTHER.public.pem)
    _says(gated, "https://slsa.dev/provenance/v1", OTHER, buildDefinition={}, runDetails={})
    gated.rules('[[trust]]\nkeys = ["release.pub", "other.pub"]\nthreshold = 2\n')
    model = gated.open()
    assert not any(item.chunks for item in model.manifest.items)
    assert model.read("model.safetensors") == FILES["model.safetensors"]


@pytest.mark.parametrize("path", ["missing.txt", "../release.pub", "/etc/hostname", "tokenizer"])
def test_a_file_that_nobody_signed_is_not_handed_out(gated: Gated, path: str) -> None:
    with pytest.raises(LoadError, match="was not signed"):
        gated.open().read(path)


def test_a_path_that_is_none_is_a_sentence(gated: Gated) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        opened(gated.model.with_name("nothing"), gated.policy)
    with pytest.raises(UsageError, match="there is no framework 'jax'"):
        load_file(gated.weights, "jax", policy=gated.policy)
    with pytest.raises(EvidenceError, match="nor has a folder above it"):
        open_file(gated.policy, policy=gated.policy)


def test_a_loader_gets_the_verified_file_in_the_place_of_its_own(gated: Gated) -> None:
    read = lambda path, *more, **options: (Path(path).read_bytes(), more, options)  # noqa: E731 - a loader
    assert load_with(read, gated.weights, 1, policy=gated.policy, two=2) == (FILES["model.safetensors"], (1,), {"two": 2})
    names = load_with(lambda folder: sorted(p.name for p in Path(folder).iterdir()), gated.model, policy=gated.policy, copies=True)
    assert names == sorted({Path(p).parts[0] for p in FILES})
    before = sum(counts().values())
    overwrite(gated.weights, BAD)
    with pytest.raises(LoadError):
        load_with(read, gated.weights, policy=gated.policy, copies=True)
    assert sum(counts().values()) == before + 2, "a model that opened, a file that was changed"
