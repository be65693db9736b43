"""A command run and told: its provenance, and what came out."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

import lading
from lading.build.machine import machine
from lading.build.observe import Observer, Seen
from lading.build.packages import packages_of
from lading.build.source import source_of, tracked_in
from lading.build.system import system_packages, unread
from lading.core.bom import Bom
from lading.core.errors import LadingError, UsageError
from lading.core.kinds import Kind, Pin
from lading.sign.subject import place_of, subject_at
from lading.trust.provenance import BuildDefinition, Builder, Metadata, Provenance, RunDetails
from lading.trust.statement import Resource

BUILD_TYPE = "urn:lading:build:command:v1"


class Built(Struct, frozen=True):
    """What a build gave: the provenance of its outputs, and the exit code of its command."""

    provenance: Provenance
    subjects: tuple[Resource, ...]
    exit_code: int


def build(
    command: Sequence[str],
    outputs: Sequence[Path],
    *,
    materials: Sequence[Path] = (),
    bom: Bom | None = None,
    derived: Sequence[Resource] = (),
    observed: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Built:
    """Run a command and tell what went in and came out.

    LadingError when the command fails or an output is not what it has written: nothing is attested then.
    """
    environment = os.environ if environment is None else environment
    source = source_of(Path())
    went_in = (
        *((source.material(),) if source else ()),
        *(_named(m) for m in materials),
        *derived,
        *(_inherited(bom) if bom else ()),
        *packages_of(command, environment),
        *system_packages(),
    )
    before = {output: _state(output) for output in outputs}
    here = machine(environment)
    started = clock()
    with Observer(observed, map(place_of, outputs)) as observer:
        try:
            done = subprocess.run(list(command), env=dict(environment), check=False)  # noqa: S603 - the command is the user's own
        except OSError as e:
            raise UsageError(
                f"{command[0]} cannot be run: {e.strerror}", hint="give the command after --: lading build -o OUT -- make wheel"
            ) from e
    finished = clock()
    if done.returncode:
        raise LadingError(f"the command ended with {done.returncode}: nothing is attested", hint=f"mend it first: {shlex.join(command)}")
    for output in outputs:
        if not place_of(output).exists():
            raise LadingError(f"the command did not write {output}: nothing is attested", hint="name what it writes with --output")
        if _state(output) == before[output]:
            raise LadingError(
                f"{output} was there before and the command did not write it: nothing is attested", hint="remove it and build again"
            )
    opened = observer.seen
    definition = BuildDefinition(
        BUILD_TYPE,
        {"command": list(command), "workingDirectory": Path.cwd().name},
        {"environment": here.surroundings, "observed": [str(o) for o in observed], "notObserved": _unseen(observed, opened)},
        (*went_in, *_opened(opened)),
    )
    details = RunDetails(Builder(here.builder, {"lading": lading.__version__}), Metadata(here.run, _time(started), _time(finished)))
    return Built(Provenance(definition, details), tuple(subject_at(o) for o in outputs), done.returncode)


def _opened(seen: Seen) -> Iterator[Resource]:
    """The files that the command opened and that neither it wrote nor the commit holds."""
    tracked = tracked_in(Path())
    here = Path.cwd()
    for path in seen.opened:
        if path in tracked:
            continue
        name = path.relative_to(here).as_posix() if here in path.parents else str(path)
        yield Resource(name=name, digest=subject_at(path).digest, annotations={"observed": "opened"})


def _unseen(observed: Sequence[Path], seen: Seen) -> list[str]:
    files = "files in other folders" if observed else "files read by the command"
    return [files, *seen.gaps, *filter(None, [unread()]), "network access of the command"]


def _named(path: Path) -> Resource:
    """A file or folder that somebody says went in."""
    if not path.exists():
        raise UsageError(f"the material {path} does not exist")
    return Resource(name=str(path), digest=subject_at(path).digest)


def _inherited(bom: Bom) -> tuple[Resource, ...]:
    """What the source inherits: everything with a package URL, with how far it is pinned; digests where they are known."""
    return tuple(
        Resource(
            name=c.name,
            uri=c.purl,
            digest={c.digests[0].algorithm: c.digests[0].hex} if len(c.digests) == 1 else {},
            annotations={
                **({"digests": [str(d) for d in c.digests]} if len(c.digests) > 1 else {}),
                "kind": str(c.kind),
                "pin": str(c.pin),
                "declared": True,
                **({"version": c.version} if c.pin is not Pin.EXACT else {}),
            },
        )
        for c in bom.components
        if c.purl and c.kind is not Kind.SYSTEM
    )


def _state(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What tells whether something was written: names, inodes, sizes and times of change."""
    path = place_of(path)
    if not path.exists():
        return ()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return tuple((str(f), (s := f.stat()).st_ino, s.st_size, s.st_ctime_ns) for f in files)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
