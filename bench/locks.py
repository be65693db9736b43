"""Lock files of real projects, ours beside what they say and beside other tools: `python bench/locks.py FOLDER [--peers] [--verbose]`.

The truth is a plain reading of each format (`lock_truth.py`). Each lock is scanned by itself, with the manifests that lie beside it.
"""

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.kinds import Kind, Relation
from lading.scan import scan
from lock_tools import asked
from lock_truth import KINDS, Truth, kind_of, truth_of, version_of
from measured import used_by

_BESIDE = ("package.json", "pyproject.toml", "go.sum", "Pipfile", "Cargo.toml")
_REGISTRIES = {"pypi", "npm", "cargo", "golang", "conda"}


class Count(NamedTuple):
    """How much of what a lock says was found, and what was found beyond."""

    said: int = 0
    found: int = 0
    extra: int = 0

    def with_(self, said: set[Any], found: set[Any]) -> "Count":
        """With what was said and found of one more lock."""
        return Count(self.said + len(said), self.found + len(said & found), self.extra + len(found - said))

    def __str__(self) -> str:
        return f"{self.found / self.said:.4f} of {self.said}, {self.extra} extra" if self.said or self.extra else "none to find"


def main() -> int:
    """Print a table with a row for every kind of lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="also name what differs")
    parser.add_argument("--only", help="measure this kind alone")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"Not measured: there is no folder {options.folder.name} with locks of real projects.")
        return 0
    locks: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(options.folder.rglob("*")):
        if path.is_file() and kind_of(path) and options.only in {None, kind_of(path)}:
            locks[kind_of(path)].append(path)
    print("| kind | locks | versions | packages | hashes | edges | wall for all, s |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        if locks[kind]:
            _row(kind, locks[kind], options)
    if options.peers:
        _tools(locks)
        _peers(locks)
    return 0


def _row(kind: str, paths: list[Path], options: argparse.Namespace) -> None:
    counts = [Count(), Count(), Count()]
    wall, unread = 0.0, []
    for path in paths:
        try:
            truth = truth_of(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            unread.append(f"{path}: {type(error).__name__} {error}")
            continue
        ours, seconds = _ours(path)
        wall += seconds
        counts = [c.with_(t, o) for c, t, o in zip(counts, truth, ours, strict=True)]
        if options.verbose:
            _differences(path, truth, ours)
    versions = ", ".join(sorted({version_of(p) for p in paths}))
    print(f"| {kind} | {len(paths) - len(unread)} | {versions} | {' | '.join(map(str, counts))} | {wall:.2f} |", flush=True)
    for line in unread:
        sys.stderr.write(f"not read by the plain reading: {line}\n")


def _differences(path: Path, truth: Truth, ours: Truth) -> None:
    for field in Truth._fields:
        said, found = getattr(truth, field), getattr(ours, field)
        for word, rows in (("lost", said - found), ("extra", found - said)):
            if rows:
                sys.stderr.write(f"{path}: {len(rows)} {field} {word}: {sorted(rows)[:6]}\n")


def _ours(path: Path) -> tuple[Truth, float]:
    """What a scan of the lock alone says, and the median of three times."""
    with tempfile.TemporaryDirectory() as scratch:
        _copied(path, Path(scratch))
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            bom = scan(Path(scratch)).bom
            seconds.append(time.perf_counter() - started)
    return _said(bom, f"{path.parent.name}/{path.name}"), statistics.median(seconds)


def _copied(path: Path, scratch: Path) -> Path:
    """A folder of the same name with the lock and the manifests that lie beside it."""
    folder = scratch / path.parent.name
    folder.mkdir()
    for name in (path.name, *_BESIDE):
        if (path.parent / name).is_file():
            shutil.copy(path.parent / name, folder / name)
    return folder


def _said(bom: Bom, name: str) -> Truth:
    keys = {
        c.ref: key for c in bom.components if (key := _key(c)) and (c.kind is Kind.SYSTEM or any(o.path == name for o in c.occurrences))
    }
    packages = {k for k in keys.values() if not k.startswith("own/")}
    hashes = {(keys[c.ref], text) for c in bom.components if c.ref in keys for text in _hashes(c)}
    edges = {
        (keys[e.source], keys[e.target]) for e in bom.edges if e.relation is Relation.DEPENDS_ON and e.source in keys and e.target in keys
    }
    if kind_of(Path(name)) == "environment.yml":
        packages = {p.partition("@")[0] for p in packages}
    return Truth(packages, {(k, h) for k, h in hashes if not k.startswith("own/")}, {(s, t) for s, t in edges if s != t})


def _key(component: Component) -> str:
    if component.kind is Kind.SYSTEM:
        return f"own/{component.name}"
    return f"{component.upstream}/{component.name}@{component.version}" if component.upstream in _REGISTRIES else ""


def _hashes(component: Component) -> list[str]:
    held = [str(f.digest) for f in component.files] + [str(d) for d in component.digests]
    held += [text for name, text in component.properties if name in {"yarn-checksum", "go-sum"}]
    return held + [f"/go.mod {text}" for name, text in component.properties if name == "go-mod-sum"]


_LARGE = 20_000
"""Bytes of a lock from which on its tool is asked."""


def _tools(locks: dict[str, list[Path]]) -> None:
    """A table of the needs that the tools print of their own locks, and how many of them ours has not."""
    print("\n| what prints needs | locks that it answers for | needs | lost here |\n|---|---|---|---|")
    for kind, command in (("package-lock.json", "npm ls"), ("uv.lock", "uv tree"), ("pnpm-lock.yaml", "pnpm list")):
        large = [path for path in locks[kind] if path.stat().st_size >= _LARGE]
        answers = [(theirs, path) for path in large if (theirs := asked(kind, path))]
        lost: set[tuple[str, ...]] = set()
        for theirs, path in answers:
            ours = _ours(path)[0]
            own = {f"{e.partition('/')[2]}" for pair in ours.edges for e in pair if e.startswith("own/")}
            lost |= {
                (path.parent.name, *pair)
                for pair in theirs - ours.edges
                if not any(key.split("/", 1)[1].rpartition("@")[0] in own for key in pair)
            }
        print(f"| {command} | {len(answers)} of {len(large)} | {sum(len(t) for t, _ in answers)} | {len(lost)} |", flush=True)
        if lost:
            sys.stderr.write(f"{command}: lost {sorted(lost)[:8]}\n")


def _peers(locks: dict[str, list[Path]]) -> None:
    """A table of what other tools name of the largest lock of each kind, in its folder by itself; needs of the project itself are not asked of them."""
    print("\n| tool | kind | largest lock, in | packages | hashes | edges | wall, s |\n|---|---|---|---|---|---|---|")
    for tool, kinds in _PEERS.items():
        program = shutil.which(tool)
        if program is None:
            print(f"| {tool} | not measured: it is not installed | | | | | |")
            continue
        for kind, arguments in kinds.items():
            if locks[kind]:
                _peer(tool, program, kind, locks[kind], arguments)


_CDXGEN = ["--no-install-deps", "--no-banner", "-o", "OUTPUT"]
_PEERS: dict[str, dict[str, list[str]]] = {
    "cyclonedx-py": {
        "poetry.lock": ["poetry", "--of", "JSON", "-o", "OUTPUT", "FOLDER"],
        "Pipfile.lock": ["pipenv", "--of", "JSON", "-o", "OUTPUT", "FOLDER"],
        "requirements": ["requirements", "--of", "JSON", "-o", "OUTPUT", "LOCK"],
    },
    "cdxgen": {
        **{
            k: ["-t", "python", *_CDXGEN, "FOLDER"]
            for k in ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "requirements", "pixi.lock")
        },
        **{k: ["-t", "js", *_CDXGEN, "FOLDER"] for k in ("package-lock.json", "pnpm-lock.yaml", "yarn.lock")},
        "Cargo.lock": ["-t", "rust", *_CDXGEN, "FOLDER"],
        "go.mod + go.sum": ["-t", "go", *_CDXGEN, "FOLDER"],
    },
    "syft": {k: ["scan", "dir:FOLDER", "-q", "-o", "cyclonedx-json=OUTPUT"] for k in KINDS},
}
_PATIENCE = 60
"""Seconds that a peer is waited for."""


def _peer(tool: str, program: str, kind: str, paths: list[Path], arguments: list[str]) -> None:
    path = max(paths, key=lambda p: p.stat().st_size)
    with tempfile.TemporaryDirectory() as scratch:
        folder = _copied(path, Path(scratch))
        output = Path(scratch) / "theirs.json"
        places = {"OUTPUT": str(output), "LOCK": str(folder / path.name)}
        used = used_by(
            [
                "timeout",
                str(_PATIENCE),
                program,
                *(places.get(a, a.replace("FOLDER", str(folder)).replace("OUTPUT", str(output))) for a in arguments),
            ]
        )
        if used.status or not output.is_file():
            print(f"| {tool} | {kind} | {path.parent.name} | no answer in {used.wall:.0f} s | | | |", flush=True)
            return
        theirs = _theirs(json.loads(output.read_bytes()))
    truth = truth_of(path)
    truth = truth._replace(edges={edge for edge in truth.edges if not any(key.startswith("own/") for key in edge)})
    counts = [Count().with_(t, o) for t, o in zip(truth, theirs, strict=True)]
    print(f"| {tool} | {kind} | {path.parent.name} | {' | '.join(map(str, counts))} | {used.wall:.1f} |", flush=True)


def _theirs(document: dict[str, Any]) -> Truth:
    """Packages by their purl, hashes of a component or of its distribution references, edges between packages."""
    keys, hashes = {}, set()
    for row in document.get("components", ()):
        match = re.match(
            r"pkg:(pypi|npm|cargo|golang|conda)/([^@?#]+)(?:@([^?#]*))?",
            row.get("purl", "").replace("%40", "@", 1) if "npm/%40" in row.get("purl", "") else row.get("purl", ""),
        )
        scoped = re.match(r"pkg:(npm)/(@[^@?#]+)(?:@([^?#]*))?", row.get("purl", "").replace("%40", "@"))
        if match := scoped or match:
            name = canonicalize_name(match[2]) if match[1] == "pypi" else match[2]
            key = f"{match[1]}/{name}@{row.get('version', '')}"
            keys[row.get("bom-ref", key)] = key
            told = [*row.get("hashes", ()), *(h for r in row.get("externalReferences", ()) for h in r.get("hashes", ()))]
            hashes |= {(key, f"{h['alg'].replace('SHA-', 'sha').lower()}:{h['content']}") for h in told}
    rows = ((keys.get(d["ref"]), keys.get(t)) for d in document.get("dependencies", ()) for t in d.get("dependsOn", ()))
    return Truth(set(keys.values()), hashes, {(s, t) for s, t in rows if s and t})


if __name__ == "__main__":
    sys.exit(main())
