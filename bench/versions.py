"""Whether versions sort as the real tools sort them: dpkg, rpm and node's semver are asked about thousands of pairs.

`python bench/versions.py [--data FOLDER] [--rpm COMMAND] [--semver FOLDER]`; a tool that is not installed is told as not asked.
"""

import argparse
import json
import lzma
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from lading.versions import Order, debian, rpm, semver

Pair = tuple[str, str]
Oracle = Callable[[list[Pair]], list[int | None]]
COUNT = 4000
_PARTS = {
    "dpkg": (["0", "1", "1.0", "1.00", "2.10", "1.2.3", "10", "1a", "1.0.b2"], ["", "~", "~rc1", "~~", "+dfsg", "+b1", ".1", "a", "~a~", "-1", "-1.1", "-0ubuntu1", "-1~bpo", "-1+deb12u1"], ["", "0:", "1:", "2:"]),
    "rpm": (["0", "1", "1.0", "1.00", "2.10", "1.2.3", "10", "1a", "1.0.b2", "1..2"], ["", "~", "~rc1", "^", "^git1", "^1~2", ".a", "a", "-1", "-1.el9", "-1.el9_1.alma", "-0.1.rc1", "-10"], [""]),
    "semver": (["0.0.0", "1.0.0", "1.0.1", "1.10.0", "2.0.0", "10.0.0"], ["", "-0", "-1", "-alpha", "-alpha.1", "-alpha.beta", "-beta.2", "-beta.11", "-rc.1", "-1a", "-a-b", "+build", "-rc.1+build.5", "-x.7.z.92"], [""]),
}  # fmt: skip


def main() -> int:
    """Print how many pairs were asked and how many differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of OSV records, whose versions are asked about too")
    parser.add_argument("--rpm", default="rpm", help="the rpm command, with what it needs in front")
    parser.add_argument("--semver", type=Path, help="the folder of node's semver")
    options = parser.parse_args()
    oracles: dict[str, tuple[Order, Oracle]] = {
        "dpkg": (debian.key, _dpkg),
        "rpm": (rpm.key, lambda pairs: _rpm(pairs, shlex.split(options.rpm))),
        "semver": (semver.key, lambda pairs: _semver(pairs, options.semver)),
    }
    sys.stdout.write("| real tool | pairs | no version there | differ |\n|---|---:|---:|---:|\n")
    worst = 0
    for name, (order, oracle) in oracles.items():
        pairs = _pairs(name, options.data)
        try:
            answers = oracle(pairs)
        except (OSError, subprocess.CalledProcessError) as e:
            sys.stdout.write(f"| {name} | not asked: {e} | | |\n")
            continue
        invalid = sum(1 for a in answers if a is None)
        differing = [(p, a) for p, a in zip(pairs, answers, strict=True) if a is not None and a != _ours(order, p)]
        worst += len(differing)
        sys.stdout.write(f"| {name} | {len(pairs) - invalid} | {invalid} | {len(differing)} |\n")
        for pair, answer in differing[:5]:
            sys.stderr.write(f"{name}: {pair} is {answer}, ours is {_ours(order, pair)}\n")
    return 1 if worst else 0


def _ours(order: Order, pair: Pair) -> int | None:
    try:
        left, right = order(pair[0]), order(pair[1])
    except ValueError:
        return None
    return (left > right) - (left < right)


def _pairs(name: str, data: Path | None) -> list[Pair]:
    """Pairs of made versions and, for RPM, of those that real records tell."""
    numbers, tails, heads = _PARTS[name]
    made = sorted({f"{h}{n}{t}" for h, n, t in product(heads, numbers, tails)})
    chance = random.Random(20)  # noqa: S311 - no secret
    pairs = [(chance.choice(made), chance.choice(made)) for _ in range(COUNT)]
    real = sorted(set(_real(name, data))) if data else []
    return pairs + [(chance.choice(real), chance.choice(real)) for _ in range(COUNT if real else 0)]


def _real(name: str, data: Path) -> Iterator[str]:
    wanted = {"rpm": "almalinux", "semver": "npm"}.get(name)
    for file in sorted(data.glob(f"*{wanted}*.jsonl.xz")) if wanted else []:
        with lzma.open(file) as stream:
            for line in stream:
                for affected in json.loads(line).get("affected", ()):
                    yield from affected.get("versions", ())
                    for row in affected.get("ranges", ()):
                        yield from (v for event in row["events"] for v in event.values() if v != "0")


def _dpkg(pairs: list[Pair]) -> list[int | None]:
    return [_dpkg_of(pair) for pair in pairs]


def _dpkg_of(pair: Pair) -> int | None:
    for relation, answer in (("lt", -1), ("gt", 1), ("eq", 0)):
        done = subprocess.run(["dpkg", "--compare-versions", pair[0], relation, pair[1]], capture_output=True, check=False)
        if done.stderr:
            return None
        if done.returncode == 0:
            return answer
    return None


def _rpm(pairs: list[Pair], command: list[str]) -> list[int | None]:
    """Asked of rpm's own Lua, a few hundred at a time."""
    if not shutil.which(command[0]):
        raise FileNotFoundError(f"{command[0]} is not installed")
    answers: list[int | None] = []
    for start in range(0, len(pairs), 200):
        calls = " ".join(f'print(rpm.vercmp("{a}","{b}"))' for a, b in pairs[start : start + 200])
        done = subprocess.run([*command, "--eval", f"%{{lua: {calls}}}"], capture_output=True, text=True, check=True)
        answers += [int(n) for n in re.findall(r"-?\d", done.stdout)]
    return answers


def _semver(pairs: list[Pair], folder: Path | None) -> list[int | None]:
    module = json.dumps(str(folder or "semver"))
    script = f"const s=require({module});const p=JSON.parse(require('fs').readFileSync(0));console.log(JSON.stringify(p.map(([a,b])=>s.valid(a)&&s.valid(b)?s.compare(a,b):null)))"
    done = subprocess.run(["node", "-e", script], input=json.dumps(pairs), capture_output=True, text=True, check=True)
    found: list[int | None] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
