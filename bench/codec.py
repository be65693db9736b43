"""Reading and writing 5 000-component CycloneDX documents against `json.loads` of the same bytes; medians of paired rounds."""

import json
import platform
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from statistics import median

import msgspec

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence
from lading.core.finding import Report
from lading.core.kinds import Kind, Pin, Relation
from lading.core.purl import purl
from lading.formats._registry import FORMATS

SIZE = 5_000
ROUNDS = 31


def main() -> int:
    """Print one row per document and direction."""
    cyclonedx = FORMATS.load()["cyclonedx"]
    read, write = cyclonedx.read, cyclonedx.write
    assert read is not None
    report = Report(bom=example())
    own, foreign = write(report), plain()
    assert read(own) == report.bom
    sys.stdout.write(
        f"{SIZE} components, {SIZE} dependencies; Python {platform.python_version()}, msgspec {msgspec.__version__}, "
        f"{platform.machine()}; median of {ROUNDS} paired rounds.\n\n"
        "| what | size | json.loads | lading | ratio | limit |\n|---|---:|---:|---:|---:|---:|\n"
    )
    row("read what lading wrote", own, lambda: read(own), 2)
    row("read a plain SBOM of another tool", foreign, lambda: read(foreign), 2)
    row("write", own, lambda: write(report), 1)
    return 0


def row(what: str, data: bytes, action: Callable[[], object], limit: int) -> None:
    """Measure one action in turns with `json.loads` of the document it reads or writes."""
    rounds = [(timed(lambda: json.loads(data)), timed(action)) for _ in range(ROUNDS)]
    base, taken = (median(column) * 1000 for column in zip(*rounds, strict=True))
    ratio = median(mine / theirs for theirs, mine in rounds)
    sys.stdout.write(f"| {what} | {len(data) / 1e6:.1f} MB | {base:.1f} ms | {taken:.1f} ms | {ratio:.2f} | {limit} |\n")


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


def plain() -> bytes:
    """A compact document as package managers' tools write it: purl, license, a hash on every third, half of them with a dependency."""
    refs = [f"pkg:pypi/library-{n:05}@1.{n}" for n in range(SIZE)]
    components = [
        {
            "type": "library",
            "bom-ref": ref,
            "name": f"library-{n:05}",
            "version": f"1.{n}",
            "purl": ref,
            "licenses": [{"license": {"id": "MIT"}}],
            **({} if n % 3 else {"hashes": [{"alg": "SHA-256", "content": sha256(ref.encode()).hexdigest()}]}),
        }
        for n, ref in enumerate(refs)
    ]
    dependencies = [{"ref": ref, "dependsOn": [refs[(n * 7 + 1) % SIZE]] if n % 2 else []} for n, ref in enumerate(refs)]
    subject = {"type": "application", "name": "app", "bom-ref": "app"}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": subject}}
    return json.dumps({**document, "components": components, "dependencies": dependencies}).encode()


if __name__ == "__main__":
    sys.exit(main())
