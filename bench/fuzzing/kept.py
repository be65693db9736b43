"""The corpus that the repository keeps: for every parser the fewest and smallest inputs that reach the branches that its campaigns reached."""

from __future__ import annotations

from pathlib import Path

from bench.fuzzing.guide import reached
from bench.fuzzing.inputs import Input, line, store
from bench.fuzzing.parsers import Parser
from bench.fuzzing.worker import Result, in_a_process

KEPT = Path(__file__).parent.parent.parent / "tests" / "fuzz_corpus"
LARGEST = 8_000
"""Bytes of an input that is kept."""
MOST = 24_000
"""Bytes of a parser's file."""


def path_of(name: str) -> Path:
    """The corpus of a parser."""
    return KEPT / f"{name}.jsonl"


def keep(corpora: dict[str, list[Input]], parsers: dict[str, Parser], own: dict[str, set[Input]]) -> str:
    """Write the corpora, without the seeds that there are anyway; how much that is."""
    for name, inputs in corpora.items():
        in_a_process(lambda _, name=name, inputs=inputs: _kept(parsers[name], inputs, own[name]))  # type: ignore[misc]
    files = sorted(KEPT.glob("*.jsonl"))
    return f"{len(files)} files, {sum(f.stat().st_size for f in files)} bytes, {sum(f.read_bytes().count(10) for f in files)} inputs"


def _kept(parser: Parser, inputs: list[Input], own: set[Input]) -> Result:
    small = [i for i in inputs if len(i.data) <= LARGEST or i in own]
    chosen = cover(list(zip(small, reached(parser, small), strict=True)), own)
    store(path_of(parser.name), chosen)
    return Result()


def cover(found: list[tuple[Input, frozenset[tuple[str, object]]]], free: set[Input]) -> list[Input]:
    """Inputs whose branches are those of all: what adds most for its size first; seeds are there anyway and cost nothing."""
    left = {branch for _, branches in found for branch in branches}
    for one, branches in found:
        if one in free:
            left -= branches
    chosen: list[Input] = []
    room = MOST
    candidates = [(one, branches, len(line(one).encode()) + 1) for one, branches in found if one not in free]
    while left:
        gains = [(len(b & left) / (200 + size), one, b, size) for one, b, size in candidates if size <= room and b & left]
        if not gains:
            break
        _, best, branches, size = max(gains, key=lambda g: (g[0], g[1].id))
        chosen.append(best)
        left -= branches
        room -= size
    return chosen
