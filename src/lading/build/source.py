"""The source of a build, as Git has it: commit, origin, and how the working tree differs from the commit."""

import os
import shutil
from pathlib import Path

from msgspec import Struct

from lading.core.digest import Digest
from lading.sign.commit import git, origin_of
from lading.trust.statement import Resource


class Source(Struct, frozen=True):
    """A commit; with what is changed against it, where anything is."""

    commit: str
    origin: str = ""
    difference: Digest | None = None
    """The digest of `git diff HEAD --binary`; None when tracked files are as committed."""
    untracked: int = 0
    """Files that are neither committed nor ignored."""

    @property
    def dirty(self) -> bool:
        """Whether a checkout of the commit would not be this source."""
        return self.difference is not None or self.untracked > 0

    def material(self) -> Resource:
        """The source as something that went into a build."""
        annotations: dict[str, object] = {"dirty": self.dirty}
        if self.difference:
            annotations["difference"] = str(self.difference)
        if self.untracked:
            annotations["untrackedFiles"] = self.untracked
        return Resource(
            name="source", uri=f"git+{self.origin}" if self.origin else "", digest={"gitCommit": self.commit}, annotations=annotations
        )


def source_of(folder: Path) -> Source | None:
    """The source that a folder is a checkout of; None when it is none, or Git is not there."""
    if shutil.which("git") is None or not (commit := git(folder, "rev-parse", "HEAD").decode().strip()):
        return None
    difference = git(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv")
    untracked = git(folder, "ls-files", "--others", "--exclude-standard", "-z").count(b"\0")
    return Source(commit, origin_of(folder), Digest.of_bytes(difference) if difference else None, untracked)


def tracked_in(folder: Path) -> frozenset[Path]:
    """The files that the commit of a checkout holds; none where there is no checkout."""
    if shutil.which("git") is None:
        return frozenset()
    root = folder.resolve()
    return frozenset(root / os.fsdecode(name) for name in git(folder, "ls-files", "-z").split(b"\0") if name)
