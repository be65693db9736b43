"""The ledger's promises: what was acknowledged stays, in its order, under its digest, and every tampering is found and named."""

import itertools
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from lading.core.errors import LadingError, LedgerError, TamperError, TrustError, UsageError
from lading.ledger import file, merkle, store
from lading.ledger.checkpoint import Checkpoint
from lading.ledger.describe import described
from lading.ledger.file import Access
from lading.ledger.store import Index, Ledger, entry, leaf
from lading.ledger.verify import Walk, walk
from ledger_makers import BATCH, PROVENANCE, dsse, envelope, fill, subject

HERE = Path(__file__).parent
MANY = 600


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.ledger"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ledger") / "filled.ledger"
    fill(made, MANY)
    return made


@pytest.fixture
def tampered(filled: Path, path: Path) -> Callable[[str], Walk]:
    """Copy the ledger of 600 entries, run SQL on it, and walk through it."""

    def run(script: str) -> Walk:
        shutil.copy(filled, path)
        database = sqlite3.connect(path)
        database.executescript(script)
        database.close()
        return walked(path)

    return run


def walked(path: Path, checkpoint: Checkpoint | None = None) -> Walk:
    with Ledger(path, Access.READ) as ledger:
        return walk(ledger, described, checkpoint)


def checkpoint_of(path: Path) -> Checkpoint:
    with Ledger(path, Access.READ) as ledger:
        return Checkpoint("acme.example/ledger", ledger.size, ledger.root())


def writer(path: Path, name: str, batches: int) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), str(HERE)])}
    return subprocess.Popen(
        [sys.executable, "-m", "ledger_makers", str(path), name, str(batches)], stdout=subprocess.PIPE, text=True, env=environment
    )


def acknowledged(output: str) -> list[tuple[int, str]]:
    whole = output[: output.rfind("\n") + 1]
    return [(int(number), digest) for number, digest in (line.split() for line in whole.splitlines())]


# What is recorded


def test_an_envelope_is_found_by_its_digest_its_subject_and_its_predicate_type(path: Path) -> None:
    first, second = envelope("bert"), envelope("bert", "https://cyclonedx.org/bom")
    with Ledger(path) as ledger:
        receipts = ledger.append([(first, described(first)), (second, described(second))])
        assert [r.number for r in receipts] == [0, 1]
        assert receipts[0].digest == f"sha256:{sha256(first).hexdigest()}"
        assert ledger.number_of(receipts[1].digest) == 1
        assert ledger.by_subject(subject("bert")) == [0, 1]
        assert ledger.by_predicate(PROVENANCE) == [0]
        assert ledger.envelope(1) == second


def test_an_envelope_that_is_there_keeps_its_number(path: Path) -> None:
    one, two = (envelope("a"), Index()), (envelope("b"), Index())
    with Ledger(path) as ledger:
        assert [(r.number, r.new) for r in ledger.append([one, two, one])] == [(0, True), (1, True), (0, False)]
        assert [(r.number, r.new) for r in ledger.append([two, (envelope("c"), Index())])] == [(1, False), (2, True)]
        assert ledger.size == 3


def test_the_tree_is_that_of_the_standard_however_entries_came(path: Path) -> None:
    randomly = random.Random(6962)
    entries: list[bytes] = []
    with Ledger(path) as ledger:
        for batch in range(60):
            envelopes = [b"%d-%d" % (batch, i) for i in range(randomly.choice([0, 1, 2, 3, 17, 64]))]
            ledger.append((e, Index()) for e in envelopes)
            entries += [entry(sha256(e).digest()) for e in envelopes]
            assert ledger.root() == oracles.merkle_root(entries)
        assert len(entries) > 512
        for size in (1, 255, 256, 257, len(entries)):
            assert ledger.root(size) == oracles.merkle_root(entries[:size])
            assert ledger.inclusion(size // 2, size) == oracles.merkle_path(size // 2, entries[:size])
            assert ledger.consistency(size) == oracles.merkle_proof(size, entries)


def test_every_entry_has_a_proof_that_verifies(filled: Path) -> None:
    with Ledger(filled, Access.READ) as ledger:
        root = ledger.root()
        for number in range(MANY):
            found = leaf(sha256(ledger.envelope(number)).digest())
            merkle.verify_inclusion(found, number, MANY, ledger.inclusion(number), root)


def test_a_ledger_that_was_not_touched_is_whole(filled: Path) -> None:
    answer = walked(filled, checkpoint_of(filled))
    assert answer.problems == ()
    assert (answer.size, answer.root) == (MANY, checkpoint_of(filled).root)
    assert walked(filled, Checkpoint("acme.example/ledger", 0, merkle.EMPTY)).problems == ()


def test_an_empty_ledger_is_whole(path: Path) -> None:
    with Ledger(path) as ledger:
        assert ledger.append([]) == []
        assert (ledger.size, ledger.root()) == (0, merkle.EMPTY)
    assert walked(path).problems == ()


def test_what_is_not_there_is_said(path: Path) -> None:
    with pytest.raises(UsageError, match="there is no ledger"):
        Ledger(path, Access.READ)
    fill(path, 3)
    with Ledger(path) as ledger:
        with pytest.raises(LedgerError, match="entry 9 is not in the ledger"):
            ledger.envelope(9)
        with pytest.raises(UsageError, match="has 3 entries, not 4"):
            ledger.root(4)
        assert ledger.number_of("sha256:00") is None
        assert ledger.number_of(f"sha512:{'0' * 64}") is None


def test_another_database_is_no_ledger(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    for access in Access:
        with pytest.raises(LadingError, match=r"test\.ledger"):
            Ledger(path, access)


def test_a_ledger_in_a_folder_that_may_not_be_written_is_read(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert walked(filled).problems == ()


def test_another_writer_that_does_not_end_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 2)
    monkeypatch.setattr(file, "PATIENCE", 0.1)
    with Ledger(path) as first, Ledger(path) as second, first.transaction():
        with pytest.raises(LedgerError, match="is being written by another process"):
            second.append([(b"late", Index())])
        assert second.size == 2, "who reads does not wait"


def test_a_place_where_no_ledger_can_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be made"):
        Ledger(tmp_path / "file" / "x.ledger")


def test_an_envelope_beyond_the_bound_is_refused_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LARGEST", 3)
    with Ledger(path) as ledger:
        with pytest.raises(UsageError, match="an envelope has 4 bytes"):
            ledger.append([(b"abc", Index()), (b"abcd", Index())])
        assert ledger.size == 0


# What is not lost


def test_kill_9_at_any_moment_loses_nothing_acknowledged(path: Path) -> None:
    known: list[tuple[int, str]] = []
    randomly = random.Random(9)
    for attempt in range(8):
        process = writer(path, f"run{attempt}", 100_000)
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(randomly.uniform(0, 0.15))
        process.kill()
        known += acknowledged(first + process.stdout.read())
        process.stdout.close()
        process.wait()
        answer = walked(path)
        assert answer.problems == ()
        assert answer.size % BATCH == 0, "a batch is there whole or not at all"
        with Ledger(path) as ledger:
            assert all(ledger.number_of(digest) == number for number, digest in known)
    assert len(known) > 8 * BATCH


def test_two_processes_that_append_at_once_are_both_right(path: Path) -> None:
    processes = [writer(path, name, 40) for name in ("left", "right", "third")]
    said = [acknowledged(p.communicate(timeout=120)[0]) for p in processes]
    assert [len(s) for s in said] == [40 * BATCH] * 3
    numbers = [number for some in said for number, _ in some]
    assert sorted(numbers) == list(range(120 * BATCH))
    with Ledger(path) as ledger:
        assert all(ledger.number_of(digest) == number for some in said for number, digest in some)
    assert walked(path).problems == ()


def _until_full(ledger: Ledger) -> tuple[list[tuple[int, str]], LedgerError]:
    """Append until it is refused; what was acknowledged before, and the refusal."""
    known: list[tuple[int, str]] = []
    for batch in itertools.count():
        envelopes = [envelope(f"{batch}-{i}") for i in range(100)]
        try:
            known += [(r.number, r.digest) for r in ledger.append((e, described(e)) for e in envelopes)]
        except LedgerError as e:
            return known, e
        assert batch < 1000
    raise AssertionError


def _nothing_lost(path: Path, known: list[tuple[int, str]], error: LedgerError) -> None:
    assert "the disk is full or fails" in error.sentence
    assert "nothing of this batch is recorded" in error.sentence
    assert known
    answer = walked(path)
    assert (answer.problems, answer.size) == ((), len(known))
    with Ledger(path, Access.READ) as ledger:
        assert all(ledger.number_of(digest) == number for number, digest in known)


def test_a_full_database_is_a_sentence_and_loses_nothing(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.connection.execute("PRAGMA max_page_count = 300")
        known, error = _until_full(ledger)
        _nothing_lost(path, known, error)
        ledger.connection.execute("PRAGMA max_page_count = 100000")
        assert ledger.append([(b"there is room again", Index())])[0].number == len(known)


def test_a_file_that_may_not_grow_is_a_sentence_and_loses_nothing(path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger(path) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
        try:
            known, error = _until_full(ledger)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    _nothing_lost(path, known, error)


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False)
    if not made or made.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        path = disk / "test.ledger"
        with Ledger(path) as ledger:
            known, error = _until_full(ledger)
        shutil.copytree(disk, tmp_path / "copy")
        _nothing_lost(tmp_path / "copy" / "test.ledger", known, error)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# What is found

ENTRIES = "SELECT envelope FROM entry WHERE number ="
TAMPERING = {
    "removed row": ("DELETE FROM entry WHERE number = 17", "entry 17 was removed"),
    "removed last row": ("DELETE FROM entry WHERE number = 599", "entry 599 was removed"),
    "removed first row": ("DELETE FROM entry WHERE number = 0", "entry 0 was removed"),
    "changed byte": (
        "UPDATE entry SET envelope = CAST(replace(CAST(envelope AS TEXT), 'c2lnbmVk', 'c2lnbmVj') AS BLOB) WHERE number = 300",
        "entry 300 was changed",
    ),
    "added blank": ("UPDATE entry SET envelope = CAST(CAST(envelope AS TEXT) || ' ' AS BLOB) WHERE number = 5", "entry 5 was changed"),
    "emptied": ("UPDATE entry SET envelope = x'' WHERE number = 255", "entry 255 was changed"),
    "not text any more": ("UPDATE entry SET envelope = x'ff00' WHERE number = 256", "entry 256 cannot be read"),
    "swapped rows": (
        "UPDATE entry SET number = -1 WHERE number = 3; UPDATE entry SET number = 3 WHERE number = 4; UPDATE entry SET number = 4 WHERE number = -1",
        "entry 3 was re-ordered: it holds what was recorded as entry 4",
    ),
    "moved up after a removal": (
        "DELETE FROM entry WHERE number = 590; UPDATE entry SET number = number - 1 WHERE number > 590",
        "entry 590 was re-ordered: it holds what was recorded as entry 591",
    ),
    "repeated": (
        f"UPDATE entry SET envelope = ({ENTRIES} 8) WHERE number = 9",
        "entry 9 was re-ordered: it holds what was recorded as entry 8",
    ),
    "added at the end": ("INSERT INTO entry VALUES (600, x'7b7d')", "entry 600 was added around the tree"),
    "added before the first": (f"INSERT INTO entry VALUES (-5, ({ENTRIES} 0))", "an entry was added before the first one"),
    "changed hash of an entry": (
        "UPDATE tree SET hashes = CAST(substr(hashes, 1, 32 * 7) || zeroblob(32) || substr(hashes, 32 * 8 + 1) AS BLOB) WHERE level = 0 AND run = 1",
        "the stored hash of entry 263 was changed",
    ),
    "changed hash of a level": (
        "UPDATE tree SET hashes = zeroblob(length(hashes)) WHERE level = 5",
        "the stored hash 0 of level 5 does not follow from those below it, of entries 0 to 31",
    ),
    "removed hashes of entries": ("DELETE FROM tree WHERE level = 0 AND run = 1", "the stored hash of entry 256 was removed"),
    "removed level": ("DELETE FROM tree WHERE level = 3", "row 0 of level 3 of the tree has 0 bytes, 2400 belong there"),
    "cut hashes": (
        "UPDATE tree SET hashes = substr(hashes, 1, 40) WHERE level = 2 AND run = 0",
        "row 0 of level 2 of the tree has 40 bytes",
    ),
    "lengthened hashes": (
        "UPDATE tree SET hashes = CAST(hashes || x'00' AS BLOB) WHERE level = 4",
        "row 0 of level 4 of the tree has 1185 bytes",
    ),
    "hashes of no tree": ("INSERT INTO tree VALUES (11, 0, zeroblob(32))", "row 0 of level 11 belongs to no tree of 600 entries"),
    "digest led elsewhere": ("UPDATE digest SET number = 2 WHERE number = 1", "not to entry 1"),
    "digest removed": ("DELETE FROM digest WHERE number = 77", "to nothing, not to entry 77"),
    "digest added": ("INSERT INTO digest VALUES (zeroblob(32), 4)", "the index of digests has 1 rows that no entry supports"),
    "subject hidden": ("DELETE FROM subject WHERE number = 40", "to entry 40"),
    "subject added": ("INSERT INTO subject VALUES ('sha256:00', 40)", "the index of subjects has 1 rows that no entry supports"),
    "predicate hidden": ("DELETE FROM predicate WHERE number = 41", f"does not lead from {PROVENANCE} to entry 41"),
    "predicate added": ("INSERT INTO predicate VALUES ('approved', 41)", "the index of predicates has 1 rows that no entry supports"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_a_tampering_is_found_and_named(name: str, tampered: Callable[[str], Walk]) -> None:
    script, reason = TAMPERING[name]
    problems = tampered(script).problems
    assert any(reason in p for p in problems), problems


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER quiet AFTER INSERT ON entry BEGIN DELETE FROM subject WHERE number = new.number; END",
        "CREATE VIEW other AS SELECT * FROM entry",
        "ALTER TABLE entry ADD COLUMN more TEXT",
        "DROP TABLE predicate",
        "PRAGMA user_version = 9",
        "PRAGMA application_id = 9",
    ],
)
def test_a_file_with_more_or_less_than_a_ledger_is_not_opened(script: str, tampered: Callable[[str], Walk], path: Path) -> None:
    with pytest.raises((TamperError, LedgerError)):
        tampered(script)
    with pytest.raises((TamperError, LedgerError)):
        Ledger(path)


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(filled: Path, path: Path, kept: float) -> None:
    data = filled.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    try:
        problems = walked(path).problems
    except (TamperError, LedgerError) as e:
        problems = (e.sentence,)
    assert problems


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_byte_changed_anywhere_in_the_file_never_passes_for_another_history(filled: Path, place: int, flip: int) -> None:
    """Bytes in free space may change unseen; what is told of the entries then is still what was recorded."""
    data = bytearray(filled.read_bytes())
    data[place % len(data)] ^= flip
    path = filled.with_name(f"flipped-{os.getpid()}.ledger")
    path.write_bytes(data)
    try:
        answer = walked(path, checkpoint_of(filled))
    except LadingError:
        return
    if not answer.problems:
        assert (answer.size, answer.root) == (MANY, checkpoint_of(filled).root)


def test_a_ledger_made_anew_without_an_entry_is_found_by_a_checkpoint_alone(filled: Path, path: Path) -> None:
    with Ledger(filled, Access.READ) as old, Ledger(path) as new:
        new.append((e, described(e)) for number, e in old.envelopes(0, MANY) if number != 100)
    assert walked(path).problems == ()
    (problem,) = walked(path, checkpoint_of(filled)).problems
    assert "the checkpoint has 600 entries, the ledger 599: the last 1 were removed" in problem
    fill(path, 5, "other")
    (problem,) = walked(path, checkpoint_of(filled)).problems
    assert "the first 600 entries have root" in problem
    assert "history was rewritten" in problem


def test_a_ledger_that_grew_still_holds_its_earlier_checkpoint(path: Path) -> None:
    fill(path, 300)
    earlier = checkpoint_of(path)
    fill(path, 700)
    assert walked(path, earlier).problems == ()


def test_many_problems_are_counted_to_a_bound(tampered: Callable[[str], Walk]) -> None:
    answer = tampered("DELETE FROM entry WHERE number > 200")
    assert (len(answer.problems), answer.more) == (100, True)


def test_a_ledger_with_a_broken_end_takes_no_more(filled: Path, path: Path) -> None:
    shutil.copy(filled, path)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM tree WHERE level = 0 AND run = 2")
    database.close()
    with Ledger(path) as ledger:
        with pytest.raises(TamperError, match="level 0 of the tree does not end at hash 600"):
            ledger.append([(b"one more", Index())])
        assert ledger.size == MANY
        with pytest.raises(TamperError, match="was removed from the tree"):
            ledger.inclusion(599)


def test_an_index_that_lies_does_not_keep_an_envelope_out(filled: Path, path: Path) -> None:
    shutil.copy(filled, path)
    kept_out = envelope("evidence")
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO digest VALUES (?, 5)", (sha256(kept_out).digest(),))
    database.close()
    with Ledger(path) as ledger, pytest.raises(TamperError, match="is entry 5, it is not"):
        ledger.append([(kept_out, Index())])


@pytest.mark.parametrize("number", [2**62, 2**63 - 1])
def test_an_entry_far_beyond_the_last_one_is_found_at_once(filled: Path, path: Path, number: int) -> None:
    shutil.copy(filled, path)
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO entry VALUES (?, x'00')", (number,))
    database.close()
    with pytest.raises(TamperError, match="was added around the tree"):
        walked(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entry SET number = 1 << 50 WHERE number = ?", (number,))
    database.close()
    assert walked(path).more


# What is derived


@pytest.mark.parametrize("table", ["tree", "digest", "subject", "predicate"])
def test_everything_derived_is_rebuilt_from_the_entries(filled: Path, path: Path, table: str) -> None:
    shutil.copy(filled, path)
    checkpoint = checkpoint_of(filled)
    with sqlite3.connect(path) as database:
        database.execute(f"DELETE FROM {table}")
    database.close()
    assert walked(path).problems

    def hold(ledger: Ledger) -> None:
        assert ledger.root() == checkpoint.root

    with Ledger(path) as ledger:
        ledger.rebuild(described, hold if table == "tree" else None)
    assert walked(path, checkpoint).problems == ()


def test_rebuilding_does_not_bless_what_was_changed(filled: Path, path: Path) -> None:
    for script, reason in (TAMPERING["removed row"], TAMPERING["added blank"], TAMPERING["removed level"]):
        shutil.copy(filled, path)
        with sqlite3.connect(path) as database:
            database.executescript(script)
        database.close()
        with Ledger(path) as ledger, pytest.raises(TamperError):
            ledger.rebuild(described)
        assert any(reason in p for p in walked(path).problems), "nothing of the attempt stays"


# What is read of an envelope


def test_a_bundle_is_read_as_the_envelope_or_the_message_in_it() -> None:
    inner = envelope("bert").decode()
    bundle = f'{{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {{"publicKey": {{}}}}, "dsseEnvelope": {inner}}}'
    assert described(bundle.encode()) == Index((subject("bert"),), PROVENANCE)
    message = b'{"mediaType": "x", "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": "AAAA"}, "signature": "AA=="}}'
    assert described(message) == Index(("sha256:000000",))
    assert described(dsse(b"anything", "text/plain")) == Index()


STATEMENT = b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x", "subject": [{"digest": %s}]}'


def encoded_badly(payload: str) -> bytes:
    return b'{"payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": ""}], "payload": "%s"}' % payload.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the envelope is not JSON"),
        (b"[]", "the envelope is not as it must be"),
        (b"\xff\xfe", "the envelope is not Unicode text"),
        (b"[" * 100_000, "the envelope is not JSON: .* depth"),
        (b'{"payload": "", "payloadType": "x", "signatures": []}', "the envelope has no signature"),
        (b'{"mediaType": "x", "dsseEnvelope": null}', "the bundle is not as it must be"),
        (b'{"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": "AAA"}}}', "the digest of the bundle is not base64"),
        (b'{"payload": "e30=", "payload": "e30=", "payloadType": "x", "signatures": [{"sig": ""}]}', "the key 'payload' is there twice"),
        (encoded_badly("e31="), "the payload of the envelope is base64 that another spelling"),
        (encoded_badly("e30"), "the payload of the envelope is not base64"),
        (encoded_badly("e3 0="), "the payload of the envelope is not base64"),
        (encoded_badly("e30=\\n"), "the payload of the envelope is not base64"),
        (encoded_badly("-_-_"), "the payload of the envelope is not base64"),
        (encoded_badly("e30="), "the statement is not as it must be"),
        (dsse(STATEMENT % b'{"sha256": "../x"}'), "not lower-case hexadecimal"),
        (dsse(STATEMENT % b'{"sha256": 1.0}'), "the statement is not as it must be"),
        (dsse(STATEMENT % b"{}"), "has no digest"),
    ],
)
def test_what_is_no_envelope_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(TrustError, match=reason):
        described(data)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    for candidate in (data, dsse(data)):
        try:
            described(candidate)
        except TrustError:
            continue
