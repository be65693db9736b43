"""Changed torch archives through torch's own reader and through an inspection: `python bench/zip_differential.py [--count N] [--seed S]`, with a Python that has torch.

It is a failure when torch's reader takes a pickle that runs something for `data.pkl`, and the inspection calls the archive benign. Torch only hands out the bytes: nothing is unpickled.
"""

import argparse
import io
import random
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent)]

import torch  # noqa: E402

from bench.fuzzing.changes import Material, changed  # noqa: E402
from lading.core.inspection import Grade  # noqa: E402
from lading.inspect import inspect_bytes  # noqa: E402

EVIL = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R."
GOOD = b"\x80\x02}q\x00."
NAMES = (
    "archive/data.pkl",
    "archive/DATA.PKL",
    "archive/dat_.pkl",
    "other/data.pkl",
    "archive/data.pkl/",
    "archive\\data.pkl",
    "archive/version",
    "archive/data/0",
)
MARKS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08")


def generated(chance: random.Random) -> bytes:
    """An archive of a few members, some of them twice, stored or deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for _ in range(chance.randrange(2, 6)):
            method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            archive.writestr(zipfile.ZipInfo(chance.choice(NAMES)), chance.choice((EVIL, GOOD)), method)
        archive.writestr("archive/version", b"3\n")  # torch refuses an archive without one
    return out.getvalue()


def headers(data: bytes, chance: random.Random) -> bytes:
    """The archive with bytes of its headers changed."""
    out = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        place = out.find(chance.choice(MARKS), chance.randrange(len(out)))
        if place >= 0:
            at = place + chance.randrange(46)
            if at < len(out):
                out[at] = chance.choice((0, 1, 8, 0x20, 0x40, 0xFF, chance.randrange(256)))
    return bytes(out)


def mixed(data: bytes, chance: random.Random) -> bytes:
    """The archive with any of its bytes changed."""
    return changed(data, chance, Material([data, EVIL], [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"data.pkl"]))


def taken(data: bytes) -> bytes:
    """What torch's reader takes for the pickle; nothing where it refuses the archive."""
    try:
        return bytes(torch._C.PyTorchFileReader(io.BytesIO(data)).get_record("data.pkl"))  # noqa: SLF001 - the reader of torch.load
    except (RuntimeError, ValueError, UnicodeDecodeError):
        return b""


def main() -> int:
    """Run, and say how many were read by torch and called what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - chance, not a secret
    warnings.simplefilter("ignore")
    grades: Counter[str] = Counter()
    failures = 0
    for _ in range(options.count):
        data = chance.choice((headers, headers, mixed, lambda d, _: d))(generated(chance), chance)
        read = taken(data)
        if b"os\nsystem" not in read:
            grades["not read, or harmless"] += 1
            continue
        grade = inspect_bytes(data, "model.pt").grade
        grades[str(grade)] += 1
        if grade is Grade.BENIGN:
            failures += 1
            print(f"torch reads {read!r} of what is called benign: {data!r}")
    told = ", ".join(f"{n} {g}" for g, n in sorted(grades.items()))
    print(f"{options.count} archives of seed {options.seed}, torch {torch.__version__}: {told}; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
