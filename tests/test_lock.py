"""Every artifact is locked to bytes; whatever moves is told by its own name; pins are written where names stand and nowhere else."""

import ast
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.errors import ConfigError, GoneError, SourceError
from lading.core.kinds import Kind
from lading.lock import document, pin, pin_call, pin_text
from lading.lock.document import Lock, Locked
from lading.lock.edit import Left, Text
from lading.lock.resolve import locked_as, wanted
from lading.scan import scan
from lading.sources._http import Client
from lading.sources._registry import Found, LockedFile
from lading.sources.huggingface import Hub as Source
from simulators.hub import Hub, git_blob, serving
from test_cli import lading
from test_commits import git

PYTHON = """import torch
from transformers import AutoModel, AutoTokenizer, pipeline
from datasets import load_dataset

model = AutoModel.from_pretrained("acme/base")
tokenizer = AutoTokenizer.from_pretrained(
    "acme/base",  # the same
    use_fast=True,
)
tagger = pipeline("token-classification", model=("acme/tagger"), revision="v1")
data = load_dataset("acme/rows", split="train")  # résumé
"""
WORKFLOW = """on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/check@v1
      - uses: "acme/check@v1"  # first
"""


@pytest.fixture
def hub() -> Hub:
    """A hub with two models and a dataset, served for as long as a test runs."""
    there = Hub()
    there.repository("acme/base")
    tagger = there.repository("acme/tagger")
    tagger.references["v1"] = tagger.references["main"]
    there.repository("acme/rows", {"train.parquet": b"PAR1", "README.md": b"rows"}, dataset=True)
    return there


@pytest.fixture
def project(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that uses all of them, and an action that is a Git repository on disk."""
    action = tmp_path / "github" / "acme" / "check"
    action.mkdir(parents=True)
    git(action, "init", "--quiet")
    (action / "action.yml").write_text("name: check\n")
    git(action, "add", ".")
    git(action, "commit", "--quiet", "-m", "one")
    git(action, "tag", "-a", "v1", "-m", "v1")
    folder = tmp_path / "project"
    (folder / ".github/workflows").mkdir(parents=True)
    (folder / "train.py").write_text(PYTHON)
    (folder / ".github/workflows/ci.yml").write_text(WORKFLOW)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path / 'github'}/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    with serving(hub) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield folder


def lock(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lading("lock", *arguments, cwd=folder)


def test_everything_is_locked_to_a_revision_with_the_digest_of_each_file(project: Path, hub: Hub) -> None:
    done = lock(project)
    assert done.returncode == 0, done.stderr + done.stdout
    made = document.read(project / "lading.lock").by_key()
    base = made["huggingface", "acme/base", ""]
    assert base.found is not None
    assert base.found.revision == hub.models["acme/base"].references["main"]
    assert {f.path: str(f.digest) for f in base.found.files} == {
        "config.json": f"git:{git_blob(b'{}')}",
        "model.safetensors": str(Digest.of_bytes(b"acme/base")),
    }
    assert base.found.license == "apache-2.0"
    assert base.loaders == ("AutoModel.from_pretrained", "AutoTokenizer.from_pretrained")
    assert made["huggingface", "acme/tagger", "v1"].found
    action = made["github", "acme/check", "v1"].found
    assert action is not None
    assert action.revision == git(project.parent / "github/acme/check", "rev-parse", "HEAD")
    assert len([a for a in hub.asked if "/api/" in a]) == 3, "one question for each artifact"


def test_locking_again_changes_no_byte_and_asks_nobody(project: Path, hub: Hub) -> None:
    lock(project)
    before, hub.asked[:] = (project / "lading.lock").read_bytes(), []
    assert lock(project).returncode == 0
    assert (project / "lading.lock").read_bytes() == before
    assert hub.asked == []
    hub.models["acme/base"].commit({"config.json": b"{1}"})
    assert lock(project).returncode == 0
    assert (project / "lading.lock").read_bytes() == before, "a lock holds until it is upgraded"
    assert lock(project, "--upgrade", "acme/base").returncode == 0
    assert hub.models["acme/base"].references["main"] in (project / "lading.lock").read_text()


def test_nothing_moved_is_one_question_for_each_artifact(project: Path, hub: Hub) -> None:
    lock(project)
    hub.asked.clear()
    done = lock(project, "--check")
    assert done.returncode == 0, done.stdout
    assert len(hub.asked) == 3


def _moved(hub: Hub) -> None:
    hub.models["acme/base"].commit({"config.json": b"{}", "model.safetensors": b"other"})


def _rewritten(hub: Hub) -> None:
    repository = hub.models["acme/base"]
    repository.commits.clear()
    repository.commit({"config.json": b"{}", "model.safetensors": b"acme/base", "x": b""})


def _bytes_changed(hub: Hub) -> None:
    repository = hub.models["acme/base"]
    repository.commits[repository.references["main"]]["model.safetensors"] = b"tampered"


def _file_gone(hub: Hub) -> None:
    repository = hub.models["acme/base"]
    del repository.commits[repository.references["main"]]["config.json"]


def _file_added(hub: Hub) -> None:
    repository = hub.models["acme/base"]
    repository.commits[repository.references["main"]]["modeling.py"] = b"x = 1"


def _recreated(hub: Hub) -> None:
    hub.models["acme/base"].identity = "another"


def _renamed(hub: Hub) -> None:
    hub.models["acme/base"].name = "bigger/base"


def _relicensed(hub: Hub) -> None:
    hub.models["acme/base"].license = "other"


def _gated(hub: Hub) -> None:
    hub.models["acme/base"].gated = "manual"


def _deleted(hub: Hub) -> None:
    del hub.models["acme/base"]


def _tag_gone(hub: Hub) -> None:
    del hub.models["acme/tagger"].references["v1"]


@pytest.mark.parametrize(
    ("move", "kind", "code"),
    [
        (_moved, "moved", 3),
        (_rewritten, "rewritten", 3),
        (_bytes_changed, "changed-bytes", 3),
        (_file_gone, "file-gone", 3),
        (_file_added, "file-added", 3),
        (_recreated, "recreated", 3),
        (_renamed, "owner-changed", 3),
        (_relicensed, "license-changed", 3),
        (_gated, "gated", 3),
        (_deleted, "gone", 3),
        (_tag_gone, "rewritten", 3),
        (lambda hub: hub.failing.extend([403] * 3), "unanswered", 4),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_each_movement_is_told_by_its_own_name(move: Callable[[Hub], None], kind: str, code: int, project: Path, hub: Hub) -> None:
    lock(project)
    before = (project / "lading.lock").read_bytes()
    move(hub)
    done = lock(project, "--check")
    assert done.returncode == code, done.stdout
    kinds = {line.split()[0] for line in done.stdout.splitlines()}
    assert kinds == ({kind, "moved"} if move is _rewritten else {kind}), done.stdout
    assert (project / "lading.lock").read_bytes() == before


def test_a_tag_of_an_action_that_was_moved_is_told(project: Path) -> None:
    lock(project)
    action = project.parent / "github/acme/check"
    (action / "action.yml").write_text("name: evil\n")
    git(action, "commit", "--quiet", "-am", "two")
    git(action, "tag", "-f", "-a", "v1", "-m", "moved")
    done = lock(project, "--check")
    assert done.returncode == 3
    assert done.stdout.startswith("moved  acme/check@v1")


def test_what_is_used_and_not_locked_and_the_reverse(project: Path) -> None:
    assert lock(project, "--check").returncode == 3, "no lock at all"
    lock(project)
    (project / "train.py").write_text(PYTHON.replace("acme/rows", "acme/tagger").replace("load_dataset(", "AutoModel.from_pretrained("))
    done = lock(project, "--check")
    assert {line.split("  ")[0]: line.split("  ")[1] for line in done.stdout.splitlines()} == {
        "not-locked": "acme/tagger",
        "not-used": "acme/rows",
    }


def test_pins_are_written_where_names_stand(project: Path, hub: Hub) -> None:
    lock(project)
    dry = lock(project, "--write", "--dry-run")
    assert (project / "train.py").read_text() == PYTHON
    done = lock(project, "--write")
    assert done.stdout == dry.stdout
    base, tagger, rows = (
        shelf[n].references["main"] for shelf, n in ((hub.models, "acme/base"), (hub.models, "acme/tagger"), (hub.datasets, "acme/rows"))
    )
    assert (project / "train.py").read_text() == (
        PYTHON.replace('from_pretrained("acme/base")', f'from_pretrained("acme/base", revision="{base}")')
        .replace("use_fast=True,", f'use_fast=True, revision="{base}",')
        .replace('revision="v1"', f'revision="{tagger}"')
        .replace('split="train")', f'split="train", revision="{rows}")')
    )
    commit = git(project.parent / "github/acme/check", "rev-parse", "HEAD")
    assert (project / ".github/workflows/ci.yml").read_text() == WORKFLOW.replace(
        "- uses: acme/check@v1\n", f"- uses: acme/check@{commit} # v1\n"
    ).replace('"acme/check@v1"', f'"acme/check@{commit}"')
    again = lock(project, "--write")
    assert (again.returncode, again.stdout) == (0, "")
    assert lock(project, "--check").returncode == 0, "the lock follows the pins"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('f.from_pretrained("a/b")', 'f.from_pretrained("a/b", revision="R")'),
        ('f.from_pretrained("a/b",)', 'f.from_pretrained("a/b", revision="R",)'),
        ('f.from_pretrained(("a/b"))', None),
        ('f.from_pretrained("a/b", x=(1))', 'f.from_pretrained("a/b", x=(1), revision="R")'),
        ('f.from_pretrained("a/b", **{"x": 1})', 'f.from_pretrained("a/b", **{"x": 1}, revision="R")'),
        ('f.from_pretrained("a/b", revision="main")', 'f.from_pretrained("a/b", revision="R")'),
        ('f.from_pretrained("a/b", revision=main)', None),
        ('f.from_pretrained("a/b").x.from_pretrained("a/b")', None),
        ('(f.from_pretrained("a/b"))', '(f.from_pretrained("a/b", revision="R"))'),
        ('f.from_pretrained("a/b"  # é )\n)', 'f.from_pretrained("a/b", revision="R"  # é )\n)'),
        ('x = "é"; f.from_pretrained("a/b")', 'x = "é"; f.from_pretrained("a/b", revision="R")'),
        ('\ufefff.from_pretrained("a/b")', '\ufefff.from_pretrained("a/b", revision="R")'),
        ('f.other("a/b")', None),
        ("f.from_pretrained(", None),
    ],
)
def test_a_call_is_pinned_after_its_last_argument(before: str, after: str | None) -> None:
    text = Text("a.py", before.encode())
    try:
        edits = pin_call.revision(text, Occurrence("a.py", 1, "transformers.AutoModel.from_pretrained", "a/b"), "R")
    except Left:
        assert after is None or before == 'f.from_pretrained(("a/b"))'
        return
    made = text.with_edits(edits).decode()
    assert made == (after or 'f.from_pretrained(("a/b"), revision="R")')
    ast.parse(made.encode())


@pytest.mark.parametrize(
    ("line", "written", "after"),
    [
        ("FROM python:3.12", "python:3.12", "FROM python:3.12@sha256:D"),
        ("FROM python:3.12 AS b", "python:3.12", "FROM python:3.12@sha256:D AS b"),
        ("image: nginx", "nginx", "image: nginx@sha256:D"),
        ('image: "redis:7"  # c', "redis:7", 'image: "redis:7@sha256:D"  # c'),
        ("FROM my/python:3.12-slim", "python:3.12", None),
        ("FROM python:${V}", "python:3.12", None),
        ("a: redis:7, b: redis:7", "redis:7", None),
        ("tag: 1.4.0", "ghcr.io/acme/app:1.4.0", None),
    ],
)
def test_an_image_is_pinned_beside_its_tag(line: str, written: str, after: str | None) -> None:
    text = Text("f", f"x\n{line}\ny\n".encode())
    try:
        edits = pin_text.image(text, Occurrence("f", 2, "FROM", written), "sha256:D")
    except Left:
        assert after is None
        return
    assert text.with_edits(edits).decode() == f"x\n{after}\ny\n"


RECIPE = "base_model: acme/base  # the base\nmicro_batch_size: 1\ndatasets:\n  - path: acme/rows\n    type: alpaca\n"
CELL = '{"cells": [{"cell_type": "code", "source": [\n  "%pip install x\\n",\n  "from transformers import AutoModel; m = AutoModel.from_pretrained(\\"acme/base\\")  # é\\n",\n  "m"\n]}], "nbformat": 4}\n'
R, D = "c" * 40, "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("path", "before", "changed"),
    [
        ("a.py", 'from datasets import load_dataset\nNAME = "acme/rows"\nx = load_dataset(NAME)\n', {"(NAME)": f'(NAME, revision="{R}")'}),
        ("a.py", 'from datasets import load_dataset\nNAME = "acme/rows"\nNAME = "acme/more"\nx = load_dataset(NAME)\n', {}),
        ("a.ipynb", CELL, {'\\"acme/base\\")': f'\\"acme/base\\", revision=\\"{R}\\")'}),
        ("axolotl.yml", RECIPE, {"# the base\n": f"# the base\nrevision_of_model: {R}\n", "rows\n": f"rows\n    revision: {R}\n"}),
        (
            "axolotl.yml",
            RECIPE.replace("rows\n", "rows\n    revision: main # m\n"),
            {"# the base\n": f"# the base\nrevision_of_model: {R}\n", "main #": f"{R} #"},
        ),
        ("other.yml", "base_model: acme/base\nmerge_method: ties\n", {}),
        ("trl.yaml", "x:\r\n  model_name_or_path: 'acme/base'\r\n", {"base'\r\n": f"base'\r\n  model_revision: {R}\r\n"}),
        ("trl.json", '{\n\t"y": 1,\n\t"model_name_or_path": "acme/base"\n}\n', {}),
        ("trl.json", '{\n  "model_name_or_path": "acme/base",\n  "y": 1\n}\n', {'base",\n': f'base",\n  "model_revision": "{R}",\n'}),
        (
            "tune.yaml",
            "dataset:\n  _component_: torchtune.datasets.alpaca_dataset\n  packed: true\n",
            {"alpaca_dataset\n": f"alpaca_dataset\n  revision: {R}\n"},
        ),
        ("values.yaml", "app:\n  image:\n    repository: acme/app\n    tag: v1 # t\n", {"v1 #": f'"v1@{D}" #'}),
        ("values.yaml", 'app:\n  image:\n    repository: acme/app\n    tag: v1\n    digest: ""\n', {'""': f'"{D}"'}),
        ("values.yaml", 'app:\n  image:\n    repository: acme/app\n    tag: ""\n', {}),
        (
            "kustomization.yaml",
            "kind: Kustomization\nimages:\n- name: acme/app\n  newTag: v1\n",
            {"newTag: v1\n": f"newTag: v1\n  digest: {D}\n"},
        ),
        ("compose.yaml", "services:\n  a:\n    image: acme/app:v1\n", {"app:v1": f"app:v1@{D}"}),
        ("compose.yaml", "services:\n  a:\n    image: ${WHOSE:-acme}/app:v1\n", {}),
        ("Dockerfile", "ARG BASE=acme/app:v1\nFROM ${BASE}\n", {"app:v1": f"app:v1@{D}"}),
        ("main.tf", 'module "m" {\n  source = "git::https://github.com/acme/m.git//a?ref=v1"\n}\n', {"ref=v1": f"ref={R}"}),
        (
            ".pre-commit-config.yaml",
            "repos:\n- repo: https://github.com/acme/m\n  rev: v1\n  hooks: [{id: a}]\n",
            {"rev: v1": f"rev: {R}  # frozen: v1"},
        ),
    ],
)
def test_each_kind_of_place_is_pinned_in_its_own_way(path: str, before: str, changed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / path).write_bytes(before.encode())
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
    expected = before
    for old, new in changed.items():
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    outcome = pinned(tmp_path)
    assert [c.path for c in outcome.changes] == ([path] if changed else [])
    for change in outcome.changes:
        assert change.after.decode() == expected
        change.write(tmp_path)
    assert bool(outcome.left) != bool(changed), "what is not pinned is told"
    assert pinned(tmp_path).changes == (), "once pinned, it stays"


def pinned(root: Path) -> pin.Outcome:
    """Every artifact of a folder held at one commit or digest."""
    components = wanted(scan(root).bom)
    entries = (msgspec.structs.replace(locked_as(c), found=Found(revision=D if c.kind is Kind.IMAGE else R)) for c in components)
    return pin.pin(root, components, Lock(tuple({e.key: e for e in entries}.values())))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
FILES = st.lists(
    st.builds(LockedFile, TEXT, st.integers(0, 1 << 40), st.builds(Digest, st.just("sha256"), st.just("ab" * 32))),
    max_size=3,
    unique_by=lambda f: f.path,
)
FOUND = st.builds(
    Found,
    revision=TEXT,
    identity=st.just("") | TEXT,
    owner=TEXT,
    license=TEXT,
    gated=st.just(""),
    files=FILES.map(lambda f: tuple(sorted(f))),
)
LOCKED = st.builds(Locked, kind=st.sampled_from(Kind), name=TEXT, upstream=TEXT, asked=st.just("") | TEXT, found=st.none() | FOUND, unresolved=st.just("") | TEXT, purl=TEXT, url=TEXT, loaders=st.lists(TEXT, max_size=2, unique=True).map(lambda x: tuple(sorted(x))))  # fmt: skip


@given(st.lists(LOCKED, max_size=4, unique_by=lambda a: a.key))
@settings(deadline=None)
def test_a_lock_survives_being_written(artifacts: list[Locked]) -> None:
    data = document.encode(Lock(tuple(artifacts)))
    again = document.decode(data)
    assert again.by_key() == Lock(tuple(artifacts)).by_key()
    assert document.encode(again) == data


@pytest.mark.parametrize(
    "text",
    ["version = 2", "version = 1\nx = 1", "<<<<<<< HEAD", "\xff", "version = 1\n[[artifact]]\nkind = 'nothing'\nname='a'\nupstream='b'"],
)
def test_what_is_no_lock_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "lading.lock").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        document.read(tmp_path / "lading.lock")


def test_a_busy_hub_is_asked_again_and_a_dead_one_is_a_sentence(hub: Hub) -> None:
    waited: list[float] = []
    hub.failing = [429, 503]
    with serving(hub) as address:
        client = Client(address, wait=waited.append)
        assert client.json("api/models/acme/base/revision/main")["id"] == "acme/base"
        assert waited == [0.0, 0.0]
        hub.failing = [500] * 5
        with pytest.raises(SourceError, match="answers 500"):
            client.json("api/models/acme/base")
        with pytest.raises(GoneError):
            client.json("api/models/acme/none")
    with pytest.raises(SourceError, match="cannot be reached"):
        Client(address, wait=waited.append).json("api/models/acme/base")


def test_the_token_is_for_the_hub_alone_and_in_no_lock(project: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = "secret-token"
    refused = lock(project)
    assert (refused.returncode, "refuses access" in refused.stdout) == (4, True)
    monkeypatch.setenv("HF_TOKEN", "secret-token")
    done = lock(project)
    assert done.returncode == 0, done.stdout
    assert "secret-token" not in done.stdout + done.stderr + (project / "lading.lock").read_text()


@pytest.mark.parametrize(
    "said",
    [
        [],
        {},
        {"sha": "main"},
        {"sha": "a" * 40, "siblings": [{"rfilename": "../../etc/passwd", "size": 1, "blobId": "b" * 40}]},
        {"sha": "a" * 40, "siblings": [{"rfilename": "/etc/passwd", "size": 1, "blobId": "b" * 40}]},
        {"sha": "a" * 40, "siblings": [{"rfilename": "x", "size": -1, "blobId": "b" * 40}]},
        {"sha": "a" * 40, "siblings": [{"rfilename": "x", "size": 1, "blobId": "nothing"}]},
        {"sha": "a" * 40, "siblings": [{"rfilename": "x"}]},
        {"sha": "a" * 40, "siblings": ["x"]},
        {"sha": "a" * 40, "siblings": [{"rfilename": "x", "lfs": {"sha256": 5, "size": 1}}]},
    ],
    ids=str,
)
def test_a_hub_that_talks_nonsense_is_not_believed(said: object) -> None:
    class Saying(Client):
        """Answers what it was told to."""

        def json(self, path: str, headers: object = None) -> object:  # noqa: ARG002 - whatever is asked
            return json.loads(json.dumps(said))

    with pytest.raises(SourceError):
        Source(Saying("http://127.0.0.1:1")).find(Component(kind=Kind.MODEL, name="acme/base", upstream="huggingface"), "")


def test_a_scan_tells_what_the_lock_holds(project: Path, hub: Hub) -> None:
    before = json.loads(lading("scan", "--format", "json", cwd=project).stdout)
    lock(project)
    report = json.loads(lading("scan", "--format", "json", cwd=project).stdout)
    (base,) = (c for c in report["bom"]["components"] if c["name"] == "acme/base" and c["kind"] == "model")
    assert ["locked-revision", hub.models["acme/base"].references["main"]] in base["properties"]
    assert [f["path"] for f in base["files"]] == ["model.safetensors"]
    unpinned = [[f for f in r["findings"] if f["rule"].startswith("unpinned") and "accepted" not in f] for r in (before, report)]
    assert (len(unpinned[0]) >= 3, unpinned[1]) == (True, [])
    for name in ("cyclonedx", "spdx-3", "spdx-2.3"):
        done = lading("scan", "--format", name, "--output", f"{name}.json", cwd=project)
        assert done.returncode == 0, done.stderr
        assert lading("bom", "validate", f"{name}.json", cwd=project).returncode == 0
