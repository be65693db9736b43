"""What `lading lock --write` does to real projects: places pinned and left, whether every file still parses, what else changed.

Upstreams are not asked: every artifact of a kind that can be pinned is locked to one made-up commit or digest.
"""

import argparse
import ast
import difflib
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import yaml

from lading.core.kinds import Kind
from lading.lock.document import Lock, Locked
from lading.lock.pin import Change, pin
from lading.lock.resolve import locked_as, wanted
from lading.scan import scan
from lading.sources._registry import Found

PINNED_AS = {"huggingface": "c" * 40, "github": "c" * 40, "oci": "sha256:" + "d" * 64}


def main() -> int:
    """Print one row for each project and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("LADING_BENCH_CORPUS", Path.home() / ".cache" / "lading-bench"))
    parser.add_argument("--corpus", type=Path, nargs="+", default=[default], help="folders with the checked-out projects")
    projects = sorted(p for folder in parser.parse_args().corpus if folder.is_dir() for p in folder.iterdir() if p.is_dir())
    if not projects:
        sys.stderr.write("there is no corpus\n")
        return 1
    sys.stdout.write(
        "| project | places pinned | left | files changed | broken by it | lines changed that hold no pin | seconds |\n|---|---:|---:|---:|---:|---:|---:|\n"
    )
    total: Counter[str] = Counter()
    for project in projects:
        row = _project(project)
        total.update(row)
        sys.stdout.write(f"| {project.name} | {_cells(row)} |\n")
    sys.stdout.write(f"| **{len(projects)} projects** | {_cells(total)} |\n")
    return 0


def _cells(row: Counter[str]) -> str:
    names = ("pinned", "left", "files", "broken", "other")
    return " | ".join([*(str(row[n]) for n in names), f"{row['ms'] / 1000:.1f}"])


def _project(root: Path) -> Counter[str]:
    components = wanted(scan(root).bom)
    entries = [_locked(locked_as(c)) for c in components if c.kind is not Kind.SERVICE]
    start = time.perf_counter()
    outcome = pin(root, components, Lock(tuple({e.key: e for e in entries}.values())))
    return Counter(
        pinned=outcome.pinned,
        left=len(outcome.left),
        files=len(outcome.changes),
        broken=sum(map(_breaks, outcome.changes)),
        other=sum(map(_others, outcome.changes)),
        ms=round(1000 * (time.perf_counter() - start)),
    )


def _locked(entry: Locked) -> Locked:
    revision = PINNED_AS.get(entry.upstream)
    return (
        msgspec.structs.replace(entry, found=Found(revision=revision))
        if revision
        else msgspec.structs.replace(entry, unresolved="not asked")
    )


def _breaks(change: Change) -> bool:
    """Whether a file parsed before and does not now."""
    return _parses(change.path, change.before) and not _parses(change.path, change.after)


def _parses(path: str, data: bytes) -> bool:
    try:
        match Path(path).suffix:
            case ".py":
                ast.parse(data)
            case ".json" | ".ipynb":
                json.loads(data)
            case ".yaml" | ".yml":
                list(yaml.parse(data, yaml.CSafeLoader))
    except (SyntaxError, ValueError, yaml.YAMLError):
        return False
    return True


def _others(change: Change) -> int:
    """Lines that differ and hold neither a made-up revision nor what it replaced."""
    was, now = (data.decode("utf-8", "replace").splitlines() for data in (change.before, change.after))
    added = [line[1:] for line in difflib.ndiff(was, now) if line.startswith("+ ")]
    return sum(1 for line in added if not any(revision.removeprefix("sha256:") in line for revision in PINNED_AS.values()))


if __name__ == "__main__":
    sys.exit(main())
