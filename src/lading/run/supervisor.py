"""Runs a command behind the gate and lives as long as it: the sealed files that it reads are held open here."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lading.core.errors import UsageError
from lading.load.enforcement import Enforced
from lading.run.denial import Denials

_LONGEST_LINE = 64 << 10
"""Bytes of a line that are looked through for denials."""
_KILLED = 128
"""Added to the number of the signal that ended a command, as shells do."""
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def supervise(command: Sequence[str], enforced: Enforced) -> int:
    """Run a command to its end and give its exit code; what the gate denies to it is told in words."""
    line = [command[0], *map(enforced.redirected, command[1:])]
    try:
        child = subprocess.Popen(line, env={**os.environ, **enforced.environment()}, stderr=subprocess.PIPE)  # noqa: S603 - the command is the user's own
    except OSError as e:
        raise UsageError(
            f"{command[0]} cannot be run: {e.strerror}", hint="give the command after --; what it is made of must be readable: --read"
        ) from e

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of signals
        child.send_signal(number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    denials = Denials(Path.cwd(), enforced)
    talk = threading.Thread(target=_pass_through, args=(child, denials), daemon=True)
    talk.start()
    code = child.wait()
    talk.join(1)  # a grandchild may hold the pipe open
    return code if code >= 0 else _KILLED - code


def _pass_through(child: subprocess.Popen[bytes], denials: Denials) -> None:
    """What the command says on standard error, as it says it; a denial is told in words after the line that names its file."""
    assert child.stderr
    line = b""
    while block := os.read(child.stderr.fileno(), 1 << 16):
        _write(block)
        *whole, line = (line + block).split(b"\n")
        for one in whole:
            _tell(one, denials)
        line = line[-_LONGEST_LINE:]
    _tell(line, denials)


def _tell(line: bytes, denials: Denials) -> None:
    for sentence in denials.sentences(line):
        _write(f"lading: {sentence}\n".encode("utf-8", "replace"))


def _write(data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(sys.stderr.fileno(), data[written:])
