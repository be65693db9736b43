"""One parser run for a while in a process of its own, which may die of an input: its limits end it, and who started it knows which one it was."""

from __future__ import annotations

import json
import mmap
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fuzzing.changes import Material, changed, words
from bench.fuzzing.guide import GUIDES, Guide
from bench.fuzzing.inputs import Input, add, line, parsed
from bench.fuzzing.parsers import Parser

LONGEST_TIME = 5.0
"""CPU seconds of one input."""
LONG = 0.3
"""CPU seconds, while branches are counted, from which on an input is told."""
MOST_MEMORY = 200 << 20
"""Bytes that one input may add to the process."""
_NOTE = 8 << 20


@dataclass(frozen=True)
class Result:
    """What became of a run."""

    inputs: int = 0
    seconds: float = 0.0
    new: int = 0
    slowest: float = 0.0
    memory: int = 0
    """Bytes that the process grew by at most."""
    branches: int = 0
    dearest: Input | None = None
    """What took longest, when it took long."""
    failure: str = ""
    """`raises`, `hangs`, `memory`, `differs` or `dies`, with the place."""
    culprit: Input | None = None


class Note:
    """Where a process writes what it is about to read; it is still there when the process is not."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _NOTE)

    def write(self, one: Input) -> None:
        """Keep an input."""
        head = json.dumps([one.name, one.context, len(one.data)]).encode()
        whole = len(head).to_bytes(4, "big") + head + one.data
        self._shared[: len(whole)] = whole

    def read(self) -> Input:
        """The input that was kept last."""
        length = int.from_bytes(self._shared[:4], "big")
        name, context, size = json.loads(self._shared[4 : 4 + length])
        return Input(name, context, self._shared[4 + length : 4 + length + size])


def in_a_process(work: Callable[[Note], Result]) -> Result:
    """The result of some work; a failure where the process that does it dies."""
    note = Note()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 2 * MOST_MEMORY, used + 2 * MOST_MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            result = work(note)
            told = {k: line(v) if isinstance(v, Input) else v for k, v in vars(result).items()}
            with os.fdopen(writer, "w") as stream:
                json.dump(told, stream)
        except BaseException:  # noqa: BLE001 - of the harness itself
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if answer:
        row: dict[str, Any] = json.loads(answer)
        row |= {k: parsed(row[k]) for k in ("culprit", "dearest") if row.get(k)}
        return Result(**row)
    code = os.waitstatus_to_exitcode(status)
    return Result(failure="hangs" if code == -signal.SIGPROF else f"dies {code}", culprit=note.read())


def tried(parser: Parser, one: Input, guide: Guide | None = None) -> tuple[str, bool]:
    """What an input does that it must not, and whether it is new; the time limit ends the process."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST_TIME)
    try:
        new = guide.look(parser, one) if guide is not None else bool(parser.look(one))
    except MemoryError:
        return "memory", False
    except Exception as e:  # noqa: BLE001 - this is what is looked for
        places = [f for f in traceback.extract_tb(e.__traceback__) if "/lading/" in f.filename]
        place = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else "bench"
        return f"raises {type(e).__name__} at {place}", False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "", new


def grown() -> int:
    """The most memory that the process had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def campaign(parser: Parser, corpus: list[Input], kept: Path, seconds: float, seed: int, guide: str) -> Result:
    """Change inputs and keep what is new, until the time is over or something fails."""
    return in_a_process(lambda note: _campaign(note, parser, corpus, kept, seconds, seed, guide))


def _campaign(note: Note, parser: Parser, corpus: list[Input], kept: Path, seconds: float, seed: int, kind: str) -> Result:
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret
    guide = GUIDES[kind]()
    first, started, end = grown(), time.process_time(), time.monotonic() + seconds
    count = new = 0
    slowest, dearest = 0.0, None
    pool = list(corpus)
    waiting = list(corpus)
    material = Material([i.data for i in pool], words(parser.modules))
    while time.monotonic() < end:
        one = waiting.pop() if waiting else _changed(parser, chance, pool, material)
        note.write(one)
        before = time.process_time()
        failure, is_new = tried(parser, one, guide)
        spent = time.process_time() - before
        count += 1
        if spent > slowest:
            slowest, dearest = spent, one if spent > LONG else None
        if not failure and grown() - first > MOST_MEMORY:
            failure = "memory"
        if not failure and count % 50 == 0 and parser.look(one) != parser.look(one):
            failure = "differs"
        if failure:
            return Result(count, time.process_time() - started, new, slowest, grown() - first, len(guide), dearest, failure, one)
        if is_new and count > len(corpus):
            new += 1
            pool.append(one)
            material.others.append(one.data)
            add(kept, one)
    return Result(count, time.process_time() - started, new, slowest, grown() - first, len(guide), dearest)


def _changed(parser: Parser, chance: random.Random, pool: list[Input], material: Material) -> Input:
    """A changed input; what was found last is changed more often."""
    place = chance.randrange(len(pool))
    if chance.random() < 0.5:  # noqa: PLR2004 - half of the time
        place = max(place, chance.randrange(len(pool)))
    one = pool[place]
    data = changed(one.data, chance, material)
    if parser.repair and chance.random() < 0.5:  # noqa: PLR2004 - as above
        data = parser.repair(data)
    return one._replace(data=data)


def fails(parser: Parser, one: Input) -> Result:
    """What one input does, in a process of its own."""

    def work(note: Note) -> Result:
        note.write(one)
        first, started = grown(), time.process_time()
        failure, _ = tried(parser, one)
        more, spent = grown() - first, time.process_time() - started
        return Result(1, spent, 0, spent, more, 0, None, failure or ("memory" if more > MOST_MEMORY else ""), one)

    return in_a_process(work)


def smaller(parser: Parser, one: Input, failure: str, tries: int = 200) -> Input:
    """A smaller input that fails in the same way."""
    step = len(one.data) // 2
    while step and tries:
        place = 0
        while place < len(one.data) and tries:
            shorter = one._replace(data=one.data[:place] + one.data[place + step :])
            tries -= 1
            if fails(parser, shorter).failure == failure:
                one = shorter
            else:
                place += step
        step //= 2
    return one
