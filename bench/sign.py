"""How long verifying takes: the command on 200 small files, one large file by each digest, the signature and the rules alone, the import."""

import argparse
import hashlib
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import blake3
import cryptography

from lading.policy.rule import TrustRule
from lading.policy.trust import Claim, decide
from lading.sign.files import Files
from lading.sign.model import check, manifest_of, sign_model
from lading.trust import bundle, evidence, keys, model_signing
from lading.trust.evidence import Roots

ROUNDS = 7
SMALL = 200
GIGABYTE = 1 << 30


def main() -> int:
    """Print a table for each promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=4, help="size of the large file")
    parser.add_argument("--peers", action="store_true", help="also run model_signing, where it is installed")
    options = parser.parse_args()
    versions = f"Python {platform.python_version()}, cryptography {cryptography.__version__}, blake3 {blake3.__version__}"
    sys.stdout.write(f"{versions}, {platform.machine()}, {os.cpu_count()} cores; medians of {ROUNDS} rounds in turn.\n\n")
    with tempfile.TemporaryDirectory() as made:
        _commands(Path(made), shutil.which("model_signing") if options.peers else None)
        _large(Path(made), int(options.gigabytes * GIGABYTE))
        _decision(Path(made))
    _imports()
    return 0


def _commands(scratch: Path, reference: str | None) -> None:
    key = keys.generate("ecdsa-p256")
    (scratch / "key.pub").write_bytes(key.public.pem)
    model = scratch / "small"
    model.mkdir()
    for number in range(SMALL):
        (model / f"{number:03}.bin").write_bytes(os.urandom(2000))
    signature = scratch / "small.sig"
    signature.write_bytes(bundle.encode(sign_model(Files(model), key)))
    ours = [sys.executable, "-m", "lading", "verify", str(model), "--key", str(scratch / "key.pub")]
    theirs = [reference or "", "verify", "key", str(model), "--signature", str(signature), "--public_key", str(scratch / "key.pub")]
    rows = _in_turn({"lading verify": lambda: _run(ours), **({"model_signing verify": lambda: _run(theirs)} if reference else {})})
    sys.stdout.write(f"| command on {SMALL} files | wall |\n|---|---:|\n")
    sys.stdout.writelines(f"| {name} | {1000 * wall:.0f} ms |\n" for name, wall in rows.items())
    if reference:
        sys.stdout.write(f"\nmodel_signing takes {rows['model_signing verify'] / rows['lading verify']:.1f} times as long.\n")


def _large(scratch: Path, size: int) -> None:
    folder = scratch / "large"
    folder.mkdir()
    block = os.urandom(1 << 24)
    with (folder / "weights.bin").open("wb") as stream:
        for _ in range(size // len(block)):
            stream.write(block)
    files = Files(folder)
    manifest = manifest_of(files)

    def bare() -> None:
        running, buffer = hashlib.sha256(), bytearray(1 << 20)
        with (folder / "weights.bin").open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                running.update(memoryview(buffer)[:count])

    def whole() -> None:
        assert not check(files, manifest, whole=True).differences

    def index() -> None:
        assert not check(files, manifest).differences

    rows = {"bare hashlib sha256": bare, "lading, whole file, sha256": whole, "lading, index of chunks, blake3": index}
    times = {name: ([], []) for name in rows}  # type: dict[str, tuple[list[float], list[float]]]
    for _ in range(3):
        for name, act in rows.items():
            start, used = time.perf_counter(), _cpu()
            act()
            times[name][0].append(time.perf_counter() - start)
            times[name][1].append(_cpu() - used)
    gigabytes = files.root.joinpath("weights.bin").stat().st_size / GIGABYTE
    sys.stdout.write(f"\n| one file of {gigabytes:.1f} GiB | wall | CPU |\n|---|---:|---:|\n")
    sys.stdout.writelines(f"| {name} | {median(w):.2f} s | {median(c):.2f} s |\n" for name, (w, c) in times.items())
    base, ours, chunks = (median(times[name][1]) for name in rows)
    sys.stdout.write(
        f"\nWhole file: {base / ours:.2f} of the speed of bare hashlib by CPU; the index of chunks takes {ours / chunks:.1f} times less CPU.\n"
    )


def _decision(scratch: Path) -> None:
    """Signature, statement, manifest and rules for a model of 200 files, without the files."""
    data = (scratch / "small.sig").read_bytes()
    roots = Roots((keys.load_public((scratch / "key.pub").read_bytes(), "key"),))
    now = datetime.now(UTC)

    def act() -> None:
        found = evidence.verify(bundle.decode(data), roots, now)
        model_signing.decode(found.statement)
        decide(TrustRule(), [Claim("s", found.signer, predicate=found.statement.predicate_type)], datetime.now(UTC))

    rows = _in_turn({"signature and rules": act}, 50)
    sys.stdout.write(f"\nSignature, statement and rules for {SMALL} files: {1000 * rows['signature and rules']:.2f} ms.\n")


def _imports() -> None:
    def imported(code: str) -> Callable[[], float]:
        return lambda: _run([sys.executable, "-c", code])

    rows = _in_turn({"bare": imported("pass"), "verifier": imported("import lading.sign.verify")}, 15)
    sys.stdout.write(
        f"\nInterpreter with the verifier imported: {rows['verifier'] / rows['bare']:.1f} times a bare one ({1000 * rows['bare']:.0f} ms).\n"
    )


def _in_turn(acts: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            start = time.perf_counter()
            act()
            times[name].append(time.perf_counter() - start)
    return {name: median(found) for name, found in times.items()}


def _run(command: list[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # an installed package has it
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
