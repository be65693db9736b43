"""How long the before, during and after question takes: 10 000 builds with 100 materials each, indexed and asked."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from lading.catalog.incidents import incidents
from lading.ledger.builds import COMPLETE, PROVENANCE, Build
from lading.ledger.impact import SUSPECT, History, Question

BUILDS, MATERIALS, ROUNDS = 10_000, 100, 5
LIMIT = 1.0
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def main() -> int:
    """Print the times and say whether one question, index included, stays within its limit."""
    statements = [statement(n) for n in range(BUILDS)]
    started = time.perf_counter()
    builds = [Build.of(s, str(n)) for n, s in enumerate(statements)]
    reading = time.perf_counter() - started
    del statements
    history = History(builds)
    known = [Question.of(i) for i in incidents()]
    chosen = next(q for q in known if q.incident == "litellm-2026-03")
    indexing = median(timed(lambda: History(builds)) for _ in range(ROUNDS))
    asking = median(timed(lambda: history.ask(chosen, NOW)) for _ in range(ROUNDS))
    every = timed(lambda: [history.ask(q, NOW) for q in known])
    touched = sum(a.state in SUSPECT for a in history.ask(chosen, NOW))
    print(f"{BUILDS} builds with {MATERIALS} materials each; one question finds {touched} suspect\n")
    print("| what | seconds | limit |\n|---|---:|---:|")
    print(f"| statements, parsed from JSON before, made builds | {reading:.2f} | |")
    print(f"| the index, once | {indexing:.2f} | |")
    print(f"| one question | {asking:.3f} | |")
    print(f"| the index and one question | {indexing + asking:.2f} | {LIMIT:.0f} |")
    print(f"| the index and all {len(known)} incidents | {indexing + every:.2f} | |")
    return indexing + asking > LIMIT


def timed(work: Callable[[], object]) -> float:
    """The seconds some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def statement(number: int) -> dict[str, object]:
    """One build of every twenty uses litellm, one of every ten the output of the build before it."""
    start = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=number)
    dependencies = [
        {"uri": f"pkg:pypi/package-{(number * 7 + n) % 5000}@1.{n % 3}", "digest": {"sha256": f"{number * MATERIALS + n:064x}"}}
        for n in range(MATERIALS - 1)
    ]
    last = {"uri": "pkg:pypi/litellm"} if number % 20 == 0 else {"uri": "pkg:pypi/six@1.17.0"}
    if number % 10 == 1:
        last = {"uri": "file:///wheel", "digest": {"sha256": f"{number - 1 + (1 << 100):064x}"}}
    return {
        "subject": [{"name": f"artifact-{number}", "digest": {"sha256": f"{number + (1 << 100):064x}"}}],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {"resolvedDependencies": [*dependencies, last]},
            "runDetails": {
                "builder": {"id": "https://builder.example"},
                "metadata": {"startedOn": start.isoformat(), "finishedOn": (start + timedelta(minutes=5)).isoformat(), COMPLETE: True},
            },
        },
    }


if __name__ == "__main__":
    sys.exit(main())
