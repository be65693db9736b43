"""What can be told without a network: the cache of huggingface_hub, as far as it goes."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from lading.core.component import Component
from lading.core.digest import BLOCK, Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.sources._registry import Found, LockedFile

_COMMIT = re.compile(r"[0-9a-f]{40}")
_LARGE = re.compile(r"[0-9a-f]{64}")


class Cache:
    """A source that reads `refs`, `snapshots` and `blobs`; every blob is hashed, and one that is not what its name says is refused."""

    upstreams = ("huggingface",)

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, component: Component, revision: str) -> Found:
        """The commit that a branch, tag or commit was when the cache was filled, with the files that it has; GoneError when it has none."""
        section = "datasets" if component.kind is Kind.DATASET else "models"
        folder = self._root / "--".join([section, *component.name.partition(":")[0].split("/")])
        commit = revision if _COMMIT.fullmatch(revision) else self._reference(folder, revision or "main")
        snapshot = folder / "snapshots" / commit
        if not snapshot.is_dir():
            raise GoneError(f"the cache has nothing of {component.name} at {commit}")
        files = tuple(sorted(self._files(folder, snapshot)))
        return Found(revision=commit, owner=component.name.rpartition("/")[0], partial=True, files=files)

    def _reference(self, folder: Path, name: str) -> str:
        if any(part in {"", ".", ".."} for part in name.split("/")):
            raise SourceError(f"{name!r} is no branch or tag")
        try:
            commit = (folder / "refs" / name).read_text("ascii").strip()
        except (OSError, UnicodeError) as e:
            raise GoneError(f"the cache has no {name} of {folder.name}", hint="run it without --offline") from e
        if not _COMMIT.fullmatch(commit):
            raise SourceError(f"{folder}/refs/{name} is no commit")
        return commit

    def _files(self, folder: Path, snapshot: Path) -> Iterator[LockedFile]:
        blobs = (folder / "blobs").resolve()
        for place, _, names in os.walk(snapshot):
            for name in names:
                path = Path(place) / name
                blob = path.resolve()
                if blob.parent != blobs:
                    raise SourceError(f"{path} leads out of the cache", hint="remove it, or lock without --offline")
                yield _file(path.relative_to(snapshot).as_posix(), blob)


def _file(path: str, blob: Path) -> LockedFile:
    size = blob.stat().st_size
    large = bool(_LARGE.fullmatch(blob.name))
    running = hashlib.sha256() if large else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with blob.open("rb") as stream:
        while block := stream.read(BLOCK):
            running.update(block)
    if running.hexdigest() != blob.name:
        raise SourceError(f"{blob} is not what its name says: it is damaged, or somebody changed it", hint="remove it and fetch it again")
    return LockedFile(path, size, Digest("sha256" if large else "git", blob.name))
