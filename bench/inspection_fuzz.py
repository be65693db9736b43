"""Changed samples of every family through every scanner: `python bench/inspection_fuzz.py [--seconds N] [--seed S]`.

It is a failure when a scanner raises, when one file takes longer than 5 seconds of CPU, or when the memory of the process grows beyond 512 MiB.
"""

import argparse
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent)]

from attacks import Sample, samples  # noqa: E402
from lading.inspect import inspect_bytes  # noqa: E402

_LONGEST = 200_000
_EDGES = (0, 1, 0x7F, 0x80, 0xFF)


def changed(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """A file with some of its bytes changed, taken out, repeated, or taken from another one."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not out:
            break
        place, length = chance.randrange(len(out)), chance.choice((1, 1, 2, 4, 8, 64))
        what = chance.randrange(6)
        if what == 0:
            out[place] = chance.randrange(256)
        elif what == 1:
            out[place : place + length] = bytes([chance.choice(_EDGES)]) * len(out[place : place + length])
        elif what == 2:  # noqa: PLR2004 - one of six
            del out[place : place + length]
        elif what == 3:  # noqa: PLR2004 - as above
            out[place:place] = out[place : place + length]
        elif what == 4:  # noqa: PLR2004 - as above
            other = chance.choice(others)
            start = chance.randrange(len(other))
            out[place : place + length] = other[start : start + length]
        else:
            del out[place:]
    return bytes(out)


def _files(sample: Sample) -> list[tuple[str, bytes]]:
    made = sample.make()
    return list(made.items()) if isinstance(made, dict) else [("", made)]


def main() -> int:
    """Run for a while, and say how many of each family there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - chance, not a secret
    seeds = [
        (sample.family, f"{sample.file}/{name}" if name else sample.file, content)
        for sample in samples()
        for name, content in _files(sample)
        if 0 < len(content) < _LONGEST
    ]
    others = [c for _, _, c in seeds]
    counts: Counter[str] = Counter()
    slowest, failures, end = 0.0, 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        family, name, content = chance.choice(seeds)
        data = changed(content, chance, others)
        start = time.process_time()
        result = inspect_bytes(data, name)
        spent = time.process_time() - start
        counts[family] += 1
        slowest = max(slowest, spent)
        failed = [o.message for o in result.observations if o.rule == "scanner-failed"]
        if failed or spent > 5:  # noqa: PLR2004 - the promise
            failures += 1
            kept = Path(f"failure-{failures}-{Path(name).name}")
            kept.write_bytes(data)
            print(f"{kept}: {failed or 'slow'}, {spent:.1f} s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    told = ", ".join(f"{n} {f}" for f, n in sorted(counts.items()))
    print(f"seed {options.seed}: {sum(counts.values())} files ({told}); slowest {slowest:.2f} s; {memory} MiB at most; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
