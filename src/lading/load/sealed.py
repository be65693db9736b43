"""Verified bytes in memory that the kernel lets nobody change, with a path for loaders that take only paths (Linux)."""

import fcntl
import os
import resource
from functools import partial
from pathlib import Path

from lading.core.errors import LoadError
from lading.load.engine import Source
from lading.load.memory import available

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE if hasattr(fcntl, "F_SEAL_SEAL") else 0
_SPARE = 64
"""Descriptors that a process wants for itself."""


class Sealed:
    """A sealed file in memory."""

    def __init__(self, descriptor: int, length: int) -> None:
        self.descriptor = descriptor
        self.length = length

    @property
    def path(self) -> str:
        """Its path for this process and for children that inherit the descriptor."""
        return f"/proc/self/fd/{self.descriptor}"

    @property
    def shared_path(self) -> str:
        """Its path for other processes, as long as this one lives and they may look at it."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def close(self) -> None:
        """Let go of it; the memory goes with the last who has it open or mapped."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def sealed(source: Source) -> Sealed:
    """Read a file into memory, verify it there, and seal it; LoadError when it is not what was signed or there is no room."""
    if not hasattr(os, "memfd_create"):
        raise LoadError("this system has no sealed memory: it needs Linux", hint="load_file and safe_open work everywhere")
    _room_for(source)
    descriptor = os.memfd_create("lading", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        source.pour(partial(write_all, descriptor))
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as e:
        os.close(descriptor)
        raise LoadError(
            f"{source.name} cannot be held in memory: {e.strerror}",
            hint="give the process more memory, or verify to a folder: lading verify --stage",
        ) from e
    except BaseException:
        os.close(descriptor)
        raise
    return Sealed(descriptor, source.length)


def write_all(descriptor: int, position: int, view: memoryview) -> None:
    """Write all of the bytes at a position."""
    done = 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done:], position + done)


def _room_for(source: Source) -> None:
    """Return when the machine and the group of processes have memory for a file; LoadError says how much there is."""
    free = available()
    if source.length > free:
        raise LoadError(
            f"{source.name} needs {source.length >> 20} MiB of memory and {free >> 20} MiB are free",
            hint="give the process more memory, or verify to a folder: lading verify --stage",
        )


def room_for_descriptors(count: int) -> None:
    """Return when this process may hold so many files open; its own limit is raised as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + len(list(Path("/proc/self/fd").iterdir())) + _SPARE
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise LoadError(
            f"the model has {count} files, and this process may hold {hard} open", hint="lading verify --stage copies them instead"
        )
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
