"""Git repositories on GitHub: the commit that a branch or tag of an action, a module or code is now, as `git ls-remote` tells it."""

import os
import re
import shutil
import subprocess

from lading.core.component import Component
from lading.core.errors import GoneError, SourceError
from lading.sources._registry import Found, add_source

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 60


@add_source
class Repositories:
    """Asks for the references of a repository; Git brings its own credentials, proxies and `insteadOf` rules."""

    upstreams = ("github",)

    def find(self, component: Component, revision: str) -> Found:
        """The commit of a branch or tag, HEAD without one; a full commit is taken as it is where nothing tells more."""
        if shutil.which("git") is None:
            raise SourceError("git is not installed, and repositories are asked by it", hint="install git")
        url = f"https://github.com/{component.name.partition(':')[0]}"
        references = _references(url)
        if _COMMIT.fullmatch(revision):
            return Found(revision=revision, owner=component.supplier)
        names = (f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}") if revision else ("HEAD",)
        commit = next((references[n] for n in names if n in references), "")
        if not commit:
            raise GoneError(f"{url} has no branch or tag {revision!r}")
        return Found(revision=commit, owner=component.supplier)


def _references(url: str) -> dict[str, str]:
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
    return {name: commit for commit, name in rows if _COMMIT.fullmatch(commit)}
