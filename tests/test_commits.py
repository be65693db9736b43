"""Statements about commits and tags hold for that commit and no other."""

import os
import subprocess
from pathlib import Path

import pytest

from lading.core.errors import UsageError
from lading.sign.commit import commit_at
from tampering import KEY
from test_cli import lading


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@acme.test", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@acme.test"}
    command = ["git", "-C", str(folder), "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | who).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, the first with an annotated and a light tag, and a key to sign with."""
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for number in ("one", "two"):
        (folder / "app.py").write_text(f"print('{number}')\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", number)
        if number == "one":
            git(folder, "tag", "-a", "v1", "-m", "first")
            git(folder, "tag", "light")
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    return folder


def verify(folder: Path, subject: str, *more: str) -> tuple[int, str]:
    done = lading("verify", subject, "--key", "k.pub", *more, cwd=folder.parent)
    return done.returncode, done.stdout


def test_a_signed_tag_is_that_tag_and_that_commit(repository: Path) -> None:
    assert lading("sign", "git:app@v1", "--key", "k", cwd=repository.parent).returncode == 0
    assert verify(repository, "git:app@v1")[0] == 0
    assert verify(repository, "git:app@light")[0] == 0, "the same commit, asked for without the tag"
    assert verify(repository, "git:app")[0] == 3
    git(repository, "tag", "-f", "-a", "v1", "-m", "moved", "main")
    code, text = verify(repository, "git:app@v1")
    assert (code, "about another commit or tag" in text) == (3, True)
    git(repository, "tag", "-f", "-a", "v1", "-m", "another tag of the same commit", "light")
    assert verify(repository, "git:app@v1")[0] == 3


def test_a_damaged_object_of_the_commit_is_found(repository: Path) -> None:
    assert lading("sign", "git:app", "--key", "k", cwd=repository.parent).returncode == 0
    assert verify(repository, "git:app")[0] == 0
    blob = git(repository, "rev-parse", "HEAD:app.py")
    other = git(repository, "rev-parse", "v1:app.py")
    place, evil = (repository / ".git/objects" / b[:2] / b[2:] for b in (blob, other))
    place.chmod(0o644)
    place.write_bytes(evil.read_bytes())
    code, text = verify(repository, "git:app")
    assert (code, "missing or damaged" in text) == (3, True)


def test_an_object_that_is_replaced_does_not_lend_its_name(repository: Path) -> None:
    assert lading("sign", "git:app@light", "--key", "k", cwd=repository.parent).returncode == 0
    git(repository, "replace", git(repository, "rev-parse", "HEAD"), git(repository, "rev-parse", "light"))
    assert git(repository, "show", "HEAD:app.py") == "print('one')"
    assert verify(repository, "git:app")[0] == 3


def test_any_statement_is_about_a_commit(repository: Path) -> None:
    (repository.parent / "review.json").write_text('{"by": "two people"}')
    for kind in ("https://acme.test/review/v1", "release"):
        assert lading("attest", kind, "git:app", "--predicate", "review.json", "--key", "k", cwd=repository.parent).returncode == 0
    assert verify(repository, "git:app")[0] == 3, "a review is no signature"
    assert lading("sign", "git:app", "--key", "k", cwd=repository.parent).returncode == 0
    (repository.parent / "lading.toml").write_text('[[trust]]\nkeys = ["k.pub"]\npredicates = ["release", "https://acme.test/review/v1"]\n')
    done = lading("verify", "git:app", cwd=repository.parent)
    assert done.returncode == 0, done.stdout
    assert "not checked: the files of the working tree" in done.stdout
    (repository.parent / "app.waybill.jsonl").unlink()
    assert lading("verify", "git:app", cwd=repository.parent).returncode == 4


@pytest.mark.parametrize("text", ["git:nowhere", "git:app@v9", "git:app@--help", "git:app@HEAD:app.py", "git:.@v1"])
def test_what_is_no_commit_is_a_sentence(text: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.parent)
    with pytest.raises(UsageError):
        commit_at(text)
