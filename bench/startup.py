"""How long a person waits for the first letter: `lading` against a bare interpreter, in paired runs, medians."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

import lading

ROUNDS = 15
DEMO = Path(__file__).parent.parent / "examples" / "support-assistant"
LIMITS = {"bare interpreter": 1.0, "lading --help": 6.0, "scan of an empty folder": 25.0, "scan of a small repository": 25.0}


def main() -> int:
    """Print the ratios and say which exceed their limit."""
    with tempfile.TemporaryDirectory() as empty:
        times = measured(commands(Path(empty)))
    bare = times["bare interpreter"]
    print(f"Python {platform.python_version()}, click {version('click')}, msgspec {msgspec.__version__}, lading {lading.__version__}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, median of {ROUNDS} paired rounds\n")
    print("| what | median | times bare | limit |\n|---|---:|---:|---:|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds * 1000:.0f} ms | {seconds / bare:.1f} | {LIMITS[name]:.0f} |")
    return any(seconds / bare > LIMITS[name] for name, seconds in times.items())


def commands(empty: Path) -> dict[str, list[str]]:
    """What is run, by name."""
    run = [sys.executable, "-m", "lading"]
    return {
        "bare interpreter": [sys.executable, "-c", "pass"],
        "lading --help": [*run, "--help"],
        "scan of an empty folder": [*run, "scan", str(empty)],
        "scan of a small repository": [*run, "scan", str(DEMO)],
    }


def measured(programs: dict[str, list[str]]) -> dict[str, float]:
    """The median time of each; every round runs all of them, so that noise of the machine meets all alike."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # an installed package has it
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS + 1):
        for name, program in programs.items():
            started = time.perf_counter()
            subprocess.run(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
            taken[name].append(time.perf_counter() - started)
    return {name: median(times[1:]) for name, times in taken.items()}


def version(package: str) -> str:
    """The installed version of a package."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - click has no cheap __version__

    return installed(package)


if __name__ == "__main__":
    sys.exit(main())
