"""Sensitivity, quiet, time and memory of inspections, beside four other scanners: `python bench/inspection.py [--peers PYTHON] [--benign FOLDER…]`.

The samples are those of `attacks/`; benign ones are the benign samples and every file of the folders that are given (`tests/ml/benign_files.py` writes one with the
libraries that are at hand). A sample is right when the verdict is one of those that its maker names; for the others, `refused` counts as unscannable.
"""

import argparse
import json
import os
import pickle
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent)]

PEERS = ("picklescan", "fickling", "modelscan", "modelaudit")
_MEANS = {"unscannable": "refused", "benign": "clean"}


@dataclass(frozen=True)
class File:
    """One file, or folder, and the answers that are right for it."""

    name: str
    family: str
    right: frozenset[str]

    @property
    def must(self) -> bool:
        """Whether it must not be called clean."""
        return "clean" not in self.right


def lay_out(folder: Path, benign: list[Path]) -> list[File]:
    """Every sample and every benign file in a folder, under a name of its own."""
    from attacks import samples  # noqa: PLC0415 - after the path is set

    files = []
    for sample in samples():
        target = folder / f"{len(files):04}"
        target.mkdir()
        sample.write(target)
        files.append(File(target.name, sample.family, frozenset(_MEANS.get(r, r) for r in sample.right)))
    for path in sorted(p for b in benign for p in b.rglob("*") if p.is_file()):
        target = folder / f"{len(files):04}"
        target.mkdir()
        shutil.copy(path, target / path.name)
        files.append(File(target.name, "written by libraries", frozenset({"clean"})))
    return files


def own(folder: Path, files: list[File]) -> dict[str, str]:
    """What an inspection says."""
    from lading.core.inspection import verdict  # noqa: PLC0415 - as above
    from lading.inspect import inspect_all  # noqa: PLC0415 - after the path is set

    return {f.name: _MEANS.get(v, v) for f in files if (v := str(verdict(list(inspect_all([folder / f.name])))))}


def peer(name: str, python: str, folder: Path) -> dict[str, str]:
    """What another scanner says."""
    quiet = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "NO_ANALYTICS": "1"}
    if name == "fickling" and "LADING_BENCH_TORCH" in os.environ:  # it reads archives of torch with torch
        quiet["PYTHONPATH"] = os.environ["LADING_BENCH_TORCH"]
    command = [python, str(HERE / "inspection_peers.py"), name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {r["file"]: r["answer"] for r in rows}


def table(files: list[File], answers: dict[str, dict[str, str]]) -> None:
    """Print what each says of what must be flagged and of what is benign."""
    must, quiet = [f for f in files if f.must], [f for f in files if not f.must]
    print(f"{len(must)} samples that must not pass, {len(quiet)} benign files.\n")
    print("| share of | " + " | ".join(answers) + " |\n|---|" + "---|" * len(answers))
    rows = {
        "must not pass: flagged": lambda a: _share(must, a, {"malicious", "suspicious"}),
        "must not pass: flagged or refused": lambda a: _share(must, a, {"malicious", "suspicious", "refused"}),
        "must not pass: called clean": lambda a: _share(must, a, {"clean"}),
        "benign: called malicious": lambda a: _share(quiet, a, {"malicious"}),
        "benign: called suspicious": lambda a: _share(quiet, a, {"suspicious"}),
        "benign: refused": lambda a: _share(quiet, a, {"refused"}),
        "right verdict over everything": lambda a: f"{100 * sum(a.get(f.name) in f.right for f in files) / len(files):.1f} %",
    }
    for title, row in rows.items():
        print(f"| {title} | " + " | ".join(row(a) for a in answers.values()) + " |")
    print(
        "\nCalled clean though they must not pass, by family:\n\n| family | samples | "
        + " | ".join(answers)
        + " |\n|---|---|"
        + "---|" * len(answers)
    )
    for family in sorted({f.family for f in must}):
        of = [f for f in must if f.family == family]
        print(f"| {family} | {len(of)} | " + " | ".join(str(sum(a.get(f.name) == "clean" for f in of)) for a in answers.values()) + " |")
    wrong = Counter(f.family for f in files if answers["lading"].get(f.name) not in f.right)
    print(f"\nWrong verdicts of lading: {dict(wrong) or 'none'}.")


def _share(files: list[File], answers: dict[str, str], which: set[str]) -> str:
    return f"{100 * sum(answers.get(f.name) in which for f in files) / max(len(files), 1):.1f} %"


def large(folder: Path) -> None:
    """Print time and memory on large files, which are made here."""
    print(
        f"\nMedians of {ROUNDS} rounds in which all of them take turns; CPU of whole processes, and no verdict is remembered from before.\n"
    )
    print("| file | size | CPU seconds | with SHA-256 | the hash alone | times the hash | peak memory |\n|---|---|---|---|---|---|---|")
    _measured([str(HERE)])
    for name, make in LARGE.items():
        path = folder / name
        make(path)
        alone = f"import hashlib,os\nf=os.open({str(path)!r},0)\nh=hashlib.sha256()\nwhile b:=os.read(f,1<<20): h.update(b)"
        runs = {"plain": ([str(path), "--no-digest"], COMMAND), "hashed": ([str(path)], COMMAND), "alone": ([], alone)}
        seconds, memory = _rounds(runs)
        print(
            f"| {name} | {path.stat().st_size >> 20} MiB | {seconds['plain']:.2f} | {seconds['hashed']:.2f} | {seconds['alone']:.2f} "
            f"| {seconds['hashed'] / seconds['alone']:.2f} | {memory['hashed']} MiB |"
        )
        path.unlink()


def small(folder: Path) -> None:
    """Print how long one small file takes from the start of the interpreter to its end, and many of them."""
    path = folder / "small.pkl"
    path.write_bytes(pickle.dumps([1]))
    seconds, memory = _rounds({"bare": ([], "pass"), "one": ([str(path)], COMMAND)}, 3 * ROUNDS)
    many = folder / "many"
    many.mkdir()
    for number in range(1000):
        (many / f"{number}.pkl").write_bytes(pickle.dumps({"a": list(range(200)), "n": number}))
    start = time.perf_counter()
    _measured([str(many)])
    took = time.perf_counter() - start
    print(f"\nStart to verdict on a small file: {seconds['one']:.3f} s CPU and {memory['one']} MiB, {seconds['one'] / seconds['bare']:.1f} times "
          f"a bare interpreter. 1000 small files: {took:.2f} s on {os.cpu_count()} cores.")  # fmt: skip


def hostile() -> None:
    """Print what the dearest of the files costs that are made to cost."""
    done = subprocess.run([sys.executable, str(HERE / "inspection_hostile.py")], capture_output=True, text=True, check=False)
    rows = [line for line in done.stdout.splitlines() if " MiB  " in line]
    dearest = sorted(rows, key=lambda line: -float(line.split(" MiB  ")[1].split()[0]))[:5]
    largest = sorted(rows, key=lambda line: -int(line.split(" s  ")[1].split()[0]))[:5]
    print(f"\nFiles that are made to cost (`python bench/inspection_hostile.py`): {(done.stdout.splitlines() or ['not measured'])[-1]}. "
          "The dearest, and those that take most memory:\n\n```")  # fmt: skip
    print("\n".join(dict.fromkeys([*dearest, *largest])) + "\n```")
    print("\n" + (HERE / "inspection_runs.md").read_text().strip())


def _safetensors(path: Path) -> None:
    header = {f"layer.{n}": {"dtype": "F32", "shape": [MIB // 4], "data_offsets": [n * MIB, (n + 1) * MIB]} for n in range(COUNT)}
    text = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        _numbers(stream)


def _numbers(stream: IO[bytes]) -> None:
    block = os.urandom(MIB)
    for _ in range(COUNT):
        stream.write(block)


def _torch(path: Path) -> None:
    block = os.urandom(MIB)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", b"3\n")
        for number in range(COUNT):
            archive.writestr(f"archive/data/{number}", block)


def _gguf(path: Path) -> None:
    from attacks.tensors import gguf  # noqa: PLC0415 - after the path is set

    tensors = [(f"layer.{n}", [MIB // 4], 0, n * MIB) for n in range(COUNT)]
    with path.open("wb") as stream:
        stream.write(gguf(tensors=tensors, data=b""))
        _numbers(stream)


def _dense(path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - chance, not a secret
    path.write_bytes(pickle.dumps([(chance.random(), f"word {n}", n) for n in range(1_050_000)]))


COUNT, MIB = 1024, 1 << 20
LARGE = {"weights.safetensors": _safetensors, "weights.pt": _torch, "weights.gguf": _gguf, "dense.pkl": _dense}


ROUNDS = 7
COMMAND = "from lading.cli.main import main; main()"


def _rounds(runs: dict[str, tuple[list[str], str]], rounds: int = ROUNDS) -> tuple[dict[str, float], dict[str, int]]:
    """The median CPU seconds and the highest memory of some children that take turns, so that noise meets all of them alike."""
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (arguments, code) in runs.items():
            taken[name].append(_measured(arguments, code))
    return {n: median(s for s, _ in t) for n, t in taken.items()}, {n: max(m for _, m in t) for n, t in taken.items()}


def _measured(arguments: list[str], code: str = COMMAND) -> tuple[float, int]:
    """CPU seconds of a child from its start to its end, seen from outside, and its peak memory in MiB."""
    told = "import sys; sys.stderr.write([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])"
    command = [sys.executable, "-c", f"try:\n exec({code!r})\nfinally:\n {told}", *(["inspect", *arguments] if arguments else [])]
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryFile() as errors:
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src"), "XDG_CACHE_HOME": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has it
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return used.ru_utime + used.ru_stime, int(errors.read().split()[-1]) // 1024


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="", help="a Python that has the other scanners")
    parser.add_argument("--benign", type=Path, nargs="*", default=[])
    parser.add_argument("--no-large", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        files = lay_out(folder, options.benign)
        start, cpu = time.perf_counter(), time.process_time()
        answers = {"lading": own(folder, files)}
        spent = time.process_time() - cpu
        took = time.perf_counter() - start
        for name in PEERS if options.peers else ():
            answers[name] = peer(name, options.peers, folder)
        table(files, answers)
        print(f"\nAll {len(files)} files one after the other: {took:.1f} s, {spent:.1f} s CPU.")
        if not options.no_large:
            large(Path(scratch))
            small(Path(scratch))
            hostile()
    return 0


if __name__ == "__main__":
    sys.exit(main())
