"""Locks that disagree about one project are named."""

import json
from pathlib import Path

from lading.scan import scan


def _messages(root: Path) -> list[str]:
    return [f.message for f in scan(root).findings if f.rule == "several-locks"]


def _pipfile(root: Path, version: str) -> None:
    (root / "Pipfile.lock").write_text(json.dumps({"_meta": {}, "default": {"rich": {"version": f"=={version}"}}}))


def _poetry(root: Path, version: str) -> None:
    (root / "poetry.lock").write_text(f'[[package]]\nname = "rich"\nversion = "{version}"\nfiles = []\n')


def test_locks_that_disagree_are_a_finding(tmp_path: Path) -> None:
    _pipfile(tmp_path, "13.0")
    _poetry(tmp_path, "14.0")
    assert _messages(tmp_path) == [
        "poetry.lock and Pipfile.lock in the same folder hold different versions of rich: which are installed depends on the tool"
    ]


def test_locks_that_agree_or_lie_apart_are_none(tmp_path: Path) -> None:
    _pipfile(tmp_path, "13.0")
    _poetry(tmp_path, "13.0")
    (tmp_path / "part").mkdir()
    _poetry(tmp_path / "part", "14.0")
    assert not _messages(tmp_path)
