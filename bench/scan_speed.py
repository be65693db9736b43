"""How long a scan takes and how much memory it needs: every project of the corpus, and a made tree of 20 000 files, against cdxgen when asked."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from measured import used_by

ROUNDS = 3
FILES = 20_000


def main() -> int:
    """Print one row per project and the sum of medians."""
    options = _options()
    folders = sorted(p for p in options.corpus.iterdir() if p.is_dir()) if options.corpus.is_dir() else []
    cdxgen = shutil.which("cdxgen") if options.peers else None
    sys.stdout.write(f"Median wall seconds of {ROUNDS} whole-process runs in turn; peak memory of the largest process.\n\n")
    sys.stdout.write("| project | files | lading | memory | cdxgen -t ai | memory |\n|---|---:|---:|---:|---:|---:|\n")
    sums = [0.0, 0.0]
    for folder in folders:
        files = sum(len(names) for base, _, names in os.walk(folder) if "/.git" not in base)
        ours, theirs = _measured(folder, cdxgen)
        sums[0] += ours[0]
        sums[1] += theirs[0] if theirs else 0
        sys.stdout.write(f"| {folder.name} | {files} | {ours[0]:.2f} | {ours[1]} MB | {_cell(theirs)} |\n")
    if folders:
        ratio = f", lading takes {sums[0] / sums[1]:.2f} of cdxgen's time" if sums[1] else ""
        sys.stdout.write(f"\nSum of medians: lading {sums[0]:.1f} s" + (f", cdxgen {sums[1]:.1f} s" if sums[1] else "") + f"{ratio}.\n")
    else:
        sys.stdout.write("\nNo corpus at hand: only the made tree was measured.\n")
    with tempfile.TemporaryDirectory() as made:
        _make(Path(made))
        ours, _ = _measured(Path(made), None)
        sys.stdout.write(f"\nA made tree of {FILES} files: {ours[0]:.1f} s, {ours[1]} MB.\n")
    return 0


def _measured(folder: Path, cdxgen: str | None) -> tuple[tuple[float, int], tuple[float, int] | None]:
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(ROUNDS):
            ours.append(_run([sys.executable, "-m", "lading", "scan", str(folder), "-q", "-o", f"{scratch}/a.cdx.json"], scratch))
            if cdxgen:
                theirs.append(_run([cdxgen, "-t", "ai", "--no-install-deps", "-o", f"{scratch}/b.json", str(folder)], scratch))
    return _middle(ours), _middle(theirs) if theirs else None


def _run(command: list[str], scratch: str) -> tuple[float, int]:
    """Wall seconds and peak memory in MB of a whole process."""
    used = used_by(command, Path(scratch))
    return used.wall, int(used.memory)


def _middle(rows: list[tuple[float, int]]) -> tuple[float, int]:
    return median(t for t, _ in rows), max(m for _, m in rows)


def _cell(row: tuple[float, int] | None) -> str:
    return f"{row[0]:.2f} | {row[1]} MB" if row else "not run | "


def _make(root: Path) -> None:
    """A tree of small Python modules and YAML files in 200 folders."""
    for number in range(FILES):
        folder = root / f"p{number % 200:03}"
        folder.mkdir(exist_ok=True)
        if number % 4 == 0:
            (folder / f"c{number}.yaml").write_text(f"model_name_or_path: acme-lab/model-{number % 50}\nseed: {number}\n")
        else:
            (folder / f"m{number}.py").write_text(f"import os\n\n\ndef f{number}(x):\n    return os.path.join(x, 'a{number}')\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("LADING_BENCH_CORPUS", Path.home() / ".cache" / "lading-bench"))
    parser.add_argument("--corpus", type=Path, default=default)
    parser.add_argument("--peers", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
