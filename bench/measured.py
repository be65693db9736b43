"""What a command uses by itself: Linux counts the memory of who starts it as its own, so a small process starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_STARTER = """
import os, sys, time
start = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
os.write(int(sys.argv[1]), f"{time.perf_counter() - start} {used.ru_maxrss} {os.waitstatus_to_exitcode(status)}".encode())
"""


class Used(NamedTuple):
    """Seconds, megabytes that were resident at most, and the exit status."""

    wall: float
    memory: float
    status: int


def used_by(command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Used:
    """Run a command without input and output."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as told:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _STARTER, str(writing), *command],
            cwd=folder, env=environment, pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        os.close(writing)
        wall, memory, status = told.read().split()
    kilobytes = int(memory) / (1 if sys.platform == "linux" else 1024)
    return Used(float(wall), kilobytes / 1024, int(status))
