"""Reading and writing a 5 000-component CycloneDX document against `json.loads` of the same bytes; medians of paired rounds."""

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.finding import Report
from lading.core.kinds import Kind, Pin, Relation
from lading.core.purl import purl
from lading.formats._registry import FORMATS

SIZE = 5_000
ROUNDS = 15


def main() -> int:
    """Print one row per direction."""
    bom = example()
    cyclonedx = FORMATS.load()["cyclonedx"]
    assert cyclonedx.read is not None
    data = cyclonedx.write(Report(bom=bom))
    assert cyclonedx.read(data) == bom
    times: dict[str, list[float]] = {"json.loads": [], "read": [], "write": []}
    for _ in range(ROUNDS):
        times["json.loads"].append(timed(lambda: json.loads(data)))
        times["read"].append(timed(lambda: cyclonedx.read(data)))
        times["write"].append(timed(lambda: cyclonedx.write(Report(bom=bom))))
    base = median(times["json.loads"])
    sys.stdout.write(
        f"{SIZE} components, {SIZE} dependencies, {len(data) / 1e6:.1f} MB, msgspec {msgspec.__version__}, median of {ROUNDS} rounds.\n\n"
    )
    sys.stdout.write("| what | median | times json.loads | limit |\n|---|---:|---:|---:|\n")
    for name, limit in (("json.loads", ""), ("read", "2"), ("write", "1")):
        sys.stdout.write(f"| {name} | {median(times[name]) * 1000:.1f} ms | {median(times[name]) / base:.2f} | {limit} |\n")
    return 0


def timed(action: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def example() -> Bom:
    """A bill of 5 000 libraries, each seen once and depending on one other."""
    components = tuple(
        Component(
            kind=Kind.LIBRARY,
            name=f"library-{n:05}",
            upstream="pypi",
            version=f"1.{n}",
            pin=Pin.MUTABLE,
            purl=purl("pypi", f"library-{n:05}", version=f"1.{n}"),
            roles=(Kind.LIBRARY,),
            occurrences=(Occurrence("requirements.txt", n + 1),),
        )
        for n in range(SIZE)
    )
    edges = tuple(sorted(Edge(components[n].ref, Relation.DEPENDS_ON, components[(n * 7 + 1) % SIZE].ref) for n in range(SIZE)))
    subject = Component(kind=Kind.SYSTEM, name="system")
    return Bom(subject=subject, components=components, edges=edges, created="2026-01-01T00:00:00Z", generator="lading 0")


if __name__ == "__main__":
    sys.exit(main())
