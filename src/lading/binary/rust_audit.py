"""The crates that `cargo auditable` writes into what it builds: compressed JSON in a section of its own (cargo-auditable, PARSING.md)."""

import zlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

SECTIONS = frozenset({".dep-v0", "__DATA,.dep-v0"})
LONGEST = 8 << 20


class Crate(Struct, frozen=True):
    """A crate that is part of the program; what only the build needed says so in `kind`."""

    name: str
    version: str
    kind: str = "runtime"
    root: bool = False


class _Packages(Struct):
    packages: list[Crate]


def crates(data: bytes) -> Iterator[Crate]:
    """The crates that are in the program; ValueError when the section holds anything else."""
    stream = zlib.decompressobj()
    try:
        told = stream.decompress(data, LONGEST)
        if stream.unconsumed_tail:
            raise ValueError("its list of crates is larger than any real one")
        found = msgspec.json.decode(told, type=_Packages)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as e:
        raise ValueError(f"its list of crates cannot be read: {e}") from e
    yield from (c for c in found.packages if not c.root and c.kind == "runtime")
