"""Every measurement in one command: `python bench/run.py [--corpus DIR] [--peers]`; writes docs/benchmarks.md.

Discovery and speed need the annotated projects in a corpus folder (`bench/discovery/score.py` says how they get there);
what is not at hand is written down as not measured.
"""

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
HEAD = """# Benchmarks

Written by `make bench`; the numbers of the last run of each part, whatever they are. Where a part was not measured, it says so.
[ANNOTATING.md](../bench/discovery/ANNOTATING.md) has the rules of the discovery benchmark; its truth was written by hand, without the
tool, before the tool was run on it. The tool has been improved on these projects since, so expect less on others.

"""


def main() -> int:
    """Run every part and write the page."""
    options = _options()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    peers = ["--peers"] if options.peers else []
    parts = [
        ("Discovery", [str(HERE / "discovery" / "score.py"), "--corpus", str(options.corpus), *peers]),
        ("Speed and memory of a scan", [str(HERE / "scan_speed.py"), "--corpus", str(options.corpus), *peers]),
        ("Installed environments", [str(HERE / "sbom.py"), sys.prefix, *peers]),
        ("Packages of systems", [str(HERE / "packages.py"), *shlex.split(os.environ.get("LADING_BENCH_ROOTS", ""))]),
        ("Locks", [str(HERE / "locks.py"), str(options.locks), *peers]),
        ("Images", [str(HERE / "images.py"), *(["--root", str(options.debian)] if options.debian else []), *peers]),
        ("Start-up", [str(HERE / "startup.py")]),
        ("Reading and writing documents", [str(HERE / "codec.py")]),
        ("Signing and verifying", [str(HERE / "sign.py"), *peers]),
        ("The load gate", [str(HERE / "load.py"), *peers]),
        ("The ledger", [str(HERE / "ledger.py")]),
        ("Before, during and after", [str(HERE / "impact.py")]),
        (
            "Inspection",
            [
                str(HERE / "inspection.py"),
                *(["--peers", os.environ["LADING_BENCH_PEERS"]] if options.peers and "LADING_BENCH_PEERS" in os.environ else []),
                *(["--benign", os.environ["LADING_BENCH_BENIGN"]] if "LADING_BENCH_BENIGN" in os.environ else []),
            ],
        ),
        ("Advisories", [str(HERE / "audit.py"), "--data", str(options.corpus / "advisories"), *peers]),
        ("Orders of versions", [str(HERE / "versions.py"), "--data", str(options.corpus / "advisories")]),
        ("Locking and syncing", [str(HERE / "lock.py")]),
        ("Pinning", [str(HERE / "pin.py"), "--corpus", str(options.corpus), *([str(options.infra)] if options.infra else [])]),
    ]
    page = ROOT / "docs" / "benchmarks.md"
    sections = {}
    for title, command in parts:
        if not options.only or any(title.startswith(name) for name in options.only):
            sys.stderr.write(f"{title} …\n")
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=ROOT)
            called = Path(command[0]).relative_to(ROOT)
            sections[title] = f"`python {called}`; {machine}\n\n{done.stdout.strip() or 'Not measured: ' + done.stderr[-300:]}\n"
    sections = (_sections(page.read_text()) if options.only else {}) | sections
    text = HEAD + "".join(f"\n## {title}\n\n{sections[title]}" for title, _ in parts if title in sections)
    page.write_text(text)
    sys.stdout.write(text)
    return 0


def _sections(page: str) -> dict[str, str]:
    """What the page has already, by title; a heading within what a part prints is no title of a part."""
    pieces = re.split(r"^## (.+)\n\n(?=`python )", page, flags=re.MULTILINE)
    return {title: text.strip() + "\n" for title, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("LADING_BENCH_CORPUS", Path.home() / ".cache" / "lading-bench"))
    parser.add_argument("--corpus", type=Path, default=default, help="folder with the checked-out projects")
    parser.add_argument("--infra", type=Path, help="folder with the projects that are mostly infrastructure")
    parser.add_argument("--locks", type=Path, default=default / "locks", help="folder with the locks of real projects")
    parser.add_argument("--debian", type=Path, help="an unpacked Debian root that images begin with; else debootstrap makes one")
    parser.add_argument("--peers", action="store_true", help="also run the other tools that are installed")
    parser.add_argument(
        "--only", action="append", default=[], metavar="TITLE", help="measure this part alone, and keep the others; may be repeated"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
