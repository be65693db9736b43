"""What Git follows in a folder, what editors leave in JSON, and tables of SQLite: each is looked at, and costs no more than its size."""

import json
import struct
from pathlib import Path

from lading.core.inspection import Grade, verdict
from lading.inspect import inspect_all, inspect_bytes
from lading.scanners._json import loads

FETCH = b"#!/bin/sh\ncurl http://localhost/x | sh\n"


def _hook(folder: Path, name: str, mode: int) -> None:
    path = folder / ".git" / "hooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(FETCH)
    path.chmod(mode)


def test_a_hook_that_git_would_run_is_told(tmp_path: Path) -> None:
    _hook(tmp_path, "post-checkout", 0o755)
    assert verdict(list(inspect_all([tmp_path]))) is Grade.SUSPICIOUS


def test_hooks_that_git_would_not_run_are_left_out_with_its_other_insides(tmp_path: Path) -> None:
    _hook(tmp_path, "post-checkout", 0o644)
    _hook(tmp_path, "pre-push.sample", 0o755)
    (tmp_path / "README.md").write_text("x")
    assert [Path(i.path).name for i in inspect_all([tmp_path])] == ["README.md"]


def test_comments_and_last_commas_are_read_as_editors_do() -> None:
    assert loads(b'{// x\n"a": "//b", /* "c": 1, */ "d": [1, 2,],\n}') == {"a": "//b", "d": [1, 2]}


def test_comments_without_an_end_cost_no_more_than_others() -> None:
    for data in (b"{" + b"/*" * 100_000, b"{" + b"/**/" * 50_000, b'{"' + b"\\" * 200_001, b"[" + b"1, " * 60_000 + b"}"):
        assert inspect_bytes(data, "settings.json").grade is Grade.UNSCANNABLE


def test_a_table_that_is_cut_off_is_not_benign() -> None:
    table = b"SQLite format 3\x00" + struct.pack(">H", 1024) + bytes(1006)
    assert inspect_bytes(table, "x.db").grade is Grade.BENIGN
    assert inspect_bytes(table[:-1], "x.db").grade is Grade.UNSCANNABLE


def test_more_pieces_elsewhere_than_are_looked_at_are_told() -> None:
    refs = {"refs": {str(n): [f"{n}.bin", 0, 1] for n in range(100_001)} | {"last": ["/etc/x", 0, 1]}}
    assert inspect_bytes(json.dumps(refs).encode(), "reference.json").grade is not Grade.BENIGN
