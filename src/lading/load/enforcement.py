"""The gate that holds for any loader: the process can read weights only from verified, sealed memory, whatever language reads them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lading.core.errors import EnforcementError
from lading.load import cover
from lading.load.memory import available

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from lading.load.decision import Decision
    from lading.load.model import Model
    from lading.load.policy import Policy

CANARY = "canary"
_PATIENCE = 2.0
"""Seconds that threads which have ended may take to be gone."""


class Enforced:
    """What holds from now on: where each model is read from, and in which way."""

    def __init__(self, scratch: Path) -> None:
        self.models: dict[Path, Model] = {}
        self.scratch = scratch
        self.paths: dict[Path, Path] = {}
        """The place of each model for loaders: its own where verified files could be laid over it."""
        self.private = False
        """Whether the process has mounts and shared memory of its own, in which verified files lie."""

    @property
    def verified(self) -> Path:
        """Where verified files lie."""
        return cover.SHARED_MEMORY / "lading" if self.private else self.scratch / "verified"

    @property
    def hub(self) -> Path:
        """A cache of the hub with the verified snapshots and nothing else."""
        return self.verified / "hub"

    def redirected(self, argument: str) -> str:
        """An argument of a command; one that names a model, or a file of one, names the verified one."""
        for path, place in self.paths.items():
            given = Path(os.path.abspath(argument))  # noqa: PTH100 - a name is compared, not followed
            if path != place and argument and (given == path or path in given.parents):
                return str(place / given.relative_to(path))
        return argument

    def environment(self) -> dict[str, str]:
        """Variables for the command: caches and temporary files in a folder of its own, no look at hubs."""
        home = self.scratch / "tmp"
        return {
            "TMPDIR": str(home),
            "HF_HOME": str(home / "huggingface"),
            "TORCH_HOME": str(home / "torch"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "HF_HUB_CACHE": str(self.hub),
            "HF_HUB_OFFLINE": "1",
            "LADING_MODEL": str(next(iter(self.paths.values()), "")),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was made on disk; what was given up stays given up."""
        for model in self.models.values():
            model.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def enforce(
    *models: str | os.PathLike[str],
    policy: str | os.PathLike[str] | Policy | None = None,
    read: Iterable[str | os.PathLike[str]] = (),
    command: Sequence[str] = (),
    record: Callable[[Decision], object] | None = None,
    patience: float = 60,
) -> Enforced:
    """Verify models, seal them, and give up reading anything else for good, for this process and its children.

    LoadError refuses a model, EvidenceError does not know of one; EnforcementError when reading cannot be given up or that cannot be
    shown to hold. Call it before threads start: before numpy or torch is imported. Each decision is handed to `record`. The process ends
    when nothing of a model is read for `patience` seconds.
    """
    from lading.load import landlock  # noqa: PLC0415 - when it is called
    from lading.load.patience import watched  # noqa: PLC0415 - as above
    from lading.load.places import places  # noqa: PLC0415 - as above

    named = [Path(os.path.abspath(p)) for p in models]  # noqa: PTH100 - a name is compared, not followed
    enforced = _begun([*named, Path.cwd()])
    for path in named:
        with watched(patience, path):
            enforced.models[path] = _verified(path, policy, record, enforced)
    readable = places(command, Path.cwd(), (Path(r) for r in read), [*enforced.models, enforced.scratch])
    _alone()
    if enforced.private:
        _laid_over(enforced)
    landlock.restrict([*readable, enforced.scratch / "tmp", *([cover.SHARED_MEMORY] if enforced.private else []), *enforced.paths.values()])
    _proven(enforced)
    return enforced


def _begun(used: Sequence[Path]) -> Enforced:
    """A scratch folder, with a file that nobody may read later, and memory for verified files."""
    enforced = Enforced(Path(tempfile.mkdtemp(prefix="lading-")))
    atexit.register(_removed_by, os.getpid(), enforced)
    (enforced.scratch / "tmp").mkdir()
    (enforced.scratch / CANARY).write_bytes(b"nobody reads this behind the gate")
    _alone()
    hides = any(cover.SHARED_MEMORY in path.parents for path in used)
    enforced.private = not hides and cover.own_mounts() and cover.own_shared_memory(available())
    enforced.hub.mkdir(parents=True)
    return enforced


def _verified(
    path: Path, policy: str | os.PathLike[str] | Policy | None, record: Callable[[Decision], object] | None, enforced: Enforced
) -> Model:
    """A model whose files were all verified and are out of reach of others."""
    from lading.load.decision import consider  # noqa: PLC0415 - as above
    from lading.load.model import Model  # noqa: PLC0415 - as above
    from lading.load.policy import Policy, policy_at  # noqa: PLC0415 - as above

    rules = policy if isinstance(policy, Policy) else policy_at(policy, path)
    decision, found = consider(path, rules, lambda model: _stage(path, model, enforced))
    if record:
        record(decision)
    if not isinstance(found, Model):
        raise found
    return found


def _stage(path: Path, model: Model, enforced: Enforced) -> None:
    """Verified copies in memory of this process's own, or links to sealed memory."""
    from lading.load.hub_cache import is_snapshot  # noqa: PLC0415 - as above
    from lading.load.staging import copy, link_to_sealed  # noqa: PLC0415 - as above

    folder = enforced.verified / str(len(enforced.models)) / path.name
    if is_snapshot(path):
        folder = enforced.hub / path.parent.parent.name / "snapshots" / path.name
        _named_as(path, folder.parent.parent / "refs")
    folder.parent.mkdir(parents=True)
    if enforced.private:
        copy(model, folder)
    else:
        folder.mkdir()
        link_to_sealed(model, folder)
    enforced.paths[path] = folder if path.is_dir() else folder / path.name


def _laid_over(enforced: Enforced) -> None:
    """Close the memory of verified files, show each model's in the place of its own, and lay down the rights to do so."""
    if not cover.closed(enforced.verified):
        raise EnforcementError("the memory of verified files cannot be made read-only", hint="nothing was started")
    for path, place in enforced.paths.items():
        if cover.lay_over(path, place):
            enforced.paths[path] = path
    cover.lay_down_rights()


def _named_as(path: Path, refs: Path) -> None:
    """Give a snapshot the names that the cache has for it, so that programs find it by them."""
    from lading.load.hub_cache import references  # noqa: PLC0415 - as above

    for name, revision in references(path):
        (refs / name).parent.mkdir(parents=True, exist_ok=True)
        (refs / name).write_text(revision, "utf-8")


def _alone() -> None:
    """Wait until threads that have ended are gone; one that goes on is told by who restricts."""
    deadline = time.monotonic() + _PATIENCE
    while len(list(Path("/proc/self/task").iterdir())) > 1 and time.monotonic() < deadline:
        time.sleep(0.001)


def _proven(enforced: Enforced) -> None:
    """Return when neither this process nor a child can read what is not verified, and both can read what is."""
    places = [(path, enforced.paths[path], model.files[0]) for path, model in enforced.models.items() if model.files]
    readable = [place if first == "." else place / first for _, place, first in places]
    denied = [enforced.scratch / CANARY, *(path if first == "." else path / first for path, place, first in places if path != place)]
    held = _holds(denied, readable)
    child = os.fork()
    if child == 0:
        os._exit(0 if _holds(denied, readable) else 1)
    _, status = os.waitpid(child, 0)
    if not held or status:
        raise EnforcementError(
            f"the self-test failed in {'a child process' if held else 'this process'}: unverified files are not out of reach, or verified ones are",
            hint="nothing was started; report the kernel and the container runtime",
        )


def _holds(denied: Iterable[Path], readable: Iterable[Path]) -> bool:
    """Whether every file of the first is out of reach and every one of the second can be read."""
    return all(_opens(p) is PermissionError for p in denied) and all(_opens(p) is None for p in readable)


def _opens(path: Path) -> type[OSError] | None:
    """What opening a file raises; None when it can be read."""
    try:
        path.open("rb").close()
    except OSError as e:
        return type(e)
    return None


def _removed_by(process: int, enforced: Enforced) -> None:
    """Remove the scratch folder when the process that made it ends, not when one of its children does."""
    if os.getpid() == process:
        enforced.close()
