"""What the load gate costs: cold and warm loads, an eighth of the tensors, a folder of small files, against no check and hash-then-load."""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import blake3

from lading.load import sealed_path, verified_directory, verify_and_open
from lading.load.engine import BLOCK
from lading.load.memory import private
from lading.sign.files import Files, side_by_side
from lading.sign.model import sign_model
from lading.trust import bundle, keys

GIGABYTE = 1 << 30
TENSORS = 64
SMALL = 200
KEY = keys.generate("ecdsa-p256")
Times = dict[str, tuple[list[float], list[float]]]


class Made:
    """A signed file of weights, a signed folder of small files, a policy."""

    def __init__(self, folder: Path, size: int) -> None:
        self.policy = folder / "lading.toml"
        self.policy.write_text('[[trust]]\nkeys = ["key.pub"]\n')
        (folder / "key.pub").write_bytes(KEY.public.pem)
        self.weights = _weights(folder / "large" / "model.safetensors", size)
        self.small = folder / "small"
        self.small.mkdir()
        for number in range(SMALL):
            (self.small / f"{number:03}.json").write_bytes(os.urandom(20_000))
        for model in (self.weights.parent, self.small):
            (model / "model.sig").write_bytes(bundle.encode(sign_model(Files(model), KEY, (), ("model.sig",))))

    def cold(self) -> None:
        """Drop the pages of the weights, and have memory ready."""
        descriptor = os.open(self.weights, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        self.warm()

    def warm(self) -> None:
        """Have memory ready: the host of a virtual machine takes back what is free, and whoever is first to ask again pays for that."""
        pages = private(self.weights.stat().st_size * 3 // 2)[:: os.sysconf("SC_PAGE_SIZE")]
        pages[:] = bytes(len(pages))


def main() -> int:
    """Print a table for each promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2, help="size of the file of weights")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", action="store_true", help="also hash-then-load by sha256sum and model_signing, where they are installed")
    parser.add_argument("--peak", nargs=2, metavar=("MODEL", "POLICY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        return _peak(*options.peak)
    sys.stdout.write(
        f"Python {platform.python_version()}, blake3 {blake3.__version__}, {os.cpu_count()} cores, one file of {options.gigabytes:g} GiB"
        f" with {TENSORS} tensors; medians of {options.rounds} rounds in turn, in brackets the quickest and the slowest. Cold: the pages of the file were dropped before. Memory: as much was touched and given back before.\n"
    )
    with tempfile.TemporaryDirectory(prefix="lading-bench-") as folder:
        made = Made(Path(folder), int(options.gigabytes * GIGABYTE))
        for temperature in ("cold", "warm"):
            _whole(made, temperature, options.rounds)
        _sealed(made, options.rounds)
        _command(made, options.rounds)
        _eighth(made, options.rounds)
        _small(made, options.rounds)
        _memory(made)
        _cores(made, options.rounds)
        _imports(options.rounds)
        if options.peers:
            _peers(made, max(3, options.rounds // 2))
    return 0


def _whole(made: Made, temperature: str, rounds: int) -> None:
    rows = {"read into private memory, unverified": lambda: plain(made.weights), "lading, verified": lambda: verified(made)}
    if stock := _stock():
        rows["safetensors load_file and touch, unverified"] = lambda: stock(made.weights)
    times = in_turn(rows, rounds, made.cold if temperature == "cold" else made.warm)
    table(f"{temperature}: the whole file into private memory", times)
    ratio("Verified / unverified", times, "lading, verified", "read into private memory, unverified")
    if stock:
        ratio("Verified / safetensors' own", times, "lading, verified", "safetensors load_file and touch, unverified")


def _sealed(made: Made, rounds: int) -> None:
    if not _stock():
        sys.stdout.write("\nSealed memory was not measured: safetensors and torch are not installed.\n")
        return
    from safetensors import safe_open as stock  # noqa: PLC0415 - only where it is installed
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    def copied() -> None:
        """What a loader does that wants tensors which no other process can change: it copies them."""
        with stock(made.weights, "pt") as opened:
            _touch([opened.get_tensor(name).clone() for name in opened.keys()])  # noqa: SIM118 - no mapping

    def sealed() -> None:
        with sealed_path(made.weights, policy=made.policy) as path:
            _touch(load_file(path).values())

    names = ("safetensors safe_open and clone, unverified", "safetensors load_file of sealed memory, verified")
    times = in_turn(dict(zip(names, (copied, sealed), strict=True)), rounds, made.warm)
    table("warm: the real library, by the path of sealed memory", times)
    ratio("Verified / unverified", times, names[1], names[0])
    sys.stdout.write(
        "\nFiles in memory have pages of 4 KiB unless the system grants them large ones; the copies may get large ones, and with that the ratio moves.\n"
    )


def _command(made: Made, rounds: int) -> None:
    """From the start of a command to its end, which does nothing but read a byte of each page."""
    read = [sys.executable, "-c", "import sys; sum(open(sys.argv[1], 'rb').read()[::4096])", str(made.weights)]
    gate = [sys.executable, "-m", "lading", "run", "--policy", str(made.policy), "--model", str(made.weights.parent), "--"]
    times = in_turn(
        {"python reads the file": lambda: _run(read), "the same behind lading run": lambda: _run([*gate, *read])}, rounds, made.warm
    )
    table("warm: a command behind the gate", times)


def _eighth(made: Made, rounds: int) -> None:
    """What one of eight processes loads that share a model."""
    names = [f"t{number}" for number in range(0, TENSORS, 8)]
    header = _header(made.weights)

    def own() -> None:
        descriptor = os.open(made.weights, os.O_RDONLY)
        begin = 8 + header["__begin__"]
        for name in names:
            start, end = header[name]["data_offsets"]
            memory = private(end - start)
            _read_parts(descriptor, begin + start, memory)
        os.close(descriptor)

    def ours() -> None:
        model = verify_and_open(made.weights.parent, policy=made.policy)
        with model.source("model.safetensors") as source:
            begin = 8 + header["__begin__"]
            for name in names:
                start, end = header[name]["data_offsets"]
                source.read(begin + start, begin + end, private(end - start))

    def first() -> None:
        running = hashlib.sha256()
        with made.weights.open("rb", buffering=0) as stream:
            while block := stream.read(1 << 20):
                running.update(block)
        own()

    rows = {"unverified": own, "lading, the covering chunks": ours, "sha256 of the file, then the eighth": first}
    times = in_turn(rows, rounds, made.cold)
    table("cold: an eighth of the tensors", times)
    ratio("Verified / unverified", times, "lading, the covering chunks", "unverified")
    ratio("Hash-then-load / unverified", times, "sha256 of the file, then the eighth", "unverified")


def _small(made: Made, rounds: int) -> None:
    def own() -> None:
        for path in made.small.iterdir():
            path.read_bytes()

    def ours() -> None:
        with verified_directory(made.small, policy=made.policy) as folder:
            for path in folder.iterdir():
                path.read_bytes()

    times = in_turn({"read": own, "verified and read": ours}, rounds * 3)
    table(f"warm: a folder of {SMALL} files", times)
    sys.stdout.write(f"\nThe gate adds {1000 * (median(times['verified and read'][0]) - median(times['read'][0])):.0f} ms.\n")


def _memory(made: Made) -> None:
    """Peak memory of a process that loads the file, beside the file itself."""
    found = subprocess.run(
        [sys.executable, __file__, "--peak", str(made.weights.parent), str(made.policy)], capture_output=True, text=True, check=True
    )
    before, after = map(int, found.stdout.split())
    extra = (after - before) / 1024 - made.weights.stat().st_size / (1 << 20)
    sys.stdout.write(f"\nMemory beside the tensors while they are loaded: {extra:.1f} MiB.\n")


def _peak(model: str, policy: str) -> int:
    opened = verify_and_open(model, policy=policy)
    before = _high_water()
    with opened.source("model.safetensors") as source:
        source.fill(private(source.length))
    sys.stdout.write(f"{before} {_high_water()}")
    return 0


def _high_water() -> int:
    """The most memory that this process ever had, in KiB."""
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(rows["VmHWM"].split()[0])


def _cores(made: Made, rounds: int) -> None:
    rows = {}
    for count in sorted({1, os.cpu_count() or 1}):

        def on(count: int = count) -> None:
            with cores(count):
                verified(made)

        rows[f"{count} core{'s' if count > 1 else ''}"] = on
    times = in_turn(rows, rounds, made.warm)
    table("warm: the same on so many cores", times)


def _imports(rounds: int) -> None:
    """What a program pays that only imports the gate."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # an installed package has it

    def imported(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, env=environment)

    times = in_turn({"bare": imported("pass"), "gate": imported("import lading.load")}, rounds * 3)
    sys.stdout.write(
        f"\nInterpreter with lading.load imported: {median(times['gate'][0]) / median(times['bare'][0]):.1f} times a bare one.\n"
    )


def _peers(made: Made, rounds: int) -> None:
    """Today's practice: hash the file, then load it."""
    model, signature = made.weights.parent, made.weights.parent / "model.sig"
    rows: dict[str, Callable[[], object]] = {"lading, one pass": lambda: verified(made)}
    if shutil.which("sha256sum"):
        rows["sha256sum, then load"] = lambda: (_run(["sha256sum", str(made.weights)]), plain(made.weights))
    if reference := shutil.which("model_signing", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"):
        command = [
            reference,
            "verify",
            "key",
            str(model),
            "--signature",
            str(signature),
            "--public_key",
            str(made.policy.parent / "key.pub"),
        ]
        rows["model_signing, then load"] = lambda: (_run(command), plain(made.weights))
    times = in_turn({"load, unverified": lambda: plain(made.weights), **rows}, rounds, made.cold)
    table("cold: one pass against hash-then-load", times)
    for name in rows:
        ratio(name, times, name, "load, unverified")


def verified(made: Made) -> None:
    """Open by the policy, read and compare the whole file into private memory."""
    model = verify_and_open(made.weights.parent, policy=made.policy)
    with model.source("model.safetensors") as source:
        source.fill(private(source.length))


def plain(path: Path) -> None:
    """Read a file into private memory with the same threads and blocks, and compare nothing."""
    descriptor = os.open(path, os.O_RDONLY)
    _read_parts(descriptor, 0, private(os.fstat(descriptor).st_size))
    os.close(descriptor)


def _read_parts(descriptor: int, begin: int, memory: memoryview) -> None:
    def part(start: int, end: int) -> None:
        while start < end:
            start += os.preadv(descriptor, [memory[start : min(start + BLOCK, end)]], begin + start)

    step = 16 << 20
    side_by_side(part, [(start, min(start + step, len(memory))) for start in range(0, len(memory), step)])


def _stock() -> Callable[[Path], object] | None:
    if not importlib.util.find_spec("torch") or not importlib.util.find_spec("safetensors"):
        return None
    from safetensors.torch import load_file  # noqa: PLC0415 - only where it is installed

    return lambda path: _touch(load_file(path).values())


def _touch(tensors: Iterable[Any]) -> None:
    for tensor in tensors:
        tensor.view(-1)[::1024].sum()


def _weights(path: Path, size: int) -> Path:
    path.parent.mkdir()
    each = size // TENSORS
    header = {f"t{n}": {"dtype": "U8", "shape": [each], "data_offsets": [n * each, (n + 1) * each]} for n in range(TENSORS)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for _ in range(TENSORS):
            stream.write(os.urandom(each))
        stream.flush()
        os.fsync(stream.fileno())
    return path


def _header(path: Path) -> dict[str, dict[str, list[int]]]:
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        return {**json.loads(stream.read(length)), "__begin__": length}


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Only so many cores for this process."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_turn(acts: dict[str, Callable[[], object]], rounds: int, before: Callable[[], object] = lambda: None) -> Times:
    """Wall and processor seconds of each act, all in each round, the first round not counted."""
    times: Times = {name: ([], []) for name in acts}
    names = list(acts)
    for number in range(rounds + 1):
        # whoever is first pays for what the one before left behind: the first place goes round
        for name in (*names[number % len(names) :], *names[: number % len(names)]):
            act = acts[name]
            before()
            start, used = time.perf_counter(), _cpu()
            act()
            if number:
                times[name][0].append(time.perf_counter() - start)
                times[name][1].append(_cpu() - used)
    return times


def table(title: str, times: Times) -> None:
    """A table of walls and processor times."""
    sys.stdout.write(f"\n| {title} | wall | CPU |\n|---|---:|---:|\n")
    for name, (wall, cpu) in times.items():
        sys.stdout.write(f"| {name} | {median(wall):.3f} s ({min(wall):.3f}-{max(wall):.3f}) | {median(cpu):.3f} s |\n")
    sys.stdout.flush()


def ratio(title: str, times: Times, one: str, other: str) -> None:
    """How one compares with another: the median of the ratios of each round."""
    wall = median(a / b for a, b in zip(times[one][0], times[other][0], strict=True))
    cpu = median(a / b for a, b in zip(times[one][1], times[other][1], strict=True))
    sys.stdout.write(f"\n{title}: {wall:.2f} x wall, {cpu:.2f} x CPU.\n")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    sys.exit(main())
