"""What objects of machine code of every format have in common."""

from collections.abc import Iterator

from msgspec import Struct

MOST_BYTES = 256 << 20
"""Bytes of one section that are looked through."""


class Section(Struct, frozen=True):
    """A named stretch of the file."""

    name: str
    offset: int
    size: int


class Code(Struct, frozen=True, kw_only=True):
    """A program or library as it describes itself."""

    form: str
    """`ELF`, `Mach-O` or `PE`."""
    machine: str = ""
    soname: str = ""
    """What others ask for it by: SONAME, install name, or the name of its export table."""
    needed: tuple[str, ...] = ()
    runpath: str = ""
    build_id: str = ""
    hardening: tuple[tuple[str, str], ...] = ()
    """What its builder switched on, and what a builder should not have."""
    sections: tuple[Section, ...] = ()

    def stretches(self, names: frozenset[str], size: int, most: int = MOST_BYTES) -> Iterator[tuple[int, int]]:
        """Where the sections of some names lie in a file of a size, each byte once however many of them claim it."""
        position = 0
        for section in sorted((s for s in self.sections if s.name in names), key=lambda s: s.offset):
            start, end = max(section.offset, position), min(section.offset + min(section.size, most), size)
            if end > start:
                yield start, end
                position = end
