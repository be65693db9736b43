"""Inputs of which a piece stands there again and again: what costs more than its size is found by asking for four times as much."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from bench.fuzzing.inputs import Input, add
from bench.fuzzing.parsers import Parser
from bench.fuzzing.worker import MOST_MEMORY, Note, Result, grown, in_a_process, tried

SIZES = (16_000, 64_000, 256_000)
SLOW = 0.5
"""CPU seconds of an input of the largest size that are told, or half of it when it took more than four times as long as a quarter of it."""
OPENINGS = (b"[", b"{", b"(", b"<", b'{"a":', b"[[", b"- ", b"? ", b"$(", b"${", b"{{ ", b"{% if a %}", b"'", b'"', b"\\", b"a.", b"!", b"not ", b"-", b"\n", b" ", b"\0", b"\x80", b"\xff")  # fmt: skip


def pieces(chance: random.Random, one: Input) -> Iterator[tuple[int, bytes]]:
    """Places, and what is put there many times."""
    data = one.data
    for opening in OPENINGS:
        yield chance.randrange(len(data) + 1), opening
    for length in (1, 4, 8, 16, 32, 64, 256):
        place = chance.randrange(len(data) + 1)
        yield place, data[place : place + length]
    lines = data.split(b"\n")
    number = chance.randrange(len(lines))
    yield sum(len(line) + 1 for line in lines[:number]), lines[number] + b"\n"


def amplified(parser: Parser, corpus: list[Input], folder: Path, seconds: float, seed: int) -> Result:
    """Try pieces until the time is over; what is slow is kept in `slow`."""
    return in_a_process(lambda note: _amplified(note, parser, corpus, folder, seconds, seed))


def _amplified(note: Note, parser: Parser, corpus: list[Input], folder: Path, seconds: float, seed: int) -> Result:
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret
    end, started, first = time.monotonic() + seconds, time.process_time(), grown()
    small = [i for i in corpus if len(i.data) <= SIZES[0] // 4] or corpus
    count, slowest, dearest = 0, 0.0, None
    while time.monotonic() < end:
        one = chance.choice(small)
        for place, piece in pieces(chance, one):
            before = 0.0
            for size in SIZES if piece else ():
                many = one._replace(data=one.data[:place] + piece * (size // len(piece)) + one.data[place:])
                note.write(many)
                at = time.process_time()
                failure, _ = tried(parser, many)
                spent = time.process_time() - at
                count += 1
                if spent > slowest:
                    slowest, dearest = spent, many
                if failure or grown() - first > MOST_MEMORY:
                    return Result(count, time.process_time() - started, 0, slowest, grown() - first, 0, None, failure or "memory", many)
                if spent > SLOW or (spent > SLOW / 2 and spent > 8 * before > 0):
                    add(folder / "slow" / f"{parser.name}.jsonl", many)
                    break
                before = spent
            if time.monotonic() > end:
                break
    return Result(count, time.process_time() - started, 0, slowest, grown() - first, 0, dearest if slowest > SLOW else None)
