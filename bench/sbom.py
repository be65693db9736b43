"""An installed environment, ours beside other tools: `python bench/sbom.py ENVIRONMENT [--peers]`.

The truth is what the environment itself says: distributions and requirements by `pip inspect`-like metadata (`importlib.metadata`),
declared components by the JSON of its documents, vendored libraries by the files in `*.libs`.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

from lading.core.bom import Bom
from lading.core.kinds import Kind, Relation
from lading.installed import scan
from measured import used_by


def main() -> int:
    """Print a table of what each tool names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environment", type=Path)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    (site,) = sorted(options.environment.glob("lib/python3*/site-packages"))
    names = {_normal(d.name) for d in distributions(path=[str(site)])}
    declared = _declared(site)
    vendored = {p.name for p in site.glob("*.libs/*") if p.is_file()}
    hashing = min(_hashed(site) for _ in range(2))
    with tempfile.TemporaryDirectory() as scratch:
        used = used_by(
            [sys.executable, "-m", "lading", "scan", str(options.environment), "-q", "-f", "cyclonedx", "-o", f"{scratch}/ours.json"]
        )
    wall, memory = used.wall, round(used.memory)
    bom = scan(options.environment).bom
    found = _ours(bom)
    print(
        f"{len(names)} distributions, {len(declared)} declared components, {len(vendored)} vendored libraries, {bom.coverage.bytes >> 20} MiB\n"
    )
    print(
        "| tool | distributions | declared components | vendored libraries by name, version and digest | edges between distributions | wall, s | memory, MiB |"
    )
    print("|---|---|---|---|---|---|---|")
    print(
        f"| lading | {len(found[0] & names)} | {len(found[1] & declared)} | {len(found[2] & vendored)} | {found[3]} | {wall:.1f} | {memory} |"
    )
    if options.peers:
        for program, arguments in _peers(options.environment).items():
            _peer(program, arguments, names, declared, vendored)
    print(
        f"\nReading and hashing the same files one after the other takes {hashing:.1f} s; lading hashes, compares and reads machine code in {wall:.1f} s."
    )
    return 0


def _peers(environment: Path) -> dict[str, list[str]]:
    """How each tool is asked for a document of an environment."""
    return {
        "cyclonedx-py": ["environment", str(environment / "bin" / "python"), "--of", "JSON", "-o", "OUTPUT"],
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


def _hashed(site: Path) -> float:
    started = time.perf_counter()
    for path in site.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                hashlib.file_digest(stream, "sha256")
    return time.perf_counter() - started


def _ours(bom: Bom) -> tuple[set[str], set[tuple[str, str]], set[str], int]:
    installed = {c.ref: c.name for c in bom.components if any(o.symbol == "installed" for o in c.occurrences)}
    declared = {(c.name, c.version) for c in bom.components if any(k == "declared-by" for k, _ in c.properties)}
    native = (c for c in bom.components if c.kind is Kind.NATIVE_LIBRARY and c.version and c.digests)
    files = {o.path.rpartition("/")[2] for c in native for o in c.occurrences}
    edges = sum(e.relation is Relation.DEPENDS_ON and {e.source, e.target} <= set(installed) for e in bom.edges)
    return set(installed.values()), declared, files, edges


def _peer(program: str, arguments: list[str], names: set[str], declared: set[tuple[str, str]], vendored: set[str]) -> None:
    """A row for a tool that writes CycloneDX to the place that its last argument names."""
    found = shutil.which(program)
    if found is None:
        print(f"| {program} | not measured: it is not installed | | | | | |")
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "theirs.json"
        wall, memory, status = used_by([found, *(a.replace("OUTPUT", str(place)) for a in arguments)])
        if status or not place.is_file():
            print(f"| {program} | not measured: it ends with {status} | | | | | |")
            return
        document = json.loads(place.read_bytes())
    rows = {(c["name"], c.get("version", "")) for c in document.get("components", ())}
    named = {_normal(n) for n, _ in rows}
    edges = sum(len(d.get("dependsOn", ())) for d in document.get("dependencies", ()))
    files = {n for n in vendored if any(n == name for name, _ in rows)}
    print(f"| {program} | {len(named & names)} | {len(rows & declared)} | {len(files)} | {edges} | {wall:.1f} | {round(memory)} |")


if __name__ == "__main__":
    sys.exit(main())
