"""A snapshot in the cache of a model hub: a folder of links to blobs of the same cache, which count as its files."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.core.errors import TrustError, UsageError
from lading.sign.files import Files

_KINDS = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}


def is_snapshot(path: Path) -> bool:
    """Whether a folder is `CACHE/models--NAME/snapshots/REVISION`."""
    return path.parent.name == "snapshots" and "--" in path.parent.parent.name and (path.parent.parent / "blobs").is_dir()


def repository(path: Path) -> str:
    """The name under which the hub has what a snapshot is of: `acme/classifier`."""
    kind, _, name = path.parent.parent.name.partition("--")
    return f"{_KINDS.get(kind, '')}{name.replace('--', '/')}"


def references(path: Path) -> Iterator[tuple[str, str]]:
    """Branches and tags that the cache knows to mean the revision of a snapshot: name and revision."""
    refs = path.parent.parent / "refs"
    for here, _, names in os.walk(refs):
        for file in (Path(here, name) for name in names):
            if file.is_file() and file.stat().st_size < 1 << 10 and file.read_text("utf-8", "replace").strip() == path.name:
                yield file.relative_to(refs).as_posix(), path.name


def snapshot(repository: str, revision: str = "main", cache: Path | None = None) -> Path:
    """The folder of a repository in the cache; UsageError when it was not fetched."""
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    cache = cache or Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    folder = cache / f"models--{repository.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text("utf-8").strip() if reference.is_file() else revision
    found = folder / "snapshots" / commit
    if not is_snapshot(found) or not found.is_dir():
        raise UsageError(f"{repository} at {revision} is not in the cache {cache}", hint="fetch it first: lading sync, or hf download")
    return found


class Snapshot(Files):
    """The files of a snapshot; each is a link to a blob of its own cache, and no other link is followed."""

    def _signable(self, path: str, entry: os.DirEntry[str], *, links: bool) -> None:
        if entry.is_symlink():
            self._blob(path)
        super()._signable(path, entry, links=True if entry.is_symlink() else links)

    @contextmanager
    def open(self, path: str, *, links: bool = False) -> Iterator[int]:
        """A descriptor of a file, or of the blob that it is a link to."""
        if not (self.root / path).is_symlink():
            with super().open(path, links=links) as descriptor:
                yield descriptor
            return
        blob = self._blob(path)
        descriptor = os.open(blob, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TrustError(f"{path} is no regular file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _blob(self, path: str) -> Path:
        """The blob that a link leads to by its own words; TrustError when it leads anywhere else."""
        link = self.root / path
        blobs = self.root.parent.parent / "blobs"
        target = Path(os.path.normpath(link.parent / os.readlink(link)))  # noqa: PTH115 - the words of the link
        if target.parent != Path(os.path.normpath(blobs)):
            raise TrustError(f"{path} is a link that leads out of the cache", hint="fetch the model again")
        return target


def files_of(path: Path) -> Files:
    """The files of a model, in a cache or not."""
    return Snapshot(path) if is_snapshot(path) else Files(path)
