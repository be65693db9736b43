"""Score lading and its peers on the annotated projects: `python bench/discovery/score.py [--corpus DIR] [--peers] [--misses] [NAME…]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lading_answer
import peers
from truth import AI, Project, Score, projects, score

DEFAULT_CORPUS = Path(os.environ.get("LADING_BENCH_CORPUS", Path.home() / ".cache" / "lading-bench"))


def main() -> int:
    """Print one table per tool; with `--misses` every artifact that lading got wrong."""
    options = _options()
    wanted = [p for p in projects() if not options.names or p.name in options.names]
    tools = {"lading": lading_answer.answer, **(peers.PEERS if options.peers else {})}
    for tool, answer in tools.items():
        _measure(tool, answer, wanted, options)
    return 0


def _measure(tool: str, answer: object, wanted: list[Project], options: argparse.Namespace) -> None:
    total = Score()
    seconds = 0.0
    rows: list[str] = []
    for project in wanted:
        folder = checkout(project, options.corpus)
        if folder is None:
            rows.append(f"| {project.name} | not at hand: `git clone` it into the corpus folder |" + " |" * 6)
            continue
        start = time.perf_counter()
        reported = answer(folder)  # type: ignore[operator]
        seconds += time.perf_counter() - start
        if reported is None:
            sys.stdout.write(f"\n## {tool}: not installed, not run\n")
            return
        result = score(project, reported)
        total.add(result)
        rows.append(_row(project.name, result))
        if options.misses and tool == "lading":
            _explain(project, result)
    sys.stdout.write(f"\n## {tool} ({seconds:.1f} s)\n\n{HEADER}\n" + "\n".join([*rows, _row("**all**", total)]) + "\n")
    sys.stdout.write("\nBy kind: " + ", ".join(f"{k} {total.found.get(k, 0)}/{n}" for k, n in sorted(total.truth.items())) + "\n")


HEADER = (
    "| project | AI recall | images, IaC | actions | precision | pin right | place right | kind right |\n|---|---|---|---|---|---|---|---|"
)


def _row(name: str, s: Score) -> str:
    def recall(kinds: set[str] | frozenset[str]) -> str:
        return _rate(sum(s.found.get(k, 0) for k in kinds), sum(s.truth.get(k, 0) for k in kinds))

    found = sum(s.found.values())
    cells = (
        recall(AI),
        recall({"image", "infrastructure"}),
        recall({"action"}),
        _rate(s.right, s.reported),
        _rate(s.pins_right, s.pins),
        _rate(s.places_right, s.places),
        _rate(s.kinds_right, found),
    )
    return f"| {name} | " + " | ".join(cells) + " |"


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part}/{whole})" if whole else "-"


def _explain(project: Project, result: Score) -> None:
    write = sys.stdout.write
    write(f"\n# {project.name}\n")
    for artifact in result.missed:
        write(f"  missed  {artifact.kind:14} {artifact.name}  {' '.join(artifact.at[:3])}\n")
    for reported in result.wrong:
        write(f"  wrong   {reported.kind:14} {sorted(reported.names)}  {' '.join(reported.places[:3])}\n")
    for artifact, reported in result.wrong_pins:
        write(f"  pin     {artifact.name}: truth {artifact.pin} {artifact.revision!r}, reported {reported.pin} {reported.version!r}\n")
    for artifact, reported in result.wrong_places:
        write(f"  place   {artifact.name}: truth {artifact.at[:3]}, reported {reported.places[:3]}\n")


def checkout(project: Project, corpus: Path) -> Path | None:
    """The project's folder in the corpus at the annotated commit; cloned when the network allows, None when it cannot be had."""
    folder = corpus / project.source.replace("/", "+")
    if not folder.is_dir():
        url = f"https://github.com/{project.source}"
        done = subprocess.run(["git", "clone", "--quiet", url, str(folder)], check=False, capture_output=True)
        if done.returncode:
            return None
    head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=False, capture_output=True, text=True).stdout.strip()
    if project.commit and head != project.commit:
        subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", project.commit], check=False, capture_output=True)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="projects by file name; all when none is given")
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS, help="folder with the checked-out projects (owner+name)")
    parser.add_argument("--peers", action="store_true", help="also run cdxgen, ai-bom and the regex baseline")
    parser.add_argument("--misses", action="store_true", help="list what lading missed or got wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
