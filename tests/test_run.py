"""A command behind `lading run` loads what was signed or nothing, whatever is done to the files, and says why it did not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate import FILES, KEY, OTHER, Gated, overwrite, weights
from lading.ledger.store import Ledger
from lading.load import landlock
from lading.load.decision import consider
from lading.load.policy import policy_at
from lading.run.record import Recorder, spool_of
from lading.sign.model import sign
from lading.trust import bundle, statement
from lading.trust.evidence import Roots, verify
from lading.trust.statement import Resource, Statement

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")

BAD = weights(66)
SERVICE = """
import sys
print("ready", flush=True)
sys.stdin.readline()
data = open(sys.argv[1], "rb").read()
print("answer", data[8 + int.from_bytes(data[:8], "little")], flush=True)
"""
MAPPED = """
import mmap, sys
with open(sys.argv[1], "rb") as stream:
    data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
print("ready", flush=True)
sys.stdin.readline()
print("answer", data[8 + int.from_bytes(data[:8], "little")], flush=True)
"""
IN_C = """
import ctypes, sys
print("ready", flush=True)
sys.stdin.readline()
libc, data = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(1 << 12)
got = libc.read(libc.open(sys.argv[1].encode(), 0), data, 1 << 12)
print("answer", data.raw[8 + int.from_bytes(data.raw[:8], "little")] if got > 0 else f"{sys.argv[1]}: cannot open", flush=True)
"""
BY_A_CHILD = """
import subprocess, sys
print("ready", flush=True)
sys.stdin.readline()
data = subprocess.run(["cat", sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
print("answer", data[8 + int.from_bytes(data[:8], "little")], flush=True)
"""
MAIN = "from lading.cli.main import main; main()"
WITHOUT_MOUNTS = f"import lading.load.cover as c; c.own_mounts = lambda: False; {MAIN}"


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    made = Gated.fresh(tmp_path)
    made.sign(at=datetime.now(UTC) - timedelta(days=2))
    (tmp_path / "raw.safetensors").write_bytes(BAD)
    return made


@pytest.fixture(params=[MAIN, WITHOUT_MOUNTS], ids=["laid over", "elsewhere"])
def entrance(request: pytest.FixtureRequest) -> str:
    """How the gate is entered: with the verified files in the place of the model, and where the system permits no mounts."""
    return str(request.param)


def service(gated: Gated, script: str, path: str, attack: Callable[[], object], entrance: str = "") -> tuple[int, str, str]:
    """Start a service, attack once it is ready, let it load: what it answers and what its log says; behind the gate if it has an entrance."""
    command = [sys.executable, "-c", script, path]
    if entrance:
        command = [sys.executable, "-c", entrance, "run", "--policy", str(gated.policy), "--model", "model", "--", *command]
    with subprocess.Popen(
        command, cwd=gated.policy.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        if first == "ready\n":
            attack()
        rest, log = process.communicate("go\n", timeout=60)
    return process.returncode, first.removeprefix("ready\n") + rest, log


def nothing() -> None:
    """No attack."""


def _renamed(gated: Gated) -> None:
    (gated.model.parent / "bad").write_bytes(BAD)
    (gated.model.parent / "bad").replace(gated.weights)


def _linked(gated: Gated) -> None:
    gated.weights.unlink()
    gated.weights.symlink_to("../raw.safetensors")


def _folder(gated: Gated) -> None:
    bad = shutil.copytree(gated.model, gated.model.with_name("bad"))
    (bad / "model.safetensors").write_bytes(BAD)
    gated.model.rename(gated.model.with_name("good"))
    bad.rename(gated.model)


def _folder_linked(gated: Gated) -> None:
    bad = shutil.copytree(gated.model, gated.model.with_name("bad"))
    (bad / "model.safetensors").write_bytes(BAD)
    gated.model.rename(gated.model.with_name("good"))
    gated.model.symlink_to("bad")


def _mounted(gated: Gated) -> None:
    bad = shutil.copytree(gated.model, gated.model.with_name("bad"))
    (bad / "model.safetensors").write_bytes(BAD)
    subprocess.run(["mount", "--bind", bad, gated.model], check=True)


SWAPS: dict[str, Callable[[Gated], None]] = {
    "renamed over": _renamed,
    "overwritten in place": lambda g: overwrite(g.weights, BAD),
    "made a link": _linked,
    "the folder exchanged": _folder,
    "the folder made a link": _folder_linked,
}


@pytest.mark.parametrize("name", SWAPS)
def test_a_swap_after_the_start_never_reaches_the_service(gated: Gated, name: str) -> None:
    code, answer, log = service(gated, SERVICE, "model/model.safetensors", lambda: SWAPS[name](gated), MAIN)
    assert (code, answer) == (0, "answer 1\n") or (code == 1 and not answer and "lading: refused: " in log)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount over a folder for everybody")
def test_a_mount_over_the_folder_never_reaches_the_service(gated: Gated) -> None:
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mounts can be made here")
    try:
        assert service(gated, SERVICE, "model/model.safetensors", lambda: _mounted(gated), MAIN)[:2] == (0, "answer 1\n")
        assert service(gated, SERVICE, "model/model.safetensors", nothing)[1] == "answer 66\n", "without the gate it is loaded"
        code, answer, log = service(gated, SERVICE, "model/model.safetensors", nothing, MAIN)
        assert (code, answer) == (3, "")
        assert "model.safetensors is not as it was signed" in log
    finally:
        subprocess.run(["umount", gated.model], check=False, capture_output=True)


def test_nor_does_it_where_no_mounts_can_be_made(gated: Gated) -> None:
    found = service(gated, SERVICE, "model/model.safetensors", lambda: _folder_linked(gated), WITHOUT_MOUNTS)
    assert found[:2] == (0, "answer 1\n")


@pytest.mark.parametrize("name", SWAPS)
def test_without_the_gate_the_same_swap_is_loaded(gated: Gated, name: str) -> None:
    assert service(gated, SERVICE, "model/model.safetensors", lambda: SWAPS[name](gated))[1] == "answer 66\n"


def test_weights_that_are_cut_after_the_start_are_still_served(gated: Gated) -> None:
    def cut() -> None:
        os.truncate(gated.weights, 100)

    assert service(gated, SERVICE, "model/model.safetensors", cut, MAIN)[:2] == (0, "answer 1\n")
    assert service(gated, SERVICE, "model/model.safetensors", cut)[0] == 1, "without the gate the service falls over"


def test_mapped_weights_do_not_change_under_the_service(gated: Gated, entrance: str) -> None:
    attack = lambda: overwrite(gated.weights, BAD)  # noqa: E731 - what happens in between
    assert service(gated, MAPPED, "model/model.safetensors", attack, entrance)[:2] == (0, "answer 1\n")
    gated.weights.write_bytes(FILES["model.safetensors"])
    assert service(gated, MAPPED, "model/model.safetensors", attack)[1] == "answer 66\n", "without the gate they do"


@pytest.mark.parametrize("script", [SERVICE, IN_C, BY_A_CHILD, MAPPED], ids=["python", "C", "a child process", "mapped"])
def test_no_loader_reads_weights_that_nobody_signed(gated: Gated, script: str) -> None:
    assert service(gated, script, "raw.safetensors", nothing)[1].endswith("answer 66\n")
    assert "66" not in service(gated, script, "raw.safetensors", nothing, MAIN)[1]
    assert service(gated, script, "model/model.safetensors", nothing, MAIN)[1].endswith("answer 1\n")


def test_no_link_and_no_move_makes_them_readable(gated: Gated) -> None:
    script = """
import os, sys, tempfile
away = os.path.join(tempfile.gettempdir(), "raw.safetensors")
for act in (os.link, os.symlink, os.rename):
    try:
        act(os.path.abspath("raw.safetensors"), away)
        open(away, "rb").close()
        print("read after", act.__name__)
    except OSError:
        pass
    if os.path.lexists(away):
        os.unlink(away)
"""
    assert service(gated, script, "", nothing)[1] != ""
    (gated.policy.parent / "raw.safetensors").write_bytes(BAD)
    assert service(gated, script, "", nothing, MAIN) == (0, "", f"verified: {gated.model}\n")


def test_an_index_of_shards_that_points_outside_leads_nowhere(gated: Gated) -> None:
    (gated.model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../raw.safetensors"}}))
    gated.sign()
    script = """
import json
data = open("model/" + json.load(open("model/model.safetensors.index.json"))["weight_map"]["a"], "rb").read()
print("answer", data[8 + int.from_bytes(data[:8], "little")])
"""
    assert service(gated, script, "", nothing)[1] == "answer 66\n", "without the gate it does"
    code, answer, log = service(gated, script, "", nothing, MAIN)
    assert (code, answer) == (1, "")
    assert "raw.safetensors belongs to no model that was verified; sign its model" in log


def _adds(path: str, data: bytes) -> Callable[[Gated], object]:
    def act(gated: Gated) -> None:
        (gated.model / path).parent.mkdir(exist_ok=True)
        (gated.model / path).write_bytes(data)

    return act


def _rolled_back(gated: Gated) -> None:
    gated.rules('[[trust]]\nkeys = ["release.pub"]\nmax_age = "1d"\n')


def _revoked(gated: Gated) -> None:
    predicate = {"issued": statement.moment(datetime.now(UTC)), "keys": [KEY.public.fingerprint]}
    made = Statement((Resource(name="list", digest={"sha256": "00" * 32}),), "urn:lading:revocations:v1", predicate)
    (gated.policy.parent / "office.pub").write_bytes(OTHER.public.pem)
    (gated.policy.parent / "revoked.jsonl").write_bytes(bundle.encode(sign(made, OTHER)))
    gated.rules('[[trust]]\nkeys = ["release.pub"]\n[load]\nrevocations = ["revoked.jsonl"]\nrevocation_keys = ["office.pub"]\n')


BEFORE: dict[str, tuple[Callable[[Gated], object], int, str]] = {
    "other weights": (lambda g: overwrite(g.weights, BAD), 3, "model.safetensors is not as it was signed"),
    "half of the weights": (lambda g: os.truncate(g.weights, 5 << 19), 3, "model.safetensors has 2621440 bytes and was signed with"),
    "other configuration": (_adds("config.json", b'{"model_type": "evil"}'), 3, "config.json is not as it was signed"),
    "other vocabulary": (_adds("tokenizer/vocab.txt", b"\xc3\xa9\nxx\n"), 3, "vocab.txt is not as it was signed"),
    "code beside": (_adds("modeling_evil.py", b"print()"), 3, "modeling_evil.py is in"),
    "a second file of weights": (_adds("model-2.safetensors", BAD), 3, "model-2.safetensors is in"),
    "a pickle beside": (_adds("pytorch_model.bin", b"\x80\x04N."), 3, "pytorch_model.bin is in"),
    "an adapter beside": (_adds("adapter_model.safetensors", BAD), 3, "adapter_model.safetensors is in"),
    "a hostile header beside": (_adds("x.safetensors", b"\xff" * 9), 3, "x.safetensors is in"),
    "signed by somebody else": (lambda g: g.sign(OTHER), 3, "none of the 1 trusted ones"),
    "an older version, rolled back": (_rolled_back, 3, "older than the 1d"),
    "a key that was revoked": (_revoked, 3, "the key is on the revocation list"),
    "no signature": (lambda g: (g.model / "model.sig").unlink(), 4, "has no signature"),
}  # fmt: skip


@pytest.mark.parametrize("name", BEFORE)
def test_a_model_that_was_changed_starts_nothing_and_is_told_by_name(gated: Gated, name: str) -> None:
    act, code, words = BEFORE[name]
    act(gated)
    assert service(gated, "print('started')", "", nothing)[:2] == (0, "started\n"), "without the gate nobody looks"
    found = service(gated, "print('started')", "", nothing, MAIN)
    assert found[:2] == (code, "")
    assert words in found[2]
    assert "hint: " in found[2]
    assert "Traceback" not in found[2]


# decisions, audit, codes


def lading(gated: Gated, *arguments: str, entrance: str = MAIN) -> "subprocess.CompletedProcess[str]":
    """`lading run` in the folder of the policy."""
    return subprocess.run(
        [sys.executable, "-c", entrance, "run", *arguments], cwd=gated.policy.parent, capture_output=True, text=True, check=False
    )


STALLED = f"import os, time; os.preadv = lambda *_: time.sleep(600); {MAIN}"
"""A mount that does not answer, which no test can make: the reads of the gate do not come back."""


def test_a_mount_that_does_not_answer_is_told_and_nothing_starts(gated: Gated) -> None:
    done = lading(gated, "--model", "model", "--patience", "0.5", "--", "echo", "started", entrance=STALLED)
    assert (done.returncode, done.stdout) == (4, "")
    assert "/model for 0.5 seconds [LD405]" in done.stderr
    assert lading(gated, "--model", "model", "--patience", "0.5", "--", "sleep", "2").returncode == 0, "a command may take its time"


def test_each_decision_is_a_statement(gated: Gated) -> None:
    assert lading(gated, "--model", "model", "--record", "decisions.jsonl", "--", "true").returncode == 0
    overwrite(gated.weights, BAD)
    assert lading(gated, "--model", "model", "--record", "decisions.jsonl", "--", "true").returncode == 3
    allowed, refused = map(statement.decode, (gated.policy.parent / "decisions.jsonl").read_bytes().splitlines())
    assert (allowed.predicate["decision"], refused.predicate["decision"]) == ("allow", "refuse")
    assert allowed.subject[0].digest["sha256"] == gated.open().manifest.root
    assert allowed.predicate["signers"] == [f"key {KEY.public.fingerprint[:16]}… (ecdsa-p256)"]
    assert "model.safetensors is not as it was signed" in refused.predicate["reasons"][0]


def test_decisions_are_signed_and_wait_on_the_disk_while_the_ledger_is_away(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = gated.policy.parent
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    (folder / "host.key").write_bytes(OTHER.pem())
    options = ("--model", "model", "--ledger", "away/decisions.ledger", "--record-key", "host.key")
    (folder / "away").write_text("where a disk was mounted")
    for _ in range(2):
        done = lading(gated, *options, "--", "true")
        assert done.returncode == 0, done.stderr
        assert "the decision waits in" in done.stderr
    (spool,) = (folder / "state").rglob("*.waybill.jsonl")
    with spool.open("ab") as stream:
        stream.write(b'{"broken off')
    (folder / "away").unlink()
    assert lading(gated, *options, "--", "true").returncode == 0
    assert not spool.exists()
    with Ledger(folder / "away" / "decisions.ledger") as ledger:
        assert len(ledger.by_predicate("urn:lading:load:v1")) == 3
        held = verify(bundle.decode(ledger.envelope(0), "the ledger"), Roots((OTHER.public,)), datetime.now(UTC))
    assert held.statement.predicate["decision"] == "allow"
    without = lading(gated, "--model", "model", "--ledger", "x.ledger", "--", "true")
    assert (without.returncode, "nobody is named who signs" in without.stderr) == (2, True)


def test_a_spool_that_is_full_takes_no_more(gated: Gated, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(gated.policy.parent / "state"))
    monkeypatch.setattr("lading.run.record.MOST_SPOOLED", 4000)
    decision, _ = consider(gated.model, policy_at(gated.policy, None), lambda _: None)
    away = gated.policy / "no.ledger"
    for _ in range(10):
        Recorder(by=OTHER, ledger=away).keep(decision)
    assert spool_of(away).stat().st_size <= 4000
    assert "is full; this decision is kept nowhere else: {" in capsys.readouterr().err


def test_decisions_are_counted_for_a_collector(gated: Gated) -> None:
    options = ("--model", "model", "--metrics", "lading.prom", "--", "true")
    lading(gated, *options)
    lading(gated, *options)
    overwrite(gated.weights, BAD)
    lading(gated, *options)
    rows = (gated.policy.parent / "lading.prom").read_text().splitlines()
    assert rows[1] == "# TYPE lading_load_decisions_total counter"
    assert rows[2:] == [f'lading_load_decisions_total{{answer="{name}"}} {n}' for name, n in [("allow", 2), ("refuse", 1), ("unknown", 0)]]
    assert lading(gated, "--model", "model", "--metrics", "none/lading.prom", "--", "true").returncode == 1


def test_an_audit_records_and_keeps_nothing_away(gated: Gated) -> None:
    overwrite(gated.weights, BAD)
    done = lading(gated, "--model", "model", "--audit", "--record", "-", "--", "wc", "-c", "raw.safetensors")
    assert done.returncode == 0
    assert done.stdout.startswith(str(len(BAD)))
    assert "model would be refused: " in done.stderr
    assert '"decision":"refuse"' in done.stderr


def test_models_and_other_places_can_stand_in_the_policy(gated: Gated) -> None:
    away = gated.policy.parent.with_name(f"{gated.policy.parent.name}-away")
    away.mkdir()
    (away / "notes.txt").write_text("notes")
    assert lading(gated, "--", "true").returncode == 2
    gated.rules('[[trust]]\nkeys = ["release.pub"]\n[load]\nmodels = ["model"]\n')
    denied = lading(gated, "--", "cat", str(away / "notes.txt"))
    assert denied.returncode == 1
    assert "notes.txt is outside of what the command may read; permit it with --read" in denied.stderr
    gated.rules(f'[[trust]]\nkeys = ["release.pub"]\n[load]\nmodels = ["model"]\nread = ["{away}"]\n')
    assert lading(gated, "--", "cat", str(away / "notes.txt")).stdout == "notes"


def test_the_code_is_that_of_the_command(gated: Gated) -> None:
    assert lading(gated, "--model", "model", "--", "sh", "-c", "exit 42").returncode == 42
    assert lading(gated, "--model", "model", "--", "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL
    missing = lading(gated, "--model", "model", "--", "no-such-program")
    assert missing.returncode == 2
    assert "no-such-program cannot be run" in missing.stderr


def test_a_signal_ends_the_command_and_nothing_is_left_behind(gated: Gated, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, "run", "--model", "model", "--", sys.executable, "-c", SERVICE, "model/config.json"],
        cwd=gated.policy.parent,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert not list(scratch.iterdir())


# enforce() in a program


def _enforcing(gated: Gated, code: str) -> "subprocess.CompletedProcess[str]":
    program = f"import lading.load\nheld = lading.load.enforce('model', policy='lading.toml')\n{code}"
    return subprocess.run([sys.executable, "-c", program], cwd=gated.policy.parent, capture_output=True, text=True, check=False)


def test_a_program_can_put_itself_behind_the_gate(gated: Gated) -> None:
    done = _enforcing(gated, "print(len(open(held.redirected('model/model.safetensors'), 'rb').read()))\nopen('raw.safetensors', 'rb')")
    assert done.stdout == f"{len(BAD)}\n"
    assert "PermissionError" in done.stderr
    own = _enforcing(
        gated, "import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x'); f.flush(); print(open(f.name).read())"
    )
    assert own.stdout == "x\n", own.stderr


def test_a_program_with_threads_is_told_to_call_it_earlier(gated: Gated) -> None:
    before = "import threading, time\nthreading.Thread(target=time.sleep, args=(20,), daemon=True).start()\n"
    program = f"{before}import lading.load\nlading.load.enforce('model', policy='lading.toml')"
    done = subprocess.run([sys.executable, "-c", program], cwd=gated.policy.parent, capture_output=True, text=True, check=False)
    assert "EnforcementError: other threads are running, which would stay free to read anything" in done.stderr


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("import lading.load.landlock as l; l.version = lambda: 0", "this kernel has no Landlock"),
        ("import lading.load.landlock as l; l.restrict = lambda places: None", "the self-test failed in this process"),
    ],
    ids=["no Landlock", "a Landlock that does not hold"],
)
def test_where_the_gate_cannot_be_shown_to_hold_nothing_starts(gated: Gated, broken: str, words: str) -> None:
    done = lading(gated, "--model", "model", "--", "echo", "started", entrance=f"{broken}; {MAIN}")
    assert (done.returncode, done.stdout) == (4, "")
    assert words in done.stderr


def test_a_working_folder_that_cannot_be_looked_through_starts_nothing(gated: Gated) -> None:
    few = "import lading.load.places as p; p.MOST_FILES = 2"
    done = lading(gated, "--model", "model", "--", "echo", "started", entrance=f"{few}; {MAIN}")
    assert (done.returncode, done.stdout) == (4, "")
    assert "too many to look for weights" in done.stderr


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.delenv("LADING_POLICY", raising=False)
