"""What branches and tags of a Git repository lead to, as `git ls-remote` tells it."""

import os
import re
import shutil
import subprocess

from lading.core.errors import GoneError, SourceError

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 60


def commit_at(url: str, revision: str) -> str:
    """The commit of a branch or tag, HEAD without one; a full commit is taken as it is where nothing tells more."""
    if shutil.which("git") is None:
        raise SourceError("git is not installed, and repositories are asked by it", hint="install git")
    known = references(url)
    if COMMIT.fullmatch(revision):
        return revision
    names = (f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}") if revision else ("HEAD",)
    commit = next((known[n] for n in names if n in known), "")
    if not commit:
        raise GoneError(f"{url} has no branch or tag {revision!r}")
    return commit


def references(url: str) -> dict[str, str]:
    """Names and commits of a remote repository."""
    command = ["git", "ls-remote", "--", url]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, env=environment)  # noqa: S603 - fixed words and a URL
    except subprocess.TimeoutExpired as e:
        raise SourceError(f"{url} does not answer within {_SECONDS} seconds") from e
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
        kind = GoneError if "not found" in said.lower() or "does not exist" in said.lower() else SourceError
        raise kind(f"{url} cannot be asked for its references: {said}")
    rows = (line.split("\t", 1) for line in done.stdout.decode("utf-8", "replace").splitlines() if "\t" in line)
    return {name: commit for commit, name in rows if COMMIT.fullmatch(commit)}
