"""A large tree is read by several processes: the answer is the same, and one that dies is told."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.core.kinds import Kind
from lading.formats._registry import FORMATS
from lading.scan import run, scan, shares
from lading.scan.folder import Folder

FILES = 24


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Modules that pass names to each other, in a ring, large enough to be divided."""
    for number in range(FILES):
        package = tmp_path / "tree" / f"package_{number:02}"
        package.mkdir(parents=True)
        lines = [
            "from transformers import AutoModel",
            f"from package_{(number + 1) % FILES:02}.module import load as other",
            "def load(name):",
            "    return AutoModel.from_pretrained(name)",
            f"load('acme/model-{number}')",
            f"other('acme/through-{number}')",
        ]
        (package / "module.py").write_text("\n".join(lines) + "\n# " + "x" * 100_000)
    return tmp_path / "tree"


def test_any_number_of_cores_gives_the_same_bytes(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(shares, "cores", lambda cores=cores: cores)
        reports.append(scan(tree, now=0))
    json = next(f for f in FORMATS if f.name == "json")
    assert len({json.write(report) for report in reports}) == 1
    names = {c.name for c in reports[0].bom.components if c.kind is Kind.MODEL}
    assert {f"acme/through-{n}" for n in range(FILES)} <= names


@pytest.mark.parametrize("cores", [1, 2])
def test_progress_is_said_up_to_the_end(tree: Path, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "cores", lambda: cores)
    said: list[int] = []
    scan(tree, now=0, progress=lambda done, _total, _path: said.append(done))
    assert said == sorted(said)
    assert said[-1] == FILES - 1


def test_what_a_process_that_died_was_to_read_is_not_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "cores", lambda: 2)
    honest = run._proofs

    def dies(folder: Folder, paths: list[str], done: Callable[[int], None]) -> run.Proofs:
        if "package_00/module.py" in paths:
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(folder, paths, done)

    monkeypatch.setattr(run, "_proofs", dies)
    coverage = scan(tree, now=0).bom.coverage
    lost = {s.path for s in coverage.unread if s.code == "LD911"}
    assert "package_00/module.py" in lost
    assert coverage.read + len(lost) == FILES
