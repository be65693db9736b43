"""Real builds are attested, and their waybills verify elsewhere with a public key alone: a wheel, two trainings, a conversion, an image."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult as Results
from in_toto_attestation.predicates.vsa.v1.vsa_pb2 import VerificationSummary
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement as Theirs

from lading.trust import bundle
from lading.trust.predicates import NAMES

ROOT = Path(__file__).parent.parent.parent
JUNIT = '<testsuites><testsuite name="t"><testcase classname="m" name="works"/></testsuite></testsuites>'

SKLEARN = """
import csv, joblib
from sklearn.linear_model import LogisticRegression
rows = [[float(x) for x in r] for r in csv.reader(open("data/train.csv"))]
model = LogisticRegression().fit([r[:-1] for r in rows], [r[-1] for r in rows])
joblib.dump(model, "model.joblib")
"""
TORCH = """
import os, torch
from safetensors.torch import load_file, save_file
torch.manual_seed(0)
layer = torch.nn.Linear(4, 1)
layer.load_state_dict(load_file("base/model.safetensors"))
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
for _ in range(5):
    loss = (layer(torch.ones(2, 4)) ** 2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
os.makedirs("tuned", exist_ok=True)
save_file(layer.state_dict(), "tuned/model.safetensors")
"""
CONVERT = """
import gguf
from safetensors.numpy import load_file
writer = gguf.GGUFWriter("model.gguf", "llama")
for name, tensor in load_file("base/model.safetensors").items():
    writer.add_tensor(name, tensor)
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""
IMAGE = """
import hashlib, json, pathlib
root = pathlib.Path("image"); blobs = root / "blobs" / "sha256"; blobs.mkdir(parents=True)
def put(data):
    digest = hashlib.sha256(data).hexdigest(); (blobs / digest).write_bytes(data)
    return {"digest": "sha256:" + digest, "size": len(data)}
layer = pathlib.Path("base/model.safetensors").read_bytes()
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
kind = "application/vnd.oci.image."
manifest = json.dumps({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": {"mediaType": kind + "config.v1+json", **put(config)},
                       "layers": [{"mediaType": kind + "layer.v1.tar", **put(layer)}]}).encode()
(root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
entry = {"mediaType": kind + "manifest.v1+json", **put(manifest), "annotations": {"org.opencontainers.image.ref.name": "v1"}}
(root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
"""


def lading(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "lading", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=surroundings)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with scripts, data that is not committed, and a base model."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "base").mkdir()
    for name, text in {"sk.py": SKLEARN, "tune.py": TORCH, "convert.py": CONVERT, "image.py": IMAGE, ".gitignore": "*\n!*.py\n"}.items():
        (folder / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e@acme.test", "commit", "-qm", "m"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    subprocess.run(["git", "remote", "add", "origin", "https://git.acme.test/tuning.git"], cwd=folder, check=True)
    (folder / "data" / "train.csv").write_text("0,1,0\n1,0,1\n0,2,0\n2,0,1\n")
    (folder / "junit.xml").write_text(JUNIT)
    save_file(torch.nn.Linear(4, 1).state_dict(), folder / "base" / "model.safetensors")
    lading(folder, "key", "generate", "ci.key")
    return folder


def predicates(waybill: Path) -> dict[str, dict[str, Any]]:
    """The payloads of a waybill by type, each read by the parsers of the standards first."""
    found = {}
    messages = {"provenance": Provenance, "test-result": Results, "vsa": VerificationSummary}
    for line in waybill.read_bytes().splitlines():
        payload = bundle.decode(line).envelope.payload
        message = Parse(payload, statement_pb2.Statement())
        Theirs.copy_from_pb(message).validate()
        data = json.loads(payload)
        for name, kind in messages.items():
            if data["predicateType"] == NAMES[name]:
                Parse(json.dumps(data["predicate"]), kind())
        found[data["predicateType"]] = data["predicate"]
    return found


def elsewhere(project: Path, tmp_path: Path, *names: str) -> Path:
    """Another machine: the artifact, its waybill and the public key, nothing else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in (*names, "ci.key.pub"):
        source = project / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.mark.parametrize(
    ("script", "output", "material"),
    [
        ("sk.py", "model.joblib", "data/train.csv"),
        ("tune.py", "tuned", "base/model.safetensors"),
        ("convert.py", "model.gguf", "base/model.safetensors"),
    ],
)
def test_a_training_or_conversion_is_attested(script: str, output: str, material: str, project: Path, tmp_path: Path) -> None:
    lineage = ["--base", "pkg:huggingface/acme/base@0123456789abcdef0123456789abcdef01234567"]
    lading(project, "build", "-o", output, "--key", "ci.key", "--tests", "junit.xml", *lineage, "--", sys.executable, script)
    waybill = f"{output}.waybill.jsonl"
    said = predicates(project / waybill)
    assert set(said) == {NAMES["provenance"], NAMES["test-result"], NAMES["cyclonedx"]}
    materials = said[NAMES["provenance"]]["buildDefinition"]["resolvedDependencies"]
    opened = {m["name"] for m in materials if m.get("annotations", {}).get("observed")}
    assert opened == {material}, "the safetensors reader is no Python, and is seen all the same"
    assert any(m.get("uri", "").startswith("pkg:pypi/torch@2") for m in materials)
    assert "derived-from" in {m.get("annotations", {}).get("relation") for m in materials}
    other = elsewhere(project, tmp_path, output, waybill)
    (other / "lading.toml").write_text(
        '[[trust]]\nkeys = ["ci.key.pub"]\npredicates = ["provenance", "test-result", "cyclonedx"]\nmax_age = "1h"\nsources = ["git+https://git.acme.test/*"]\n'
    )
    told = lading(other, "verify", output, "--summary", "summary.jsonl")
    assert "built from git+https://git.acme.test/tuning.git" in told.stdout
    for line in (other / "summary.jsonl").read_bytes().splitlines():
        Theirs.copy_from_pb(Parse(line, statement_pb2.Statement())).validate()
    changed = next(p for p in ([other / output] if (other / output).is_file() else (other / output).iterdir()))
    changed.write_bytes(changed.read_bytes() + b"\0")
    lading(other, "verify", output, code=3)


def test_an_image_is_attested_by_its_digest(project: Path, tmp_path: Path) -> None:
    lading(project, "build", "-o", "oci:image:v1", "--key", "ci.key", "--", sys.executable, "image.py")
    other = elsewhere(project, tmp_path, "image")
    told = lading(other, "verify", "oci:image:v1", "--key", "ci.key.pub")
    assert "provenance by key" in told.stdout


def test_our_own_wheel_is_attested(project: Path, tmp_path: Path) -> None:
    source = tmp_path / "lading"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".venv*", ".cache", "build", "dist", "__pycache__", ".hypothesis", "log"))
    shutil.copy(project / "ci.key", source)
    shutil.copy(project / "ci.key.pub", source)
    wheel = "dist/lading-0.1.0-py3-none-any.whl"
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
    lading(source, "build", "-o", wheel, "--key", "ci.key", "--no-bom", "--", *command)
    (source / "dist" / "ci.key.pub").write_bytes((source / "ci.key.pub").read_bytes())
    told = lading(source / "dist", "verify", Path(wheel).name, "--key", "ci.key.pub")
    assert "provenance by key" in told.stdout
    assert NAMES["provenance"] in predicates(source / f"{wheel}.waybill.jsonl")
