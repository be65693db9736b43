"""The followed unpickler against the real ones: `python bench/pickle_differential.py [--count N] [--seed S]`.

Pickles are generated and mutated; every one that an inspection calls benign is given to both unpicklers of CPython with a `find_class` that records and
imports nothing. It is a failure when one of them looks up a name that is not on the tables of harmless names.
"""

import argparse
import io
import pickle
import random
import resource
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Self

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent)]

from attacks import samples  # noqa: E402
from lading.core.inspection import Grade  # noqa: E402
from lading.inspect import inspect_bytes  # noqa: E402
from lading.pickles.known import canonical, rules  # noqa: E402

NAMES = ["collections OrderedDict", "os system", "builtins eval", "builtins getattr", "builtins set", "acme thing", "torch._utils _rebuild_tensor_v2",
         "collections OrderedDict.fromkeys", "numpy dtype", "copyreg _reconstructor", "builtins object", "datetime date", "__builtin__ set", "posix system"]  # fmt: skip
TEXTS = [w for n in NAMES for w in n.split()] + ["x", ""]
SIMPLE = b"N\x88\x89)]}(0120tlde\x85\x86\x87asu\x8f\x90\x91R\x81\x92b\x93\x94oQ\x97\x98."


class _Anything:
    """Stands for whatever a name would be; takes every call, state and item, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> Self:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __call__(self, *_: object, **__: object) -> "_Anything":
        return _Anything()

    def __setstate__(self, state: object) -> None:
        pass

    def append(self, item: object) -> None:
        pass

    def extend(self, items: object) -> None:
        pass

    def add(self, item: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass


def recorded(data: bytes, base: type) -> list[tuple[str, str]]:
    """The names that an unpickler looks up before it ends or fails."""
    found: list[tuple[str, str]] = []

    class Recorder(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> type:
            found.append((module, name))
            return _Anything

        def persistent_load(self, _: object) -> object:
            return _Anything()

        def get_extension(self, code: int) -> None:
            found.append(("copyreg", f"extension {code}"))

    stream = io.BytesIO(data)
    for _ in range(5):
        try:
            Recorder(stream).load()
        except Exception:  # noqa: BLE001 - whatever it raises, it stops here
            break
    return found


def generated(chance: random.Random) -> bytes:
    """A random pickle: opcodes with arguments that make some sense."""
    out = bytearray(b"\x80" + bytes([chance.randrange(6)]) if chance.random() < 0.7 else b"")  # noqa: PLR2004
    for _ in range(chance.randrange(1, 40)):
        out += _opcode(chance)
    return bytes(out + (b"." if chance.random() < 0.9 else b""))  # noqa: PLR2004


def _opcode(chance: random.Random) -> bytes:
    kind = chance.randrange(14)
    text = chance.choice(TEXTS).encode()
    number = chance.choice([0, 1, 2, 3, 5, 255, 256])
    choices = {
        0: lambda: b"c" + b"\n".join(p.encode() for p in chance.choice(NAMES).split()) + b"\n", 1: lambda: b"X" + struct.pack("<I", len(text)) + text,
        2: lambda: b"\x8c" + bytes([len(text)]) + text, 3: lambda: b"q" + bytes([number % 256]), 4: lambda: b"h" + bytes([number % 256]),
        5: lambda: b"p%d\n" % number, 6: lambda: b"g%d\n" % number, 7: lambda: b"I%s\n" % chance.choice([b"1", b"01", b"0x10", b"0o7", b"x"]),
        8: lambda: b"V" + text + b"\n", 9: lambda: b"S'" + text + b"'\n", 10: lambda: b"i" + b"\n".join(p.encode() for p in chance.choice(NAMES).split()) + b"\n",
        11: lambda: b"r" + struct.pack("<I", number), 12: lambda: b"j" + struct.pack("<I", number),
    }  # fmt: skip
    return choices.get(kind, lambda: bytes([chance.choice(SIMPLE)]))()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A pickle with a few bytes changed, put in, taken out or repeated."""
    out = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(out) + 1)
        what = chance.randrange(4)
        if what == 0 and out:
            out[place % len(out)] = chance.randrange(256)
        elif what == 1:
            out[place:place] = _opcode(chance)
        elif what == 2:  # noqa: PLR2004 - one of four
            del out[place : place + chance.randrange(1, 6)]
        else:
            out[place:place] = out[max(place - 8, 0) : place]
    return bytes(out)


def main() -> int:
    """Run, and say how many were called what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    chance = random.Random(options.seed)  # noqa: S311 - chance, not a secret
    seeds = [c for s in samples() if s.family.startswith("pickle") and isinstance(c := s.make(), bytes) and len(c) < 400]  # noqa: PLR2004
    values = [1, "x", [1, 2], {"a": (1, 2.5)}, {1, 2}, b"abc", Counter("aab"), None, time.struct_time(range(9)), random.Random]
    seeds += [pickle.dumps(v, protocol=p) for v in values for p in range(6)]
    grades: Counter[str] = Counter()
    failures = 0
    for _ in range(options.count):
        data = generated(chance) if chance.random() < 0.5 else mutated(chance.choice(seeds), chance)  # noqa: PLR2004
        result = inspect_bytes(data, "x.pkl")
        grades[result.grade] += 1
        if any(o.rule == "scanner-failed" for o in result.observations):
            failures += 1
            print(f"a scanner failed on {data!r}: {result.observations}")
        if result.grade is not Grade.BENIGN:
            continue
        for base in (pickle.Unpickler, pickle._Unpickler):  # noqa: SLF001 - the one in Python
            strange = [f"{m}.{n}" for m, n in recorded(data, base) if canonical(m, n) not in rules()]
            if strange:
                failures += 1
                print(f"called benign, and looks up {strange}: {data!r}")
    told = ", ".join(f"{n} {g}" for g, n in sorted(grades.items()))
    print(f"{options.count} pickles of seed {options.seed}: {told}; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
