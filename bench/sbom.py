"""An installed environment, ours beside other tools: `python bench/sbom.py ENVIRONMENT [--peers]`.

The truth is what the environment itself says: distributions, and requirements with their markers, by `importlib.metadata`,
declared components by the JSON of its documents, vendored libraries by the files in `*.libs`.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement

from lading.core.bom import Bom
from lading.core.kinds import Kind, Relation
from lading.installed import scan
from lading.installed.record import compare, rows
from measured import Used, used_by

Pairs = set[tuple[str, str]]


def main() -> int:
    """Print a table of what each tool names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environment", type=Path)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    (site,) = sorted(options.environment.glob("lib/python3*/site-packages"))
    names = {_normal(d.name) for d in distributions(path=[str(site)])}
    declared = _declared(site)
    edges = _needs(site)
    vendored = {p.name for p in site.glob("*.libs/*") if p.is_file()}
    hashing, verifying = _verification(options.environment, site)
    runs = {}
    with tempfile.TemporaryDirectory() as scratch:
        for options_of_ours in ("", "--no-verify"):
            asked = [
                sys.executable,
                "-m",
                "lading",
                "scan",
                str(options.environment),
                "-q",
                "-f",
                "cyclonedx",
                "-o",
                f"{scratch}/ours.json",
            ]
            runs[options_of_ours] = _median([used_by([*asked, *options_of_ours.split()]) for _ in range(3)])
    bom = scan(options.environment).bom
    found = _ours(bom)
    print(
        f"{len(names)} distributions, {len(declared)} declared components, {len(vendored)} vendored libraries, {bom.coverage.bytes >> 20} MiB\n"
    )
    print(
        "| tool | distributions | declared components | vendored libraries by name, version and digest | edges between distributions | edges that a marker rules out | wall, s | memory, MiB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for options_of_ours, (wall, memory) in runs.items():
        print(
            f"| lading {options_of_ours} | {len(found[0] & names)} | {len(found[1] & declared)} | {len(found[2] & vendored)} | {len(found[3] & edges)} | {len(found[3] - edges)} | {wall:.1f} | {memory:.0f} |"
        )
    if options.peers:
        for program, arguments in _peers(options.environment).items():
            _peer(program, arguments, (names, declared, vendored, edges))
    print(
        f"\nComparing every file with RECORD takes {verifying:.2f} s; hashing the same files without a comparison, with as many threads, {hashing:.2f} s: "
        f"{verifying / hashing:.2f} times as long (medians of 7, one after the other)."
    )
    return 0


def _peers(environment: Path) -> dict[str, list[str]]:
    """How each tool is asked for a document of an environment."""
    return {
        "cyclonedx-py": ["environment", str(environment / "bin" / "python"), "--of", "JSON", "-o", "OUTPUT"],
        "cdxgen": ["-t", "python", "--no-install-deps", "--no-banner", "-o", "OUTPUT", str(environment)],
        "syft": ["scan", f"dir:{environment}", "-q", "-o", "cyclonedx-json=OUTPUT"],
    }


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _declared(site: Path) -> set[tuple[str, str]]:
    """Name and version of every component of every CycloneDX document but the wheel itself."""
    found = set()
    for path in site.glob("*.dist-info/sboms/*"):
        document = json.loads(path.read_bytes())
        own = (document.get("metadata") or {}).get("component") or {}
        waiting = [*document.get("components", ()), *own.get("components", ())]
        while waiting:
            row = waiting.pop()
            waiting += row.get("components", ())
            if _normal(row["name"]) != _normal(path.parts[-3].partition("-")[0]):
                found.add((row["name"], row.get("version", "")))
    return found


def _needs(site: Path) -> Pairs:
    """Who needs what of the rest: requirements whose marker holds here, those of an extra where somebody asks for it."""
    listed = {_normal(d.name): [Requirement(text) for text in d.requires or ()] for d in distributions(path=[str(site)])}
    asked = {name: {""} for name in listed}
    found: Pairs = set()
    before = -1
    while before != sum(map(len, asked.values())):
        before = sum(map(len, asked.values()))
        for name, requirements in listed.items():
            for need in requirements:
                target = _normal(need.name)
                if target in listed and (need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in asked[name])):
                    found |= {(name, target)} if name != target else set()
                    asked[target] |= need.extras
    return found


def _verification(environment: Path, site: Path) -> tuple[float, float]:
    """Seconds to hash every listed file, and to compare each with its RECORD, with a thread for each core."""
    threads = min(8, os.cpu_count() or 1)
    records = sorted(site.glob("*.dist-info/RECORD"))
    paths = [site / row.path for record in records for row in rows(record)]

    def hash_some(start: int) -> None:
        for path in paths[start : start + 64]:
            with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
                hashlib.file_digest(stream, "sha256").hexdigest()

    hashing, verifying = [], []
    for _ in range(8):
        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(hash_some, range(0, len(paths), 64)))
        between = time.perf_counter()
        for record in records:
            compare(site, environment.absolute(), rows(record), threads)
        hashing.append(between - started)
        verifying.append(time.perf_counter() - between)
    return statistics.median(hashing[1:]), statistics.median(verifying[1:])


def _median(runs: list[Used]) -> tuple[float, float]:
    return statistics.median(r.wall for r in runs), statistics.median(r.memory for r in runs)


def _ours(bom: Bom) -> tuple[set[str], Pairs, set[str], Pairs]:
    installed = {c.ref: c.name for c in bom.components if any(o.symbol == "installed" for o in c.occurrences)}
    declared = {(c.name, c.version) for c in bom.components if any(k == "declared-by" for k, _ in c.properties)}
    native = (c for c in bom.components if c.kind is Kind.NATIVE_LIBRARY and c.version and c.digests)
    files = {o.path.rpartition("/")[2] for c in native for o in c.occurrences}
    pairs = ((installed.get(e.source), installed.get(e.target)) for e in bom.edges if e.relation is Relation.DEPENDS_ON)
    edges = {(a, b) for a, b in pairs if a and b}
    return set(installed.values()), declared, files, edges


def _peer(program: str, arguments: list[str], truth: tuple[set[str], Pairs, set[str], Pairs]) -> None:
    """A row for a tool that writes CycloneDX to the place that its last argument names."""
    found = shutil.which(program)
    if found is None:
        print(f"| {program} | not measured: it is not installed | | | | | | |")
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "theirs.json"
        wall, memory, status = used_by([found, *(a.replace("OUTPUT", str(place)) for a in arguments)])
        if status or not place.is_file():
            print(f"| {program} | not measured: it ends with {status} | | | | | | |")
            return
        document = json.loads(place.read_bytes())
    names, declared, vendored, needs = truth
    rows = {(c["name"], c.get("version", "")) for c in document.get("components", ())}
    named = {_normal(n) for n, _ in rows}
    named_by = {c["bom-ref"]: _normal(c["name"]) for c in document.get("components", ()) if "bom-ref" in c}
    pairs = ((named_by.get(d["ref"]), named_by.get(to)) for d in document.get("dependencies", ()) for to in d.get("dependsOn", ()))
    edges = {(a, b) for a, b in pairs if a in names and b in names and a != b}
    files = {n for n in vendored if any(n == name for name, _ in rows)}
    print(
        f"| {program} | {len(named & names)} | {len(rows & declared)} | {len(files)} | {len(edges & needs)} | {len(edges - needs)} | {wall:.1f} | {round(memory)} |"
    )


if __name__ == "__main__":
    sys.exit(main())
