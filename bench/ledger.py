"""How fast a ledger records durably and proves: envelopes of a provenance statement with ten materials, in batches, one million of them.

`--entries N` measures a smaller ledger, `--folder DIR` chooses the disk.
"""

import argparse
import base64
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from statistics import median

import msgspec

from lading.ledger import merkle
from lading.ledger.describe import described
from lading.ledger.file import Access
from lading.ledger.store import Index, Ledger, leaf
from lading.ledger.verify import walk

BATCH = 1000
PROOFS = 2000
SINGLE = 200
PER_SECOND = 2000
MILLISECONDS = 1.0


def main() -> int:
    """Print what was measured and say whether a limit is missed."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "bench.ledger"
        print(
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {options.entries} envelopes of {len(envelope(0)[0])} bytes\n"
        )
        print("| what | measured | limit |\n|---|---:|---:|")
        speed, slowest = _fill(path, options.entries)
        print(f"| recorded durably, in batches of {BATCH} | {speed:.0f} /s | ≥ {PER_SECOND} /s |")
        print(f"| … in the slowest tenth of the run | {slowest:.0f} /s | |")
        proof, worst = _proofs(path, options.entries)
        print(f"| inclusion proof, median of {PROOFS} random entries | {proof:.3f} ms | < {MILLISECONDS:.0f} ms |")
        print(f"| … 99 of 100 within | {worst:.3f} ms | |")
        for name, seconds in _others(path, options.entries):
            print(f"| {name} | {seconds:.2f} s | |")
        print(f"| recorded durably, one by one | {_one_by_one(path):.0f} /s | |")
        print(f"| the file, for an envelope | {path.stat().st_size / options.entries:.0f} bytes | |")
    return int(speed < PER_SECOND or proof >= MILLISECONDS)


def envelope(number: int) -> tuple[bytes, Index]:
    """An envelope as builds write them, and what it is found by."""
    name = f"model-{number}"
    digest = sha256(name.encode()).hexdigest()
    kind = "https://slsa.dev/provenance/v1"
    materials = [{"uri": f"pkg:pypi/library-{i}@1.{number % 7}", "digest": {"sha256": digest}} for i in range(10)]
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}}],
        "predicateType": kind,
        "predicate": {"buildDefinition": {"buildType": "https://acme.example/build", "resolvedDependencies": materials}},
    }
    payload = base64.b64encode(msgspec.json.encode(statement)).decode()
    body = {"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": digest}]}
    return msgspec.json.encode(body), Index((f"sha256:{digest}",), kind)


def _fill(path: Path, entries: int) -> tuple[float, float]:
    """Envelopes a second, in all and in the slowest tenth; making them does not count."""
    taken = []
    with Ledger(path) as ledger:
        for begin in range(0, entries, BATCH):
            batch = [envelope(n) for n in range(begin, min(begin + BATCH, entries))]
            started = time.perf_counter()
            ledger.append(batch)
            taken.append(time.perf_counter() - started)
    tenth = max(len(taken) // 10, 1)
    slowest = max(sum(taken[i : i + tenth]) for i in range(0, len(taken) - tenth + 1, tenth))
    return entries / sum(taken), tenth * BATCH / slowest


def _proofs(path: Path, entries: int) -> tuple[float, float]:
    """Milliseconds of a proof of a random entry: the median, and what 99 of 100 stay within; each proof is checked."""
    taken = []
    with Ledger(path, Access.READ) as ledger:
        root = ledger.root()
        for number in random.Random(1).choices(range(entries), k=PROOFS):  # noqa: S311 - a sample, no secret
            started = time.perf_counter()
            proof = ledger.inclusion(number)
            taken.append((time.perf_counter() - started) * 1000)
            merkle.verify_inclusion(leaf(sha256(envelope(number)[0]).digest()), number, entries, proof, root)
    return median(taken), sorted(taken)[len(taken) * 99 // 100]


def _others(path: Path, entries: int) -> Iterator[tuple[str, float]]:
    with Ledger(path, Access.READ) as ledger:
        started = time.perf_counter()
        problems = walk(ledger, described).problems
        assert not problems
        yield f"the whole ledger verified, {entries} entries", time.perf_counter() - started
    with Ledger(path) as ledger:
        started = time.perf_counter()
        ledger.rebuild(described)
        yield "tree and indexes rebuilt from the entries", time.perf_counter() - started


def _one_by_one(path: Path) -> float:
    with Ledger(path) as ledger:
        started = time.perf_counter()
        for number in range(SINGLE):
            ledger.append([envelope(-1 - number)])
        return SINGLE / (time.perf_counter() - started)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=os.environ.get("TMPDIR"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
