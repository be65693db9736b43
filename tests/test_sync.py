"""What is locked is fetched, verified while it streams, and nothing else ever has a final name."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lading.core.digest import Digest
from lading.core.kinds import Kind
from lading.lock import document
from lading.lock.document import Lock, Locked
from lading.lock.sync import cache_folder, in_cache, in_folder, sync
from lading.sources._registry import Found, LockedFile, sources
from simulators.hub import Hub, git_blob, serving
from test_cli import lading

WEIGHTS = bytes(range(256)) * 9000
FILES = {"config.json": b"{}", "sub/model.safetensors": WEIGHTS, "empty.txt": b""}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    there = Hub()
    there.repository("acme/base", dict(FILES))
    there.repository("acme/rows", {"train.parquet": b"PAR1"}, dataset=True)
    with serving(there) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield there


def lock_of(hub: Hub) -> Lock:
    """The lock of everything on the hub."""
    artifacts = []
    for kind, shelf in ((Kind.MODEL, hub.models), (Kind.DATASET, hub.datasets)):
        for name, repository in shelf.items():
            commit = repository.references["main"]
            files = [_locked(n, d) for n, d in repository.commits[commit].items()]
            artifacts.append(Locked(kind=kind, name=name, upstream="huggingface", found=Found(revision=commit, files=tuple(files))))
    return Lock(tuple(artifacts))


def _locked(name: str, data: bytes) -> LockedFile:
    large = name.endswith((".safetensors", ".parquet"))
    return LockedFile(name, len(data), Digest("sha256", hashlib.sha256(data).hexdigest()) if large else Digest("git", git_blob(data)))


def test_a_cache_is_laid_out_as_the_library_has_it(hub: Hub, tmp_path: Path) -> None:
    results = sync(lock_of(hub), sources(), in_cache(tmp_path))
    assert [(r.name, r.fetched, r.problem) for r in results] == [("acme/base", 3, ""), ("acme/rows", 1, "")]
    folder = tmp_path / "models--acme--base"
    commit = (folder / "refs/main").read_text()
    snapshot = folder / "snapshots" / commit
    assert {p.relative_to(snapshot).as_posix(): p.read_bytes() for p in snapshot.rglob("*") if p.is_file()} == FILES
    assert (snapshot / "sub/model.safetensors").readlink() == Path("../../../blobs") / hashlib.sha256(WEIGHTS).hexdigest()
    assert not list(tmp_path.rglob("*.lading"))
    hub.asked.clear()
    again = sync(lock_of(hub), sources(), in_cache(tmp_path))
    assert [r.there for r in again] == [3, 1]
    assert hub.asked == []


@pytest.mark.parametrize("bad", [b"x" * len(WEIGHTS), WEIGHTS + b"x", WEIGHTS * 3])
def test_other_bytes_never_get_the_name(bad: bytes, hub: Hub, tmp_path: Path) -> None:
    hub.spoil["sub/model.safetensors"] = bad
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert "is not what is locked" in result.problem
    assert not (tmp_path / "acme/base/sub/model.safetensors").exists()
    assert (tmp_path / "acme/base/config.json").read_bytes() == b"{}", "the others are there"
    del hub.spoil["sub/model.safetensors"]
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert (result.there, result.fetched, result.problem) == (2, 1, "")


def test_a_file_that_broke_off_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.spoil["sub/model.safetensors"] = WEIGHTS[:1000000]
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert "broke off after 1000000" in result.problem
    hub.spoil.clear()
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert (result.fetched, result.size, result.problem) == (1, len(WEIGHTS) - 1000000, "")
    assert (tmp_path / "acme/base/sub/model.safetensors").read_bytes() == WEIGHTS


def test_a_beginning_that_somebody_changed_is_not_built_upon(hub: Hub, tmp_path: Path) -> None:
    partial = tmp_path / "acme/base/sub/model.safetensors.lading"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"evil" * 1000)
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert "is not what is locked" in result.problem
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert result.problem == ""


def test_a_file_that_was_changed_where_it_lies_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    sync(lock_of(hub), sources(), in_folder(tmp_path))
    place = tmp_path / "acme/base/sub/model.safetensors"
    place.write_bytes(b"y" + WEIGHTS[1:])
    (result, _) = sync(lock_of(hub), sources(), in_folder(tmp_path))
    assert (result.fetched, place.read_bytes() == WEIGHTS) == (1, True)


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a//b", "a\0b"])
def test_a_lock_leads_nowhere_outside(path: str, hub: Hub, tmp_path: Path) -> None:
    found = Found(revision=hub.models["acme/base"].references["main"], files=(_locked(path, b"x"),))
    lock = Lock((Locked(kind=Kind.MODEL, name="acme/base", upstream="huggingface", found=found),))
    for place in (in_folder(tmp_path / "inner"), in_cache(tmp_path / "inner")):
        (result,) = sync(lock, sources(), place)
        assert "no path within an artifact" in result.problem
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_lock_then_sync_from_the_command_line(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('from transformers import AutoModel\nAutoModel.from_pretrained("acme/base")\n')
    assert lading("lock", cwd=tmp_path).returncode == 0
    done = lading("sync", "--to", "models", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("acme/base  3 fetched")
    hub.models["acme/base"].commits.clear()
    (tmp_path / "models/acme/base/config.json").unlink()
    done = lading("sync", "--to", "models", cwd=tmp_path)
    assert (done.returncode, "incomplete" in done.stdout) == (4, True)
    assert lading("sync", "nowhere", cwd=tmp_path).returncode == 2


def test_two_at_once_do_not_hurt_each_other(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "lading.lock").write_bytes(document.encode(lock_of(hub)))
    command = ["lading", "sync", "--to", str(tmp_path / "m"), str(tmp_path), "--quiet"]
    command[0:1] = [sys.executable, "-m", "lading"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [p.communicate()[0] for p in both]
    assert [p.returncode for p in both] == [0, 0], outputs
    assert (tmp_path / "m/acme/base/sub/model.safetensors").read_bytes() == WEIGHTS


def test_the_cache_is_where_the_library_has_it() -> None:
    assert cache_folder({"HF_HUB_CACHE": "/a"}) == Path("/a")
    assert cache_folder({"HF_HOME": "/h"}) == Path("/h/hub")
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/hub")


def test_killed_in_the_middle_nothing_has_its_name_and_the_next_run_goes_on(hub: Hub, tmp_path: Path) -> None:
    many = {f"part-{n:02}.safetensors": WEIGHTS[n:] for n in range(40)}
    hub.repository("acme/many", many)
    hub.latency = 0.02
    (tmp_path / "lading.lock").write_bytes(document.encode(lock_of(hub)))
    command = [sys.executable, "-m", "lading", "sync", "--to", str(tmp_path / "m"), str(tmp_path), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and len([p for p in (tmp_path / "m").rglob("*.safetensors") if p.is_file()]) < 5:
        time.sleep(0.005)
    process.kill()
    process.wait()
    for path in (tmp_path / "m").rglob("*.safetensors"):
        assert path.read_bytes() == {**many, "model.safetensors": WEIGHTS}[path.name]
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "m/acme/many").iterdir()} == many


def test_a_full_disk_is_a_sentence_and_leaves_no_name(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "lading.lock").write_bytes(document.encode(lock_of(hub)))

    command = [sys.executable, "-m", "lading", "sync", "--to", str(tmp_path / "m"), str(tmp_path), "--quiet"]
    done = subprocess.run(["sh", "-c", 'ulimit -f 150 && exec "$@"', "sh", *command], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)
    assert "cannot be written" in done.stdout
    assert not (tmp_path / "m/acme/base/sub/model.safetensors").exists()
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def test_two_locks_at_once_leave_one_whole_document(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('from transformers import AutoModel\nAutoModel.from_pretrained("acme/base")\n')
    hub.latency = 0.1
    both = [
        subprocess.Popen([sys.executable, "-m", "lading", "lock", str(tmp_path), "--quiet"], stdout=subprocess.DEVNULL) for _ in range(3)
    ]
    assert [p.wait() for p in both] == [0, 0, 0]
    assert document.read(tmp_path / "lading.lock").artifacts
    assert sorted(p.name for p in tmp_path.iterdir()) == ["app.py", "lading.lock"]


@pytest.fixture
def cached(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose model lies in the cache, and no network."""
    assert hub.models
    (tmp_path / "app.py").write_text('from transformers import AutoModel\nAutoModel.from_pretrained("acme/base")\n')
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for command in (["lock"], ["sync"]):
        assert lading(*command, cwd=tmp_path).returncode == 0
    (tmp_path / "lading.lock").unlink()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    return tmp_path


def offline(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return lading("lock", "--offline", "--exclude", "cache", *more, cwd=folder)


def test_offline_the_cache_is_what_is_locked(cached: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    done = offline(cached)
    assert (done.returncode, "locked 1 artifacts with 3 files" in done.stdout) == (0, True), done.stdout
    (entry,) = document.read(cached / "lading.lock").artifacts
    assert entry.found
    assert (entry.found.revision, entry.found.partial) == (hub.models["acme/base"].references["main"], True)
    assert {f.path: f for f in entry.found.files} == {n: _locked(n, d) for n, d in FILES.items()}
    assert offline(cached, "--check").returncode == 0
    assert hub.asked
    with serving(hub) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        done = lading("lock", "--check", "--exclude", "cache", cwd=cached)
    assert (done.returncode, done.stdout) == (0, "")


def test_offline_what_the_cache_does_not_have_stays_open(cached: Path) -> None:
    (cached / "more.py").write_text('from transformers import AutoModel\nAutoModel.from_pretrained("acme/other")\n')
    done = offline(cached)
    assert (done.returncode, "the cache has no main of models--acme--other" in done.stdout) == (4, True)


@pytest.mark.parametrize("damage", ["bytes", "link", "reference"])
def test_a_damaged_cache_is_not_locked(damage: str, cached: Path) -> None:
    model = cached / "cache/models--acme--base"
    link = next((model / "snapshots").rglob("config.json"))
    match damage:
        case "bytes":
            link.resolve().write_bytes(b"[]")
        case "link":
            link.unlink()
            link.symlink_to("/etc/hostname")
        case _:
            (model / "refs/main").write_text("../../evil")
    done = offline(cached)
    assert done.returncode == 4
    assert {"bytes": "is not what its name says", "link": "leads out of the cache", "reference": "is no commit"}[damage] in done.stdout
