"""A start that does not end, told: a disk or a network mount that does not answer holds whoever reads from it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.core.errors import EnforcementError

_ACCOUNT = Path("/proc/self/io")


@contextmanager
def watched(seconds: float, what: Path) -> Iterator[None]:
    """End the process with a sentence when it reads nothing for so long; a read from a dead mount cannot be ended otherwise."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(done, seconds, what), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _watch(done: threading.Event, seconds: float, what: Path) -> None:
    own, seen = 0, -1
    while not done.wait(seconds):
        count, size = _read_so_far()
        if count - own == seen:
            sys.stderr.write(f"lading: nothing was read of {what} for {seconds:g} seconds [{EnforcementError.code}]\n")
            sys.stderr.write("hint: look at the disk or network mount that it lies on; --patience waits longer\n")
            sys.stderr.flush()
            os._exit(EnforcementError.exit_code)
        seen, own = count - own, own + size


def _read_so_far() -> tuple[int, int]:
    """Bytes that this process has read, and how many of them reading this will have been."""
    text = _ACCOUNT.read_text("ascii")
    return int(text.partition("rchar:")[2].split()[0]), len(text)
