"""The real huggingface_hub takes the hub of the tests for the Hub, and takes what lading synced for its own cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.hub import Hub, serving

FILES = {"config.json": b'{"model_type": "bert"}', "sub/model.safetensors": bytes(range(256)) * 5000, "README.md": b"# base"}
FETCH = """
import sys
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
print(snapshot_download("acme/base"))
print(snapshot_download("acme/rows", repo_type="dataset"))
info = HfApi().model_info("acme/base", files_metadata=True)
print(info.sha, sorted((s.rfilename, s.size, s.blob_id, s.lfs and s.lfs.sha256) for s in info.siblings))
print(hf_hub_download("acme/base", "config.json"))
"""
OFFLINE = """
from huggingface_hub import hf_hub_download, snapshot_download
print(snapshot_download("acme/base"))
print(snapshot_download("acme/rows", repo_type="dataset"))
print(hf_hub_download("acme/base", "sub/model.safetensors"))
"""


@pytest.fixture
def hub() -> Hub:
    there = Hub()
    there.repository("acme/base", dict(FILES))
    there.repository("acme/rows", {"train.parquet": b"PAR1"}, dataset=True)
    return there


def run(code: str | list[str], folder: Path, **surroundings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-c", code] if isinstance(code, str) else [sys.executable, "-m", "lading", *code]
    surroundings = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"} | surroundings
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=kept | surroundings)


def test_the_library_takes_the_simulator_for_the_hub(hub: Hub, tmp_path: Path) -> None:
    with serving(hub) as address:
        done = run(FETCH, tmp_path, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    snapshot = Path(done.stdout.splitlines()[0])
    assert {p.relative_to(snapshot).as_posix(): p.read_bytes() for p in snapshot.rglob("*") if p.is_file()} == FILES
    assert snapshot.name == hub.models["acme/base"].references["main"]


def test_what_was_synced_loads_offline_and_is_laid_out_as_the_library_does_it(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        'from transformers import AutoModel\nfrom datasets import load_dataset\nAutoModel.from_pretrained("acme/base")\nload_dataset("acme/rows")\n'
    )
    with serving(hub) as address:
        assert run(["lock"], tmp_path, HF_ENDPOINT=address).returncode == 0
        synced = run(["sync"], tmp_path, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "ours"))
        assert synced.returncode == 0, synced.stderr
        theirs = run(FETCH, tmp_path, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "theirs"))
        assert theirs.returncode == 0, theirs.stderr
    offline = run(OFFLINE, tmp_path, HF_HOME=str(tmp_path / "ours"), HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stderr
    snapshot = Path(offline.stdout.splitlines()[0])
    assert {p.relative_to(snapshot).as_posix(): p.read_bytes() for p in snapshot.rglob("*") if p.is_file()} == FILES

    def laid_out(home: str) -> dict[str, str]:
        root = tmp_path / home / "hub"
        found = (p for p in root.rglob("*") if "--" in p.relative_to(root).parts[0] and {"blobs", "snapshots", "refs"} & set(p.parts))
        return {
            p.relative_to(root).as_posix(): str(p.readlink()) if p.is_symlink() else p.read_text("latin-1")
            for p in found
            if p.is_symlink() or p.is_file()
        }

    assert laid_out("ours") == laid_out("theirs")
