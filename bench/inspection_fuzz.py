"""Every parser of untrusted bytes fed with changed inputs: `python bench/inspection_fuzz.py [--parser NAME…] [--seconds N] [--seed S] [--jobs J]`.

Each runs in a process of its own, starts from its seeds and what `tests/fuzz_corpus` and the folder of the campaign hold, and adds to that folder what
reaches a branch that nothing reached before. It is a failure when a parser raises what it does not announce, takes more than 5 seconds of CPU, adds
more than 200 MiB to its process, or answers twice differently: the input is made smaller and kept in `failures`.
`--keep` writes the smallest inputs that reach the same branches to `tests/fuzz_corpus`; `--replay FILE…` runs files of inputs once.
"""

import argparse
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent)]

from bench.fuzzing import kept as corpus_kept  # noqa: E402
from bench.fuzzing.amplify import amplified  # noqa: E402
from bench.fuzzing.changes import LONGEST  # noqa: E402
from bench.fuzzing.guide import GUIDES  # noqa: E402
from bench.fuzzing.inputs import Input, load, store  # noqa: E402
from bench.fuzzing.parsers import Parser, parsers, with_more  # noqa: E402
from bench.fuzzing.worker import Result, campaign, fails, smaller  # noqa: E402


@dataclass
class Row:
    """What is known of one parser after all runs."""

    inputs: int = 0
    seconds: float = 0.0
    new: int = 0
    slowest: float = 0.0
    memory: int = 0
    branches: int = 0
    failures: int = 0

    def add(self, result: Result) -> None:
        """One more run."""
        self.inputs += result.inputs
        self.seconds += result.seconds
        self.new += result.new
        self.slowest = max(self.slowest, result.slowest)
        self.memory = max(self.memory, result.memory)
        self.branches = max(self.branches, result.branches)
        self.failures += bool(result.failure)


class Campaign:
    """The parsers, the folder that is written to, and what was done so far."""

    def __init__(self, chosen: dict[str, Parser], folder: Path, guide: str) -> None:
        self.chosen, self.folder, self.guide = chosen, folder, guide
        record = folder / "record.json"
        self.rows = {n: Row(**r) for n, r in json.loads(record.read_text()).items()} if record.exists() else {}

    def corpus(self, parser: Parser) -> list[Input]:
        """Seeds, what is kept in the repository, and what this folder has."""
        every = [*parser.seeds(), *load(corpus_kept.path_of(parser.name)), *load(self.folder / f"{parser.name}.jsonl")]
        return list(dict.fromkeys(every)) or [Input("x", "", b"\0")]

    def run(self, name: str, seconds: float, seed: int) -> None:
        """One parser for a while, and again after each failure until the time is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            result = self._run(self.chosen[name], left, seed)
            self.rows.setdefault(name, Row()).add(result)
            seed += 1
            if result.dearest:
                place = self.folder / "slow" / f"{name}.jsonl"
                store(place, [*load(place)[:20], result.dearest])
            if result.failure and result.culprit:
                self._keep(name, result.failure, result.culprit)
        self._record()

    def _run(self, parser: Parser, seconds: float, seed: int) -> Result:
        corpus = self.corpus(parser)
        if self.guide == "sizes":
            return amplified(parser, corpus, self.folder, seconds, seed)
        return campaign(parser, corpus, self.folder / f"{parser.name}.jsonl", seconds, seed, self.guide)

    def weight(self, name: str) -> float:
        """How long a turn of a parser is beside that of others: the more branches it has, the longer."""
        known = [r.branches for r in self.rows.values() if r.branches]
        own = self.rows.get(name, Row()).branches
        return min(max(own * len(known) / sum(known), 0.3), 3.0) if own else 1.0

    def _keep(self, name: str, failure: str, culprit: Input) -> None:
        place = self.folder / "failures" / f"{name}-{''.join(c if c.isalnum() else '-' for c in failure)}.jsonl"
        known = load(place)
        if len(known) < 5:  # noqa: PLR2004 - of one kind
            small = smaller(self.chosen[name], culprit, failure, 40 if "raises" not in failure else 200)
            store(place, [*known, small])
            print(f"{name}: {failure}: {place}", flush=True)

    def _record(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "record.json").write_text(json.dumps({n: asdict(r) for n, r in sorted(self.rows.items())}, indent=1))

    def table(self) -> str:
        """One line for every parser."""
        lines = [
            "| parser | inputs | CPU seconds | new in the corpus | slowest | memory at most | failures |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {n} | {r.inputs} | {r.seconds:.0f} | {r.new} | {r.slowest:.2f} s | {r.memory >> 20} MiB | {r.failures} |"
            for n, r in sorted(self.rows.items())
            if n in self.chosen
        ]
        return "\n".join(lines)


def _replay(chosen: dict[str, Parser], files: list[Path]) -> int:
    bad = 0
    for file in files:
        name = max((n for n in chosen if file.name.startswith(n)), key=len)
        for one in load(file):
            result = fails(chosen[name], one)
            bad += bool(result.failure)
            print(
                f"{file.name} {one.id} {len(one.data)} bytes: {result.failure or 'well'}, {result.seconds:.2f} s, {result.memory >> 20} MiB"
            )
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parser", "--scanner", nargs="*", default=["all"], help="names, or their beginnings")
    parser.add_argument("--seconds", type=float, default=60, help="for all of them together")
    parser.add_argument("--slice", type=float, default=20, help="seconds of one turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--guide", choices=[*GUIDES, "sizes"], default="branches")
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--seeds", type=Path, help="a folder of further files to take seeds from")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--replay", type=Path, nargs="*")
    return parser.parse_args()


def main() -> int:
    """Run for a while, or what is asked for instead."""
    options = _options()
    every = parsers()
    own = {n: set(p.seeds()) for n, p in every.items()} if options.keep else {}
    if options.seeds:
        with_more(
            Input(p.name, "", p.read_bytes()) for p in sorted(options.seeds.rglob("*")) if p.is_file() and 0 < p.stat().st_size < LONGEST
        )
    chosen = {n: p for n, p in every.items() if "all" in options.parser or any(n == c or n.startswith(f"{c}-") for c in options.parser)}
    if options.replay:
        return _replay(chosen, options.replay)
    work = Campaign(chosen, options.corpus, options.guide)
    if options.keep:
        print(corpus_kept.keep({n: work.corpus(p) for n, p in chosen.items()}, chosen, own))
        return 0
    chance = random.Random(options.seed)  # noqa: S311 - chance, not a secret
    end = time.monotonic() + options.seconds * 1.0
    share = min(options.slice, options.seconds * options.jobs / max(len(chosen), 1))
    while time.monotonic() < end:
        with ThreadPoolExecutor(options.jobs) as pool:
            list(
                pool.map(
                    lambda n: work.run(n, share * work.weight(n), chance.randrange(1 << 30)) if time.monotonic() < end else None, chosen
                )
            )
    print(work.table())
    return 1 if any(work.rows[n].failures for n in chosen if n in work.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
