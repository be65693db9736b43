"""What objects of machine code of every format have in common."""

from msgspec import Struct


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
