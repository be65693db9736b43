"""How long locking and checking 200 artifacts with 5 000 files takes at 20 ms to the hub, and syncing 200 files against a plain parallel download."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from measured import used_by
from simulators.hub import Hub, serving  # the path of the tests comes first

ROUNDS = 3
ARTIFACTS, FILES = 200, 25
LATENCY = 0.02
SYNCED = 200
AT_ONCE = 8
PLAIN = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen
def fetch(row):
    address, place = row.split(" ", 1)
    running = hashlib.sha256()
    with urlopen(address) as answer, open(place, "wb") as out:
        while block := answer.read(1 << 20):
            running.update(block); out.write(block)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(fetch, open(sys.argv[1]).read().splitlines()))
"""


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=4, help="how much is synced")
    options = parser.parse_args()
    sys.stdout.write(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, the hub of the tests on loopback; medians of {ROUNDS} rounds.\n\n"
    )
    with tempfile.TemporaryDirectory() as made:
        _lock(Path(made))
    with tempfile.TemporaryDirectory() as made:
        _sync(Path(made), int(options.gigabytes * (1 << 30)))
    return 0


def _lock(folder: Path) -> None:
    hub = Hub(latency=LATENCY)
    lines = ["from transformers import AutoModel"]
    for number in range(ARTIFACTS):
        hub.repository(f"acme/m{number}", {f"f{n}.json": b"{%d}" % n for n in range(FILES - 1)} | {"model.safetensors": b"w%d" % number})
        lines.append(f'AutoModel.from_pretrained("acme/m{number}")')
    (folder / "app.py").write_text("\n".join(lines))
    with serving(hub) as address:
        lock = _median(lambda: _run(["lock", "--upgrade", "--quiet"], folder, address))
        asked = len(hub.asked)
        check = _median(lambda: _run(["lock", "--check", "--quiet"], folder, address))
        questions = (len(hub.asked) - asked) / ROUNDS / ARTIFACTS
    sys.stdout.write(f"| {ARTIFACTS} artifacts, {ARTIFACTS * FILES} files, {LATENCY * 1000:.0f} ms to the hub | seconds |\n|---|---|\n")
    sys.stdout.write(
        f"| `lading lock` | {lock:.2f} |\n| `lading lock --check`, nothing moved ({questions:.2f} questions for each artifact) | {check:.2f} |\n\n"
    )


def _sync(folder: Path, size: int) -> None:
    hub = Hub()
    data = os.urandom(size // SYNCED)
    hub.repository("acme/big", {f"{n:03}.safetensors": data for n in range(SYNCED)})
    (folder / "app.py").write_text('from transformers import AutoModel\nAutoModel.from_pretrained("acme/big")\n')
    with serving(hub) as address:
        _run(["lock", "--quiet"], folder, address)
        (folder / "plain").mkdir()
        rows = [f"{address}/acme/big/resolve/main/{n:03}.safetensors {folder}/plain/{n:03}" for n in range(SYNCED)]
        (folder / "rows").write_text("\n".join(rows))
        ours, theirs, peaks = [], [], []
        for number in range(ROUNDS):
            ours.append(
                _seconds(lambda number=number: peaks.append(_run(["sync", "--quiet", "--to", str(folder / f"s{number}")], folder, address)))
            )
            theirs.append(_seconds(lambda: subprocess.run([sys.executable, "-c", PLAIN, str(folder / "rows")], check=True)))
            subprocess.run(["rm", "-rf", str(folder / f"s{number}")], check=True)
    a, b = median(ours), median(theirs)
    sys.stdout.write(f"| {size / 1e9:.1f} GB in {SYNCED} files | seconds | MB/s |\n|---|---|---|\n")
    sys.stdout.write(
        f"| `lading sync` | {a:.2f} | {size / a / 1e6:.0f} |\n| {AT_ONCE} threads of urllib with SHA-256 | {b:.2f} | {size / b / 1e6:.0f} |\n\n"
    )
    sys.stdout.write(f"{b / a:.2f} of the speed of the plain download (both share the cores with the server).\n")
    sys.stdout.write(f"Peak memory of `lading sync` with {AT_ONCE} connections: {max(peaks):.0f} MB (limit {64 + 4 * AT_ONCE}).\n")


def _run(arguments: list[str], folder: Path, address: str) -> float:
    """Run lading; its peak memory in MB."""
    command = [sys.executable, "-m", "lading", *arguments]
    used = used_by(command, folder, os.environ | {"HF_ENDPOINT": address})
    if used.status:
        raise subprocess.CalledProcessError(used.status, command)
    return used.memory


def _median(work: Callable[[], None]) -> float:
    return median(_seconds(work) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
