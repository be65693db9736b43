"""Work in shares, each begun afresh: side by side in processes of their own where there are cores, one after the other where not.

What a share answers does not depend on how many there are at once, so that a machine with more cores gives the same bytes.
"""

import mmap
import os
import selectors
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

Work = Callable[[T, Callable[[int], None]], bytes]
"""Does a share, told how to say how far it is; gives its answer as bytes."""

_COUNT = struct.Struct("=Q")


def each(shares: Sequence[T], work: Work[T], said: Callable[[int], None] = lambda _: None) -> list[bytes | None]:
    """The answer of every share, in order; None for one whose process died. `said` hears how far all of them are together."""
    if len(shares) < 2 or cores() < 2 or not hasattr(os, "fork") or threading.active_count() > 1:  # noqa: PLR2004 - one has nobody to share with
        return list(_in_turn(shares, work, said))
    return _Processes(shares, work, said).answers()


def cores() -> int:
    """How many processes this one may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_turn(shares: Sequence[T], work: Work[T], said: Callable[[int], None]) -> Iterator[bytes]:
    before = 0
    for share in shares:
        latest = 0

        def so_far(count: int, before: int = before) -> None:
            nonlocal latest
            latest = count
            said(before + count)

        yield work(share, so_far)
        before += latest


class _Processes:
    """At most one process for each core; their answers come through pipes, how far they are through shared memory."""

    def __init__(self, shares: Sequence[T], work: Work[T], said: Callable[[int], None]) -> None:
        self.shares = shares
        self.work = work
        self.said = said
        self.progress = mmap.mmap(-1, _COUNT.size * len(shares))
        self.received: list[bytearray] = [bytearray() for _ in shares]
        self.whole = [False] * len(shares)

    def answers(self) -> list[bytes | None]:
        waiting = list(range(len(self.shares)))
        running: dict[int, tuple[int, int]] = {}
        with selectors.DefaultSelector() as ready, self.progress:
            while waiting or running:
                while waiting and len(running) < cores():
                    number = waiting.pop(0)
                    pid, pipe = self._start(number)
                    running[pipe] = number, pid
                    ready.register(pipe, selectors.EVENT_READ)
                for key, _ in ready.select(timeout=0.1):
                    pipe = int(key.fd)
                    number, pid = running[pipe]
                    if data := os.read(pipe, 1 << 20):
                        self.received[number] += data
                        continue
                    ready.unregister(pipe)
                    os.close(pipe)
                    del running[pipe]
                    self.whole[number] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                self.said(sum(count for (count,) in _COUNT.iter_unpack(self.progress[:])))
        return [bytes(data) if whole else None for data, whole in zip(self.received, self.whole, strict=True)]

    def _start(self, number: int) -> tuple[int, int]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return pid, reading
        status = 1
        try:
            os.close(reading)
            answer = self.work(self.shares[number], lambda count: _COUNT.pack_into(self.progress, number * _COUNT.size, count))
            with open(writing, "wb") as pipe:  # noqa: PTH123 - a pipe has no path
                pipe.write(answer)
            status = 0
        finally:
            os._exit(status)
