"""ELF: what a shared object says of itself, read in place; a header that lies gives less, never an error outside of ValueError."""

import struct
from collections.abc import Iterator
from itertools import islice

from lading.binary.code import Code, Section
from lading.binary.window import Window
from lading.core.pattern import pattern

MOST_HEADERS = 4_096
MOST_ENTRIES = 65_536
MOST_NOTES = 64
LONGEST_NAME = 1_024
_DYNAMIC, _NOTE, _STACK, _RELRO, _LOAD = 2, 4, 0x6474E551, 0x6474E552, 1
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH, _FLAGS, _FLAGS_1 = 1, 5, 10, 14, 15, 29, 30, 0x6FFFFFFB
_TEXTREL, _DF_TEXTREL = 22, 4
MOST_NAMES = 16 << 20
_FORTIFIED = pattern(rb"\0__(?:mem|str|v?s?n?printf|v?f?printf|read|fgets|poll|recv)[a-z]*_chk\0")
_MACHINES = {3: "x86", 40: "arm", 62: "x86_64", 183: "aarch64", 190: "cuda", 21: "ppc64", 22: "s390", 243: "riscv", 258: "loongarch"}


class _Reader:
    def __init__(self, window: Window) -> None:
        head = window.read(0, 64)
        if len(head) < 52 or head[:4] != b"\x7fELF" or head[4] not in {1, 2} or head[5] not in {1, 2}:  # noqa: PLR2004 - the shortest header
            raise ValueError("it is no ELF file")
        self.window, self.wide, self.order = window, head[4] == 2, "<" if head[5] == 1 else ">"  # noqa: PLR2004 - the 64-bit class
        layout = "HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH"
        values = self.unpack(layout, 16)
        if values is None:
            raise ValueError("its header is cut off")
        self.machine = _MACHINES.get(values[1], f"machine {values[1]}")
        self.program, self.section = values[4], values[5]
        self.program_size, self.program_count, self.section_size, self.section_count, self.names = values[8:13]

    def unpack(self, layout: str, start: int) -> tuple[int, ...] | None:
        size = struct.calcsize(self.order + layout)
        data = self.window.read(start, size)
        return struct.unpack(self.order + layout, data) if len(data) == size else None

    def programs(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Type, flags, offset, address and size of every segment."""
        for number in range(min(self.program_count, MOST_HEADERS)):
            row = self.unpack("IIQQQQQQ" if self.wide else "IIIIIIII", self.program + number * self.program_size)
            if row is None:
                return
            kind, flags, offset, address, size = (
                (row[0], row[1], row[2], row[3], row[5]) if self.wide else (row[0], row[6], row[1], row[2], row[4])
            )
            yield kind, flags, offset, address, size

    def sections(self) -> Iterator[Section]:
        rows = []
        for number in range(min(self.section_count, MOST_HEADERS)):
            row = self.unpack("IIQQQQIIQQ" if self.wide else "IIIIIIIIII", self.section + number * self.section_size)
            if row is None:
                return
            rows.append(row)
        if self.names < len(rows):
            table = rows[self.names][4]
            for row in rows:
                yield Section(self.text(table + row[0]), row[4], 0 if row[1] == 8 else row[5])  # noqa: PLR2004 - no bits in the file

    def text(self, start: int) -> str:
        return self.window.read(start, LONGEST_NAME).partition(b"\0")[0].decode("utf-8", "replace")

    def dynamic(self, offset: int, size: int) -> Iterator[tuple[int, int]]:
        step = 16 if self.wide else 8
        for number in range(size // step):
            row = self.unpack("QQ" if self.wide else "II", offset + number * step)
            if row is None or row[0] == 0:
                return
            yield row[0], row[1]


def read(window: Window) -> Code:
    """What a file says of itself; ValueError when it is no ELF file."""
    reader = _Reader(window)
    segments = list(reader.programs())
    loads = [(a, o, s) for kind, _, o, a, s in segments if kind == _LOAD]
    entries = list(islice((e for kind, _, o, _, s in segments if kind == _DYNAMIC for e in reader.dynamic(o, s)), MOST_ENTRIES))
    one = dict(entries)
    strings = _offset(one.get(_STRTAB, -1), loads)

    def text(tag: int) -> list[str]:
        return [reader.text(strings + value) for kind, value in entries if kind == tag] if strings >= 0 else []

    notes = ((o, s) for kind, _, o, _, s in segments if kind == _NOTE)
    now = bool(one.get(_FLAGS, 0) & 8 or one.get(_FLAGS_1, 0) & 1)
    relro = any(kind == _RELRO for kind, *_ in segments)
    stack = any(kind == _STACK and flags & 1 for kind, flags, *_ in segments)
    return Code(
        form="ELF",
        machine=reader.machine,
        soname="".join(text(_SONAME)[:1]),
        needed=tuple(text(_NEEDED)[:MOST_HEADERS]),
        runpath=":".join([*text(_RUNPATH), *text(_RPATH)][:1]),
        build_id=next((b for o, s in islice(notes, MOST_NOTES) if (b := _build_id(reader, o, s))), ""),
        hardening=(
            ("relro", "full" if relro and now else "partial" if relro else "none"),
            ("executable-stack", "true" if stack else ""),
            ("text-relocations", "true" if _TEXTREL in one or one.get(_FLAGS, 0) & _DF_TEXTREL else ""),
            *_checks(window, strings, one.get(_STRSZ, 0)),
        ),
        sections=tuple(reader.sections()),
    )


def _checks(window: Window, strings: int, size: int) -> Iterator[tuple[str, str]]:
    """Which checks the compiler put in, by the functions of the C library that they call."""
    names = window.read(strings, min(size, MOST_NAMES)) if strings >= 0 else b""
    yield "stack-protector", "true" if b"\0__stack_chk_fail\0" in names else ""
    yield "fortify-source", "true" if _FORTIFIED.search(names) else ""


def _offset(address: int, loads: list[tuple[int, int, int]]) -> int:
    return next((address - a + o for a, o, s in loads if a <= address < a + s), -1)


def _build_id(reader: _Reader, offset: int, size: int) -> str:
    """The build id among the notes of a segment."""
    place, end = offset, offset + min(size, 1 << 16)
    while place + 12 <= end:
        row = reader.unpack("III", place)
        if row is None:
            return ""
        name, length, kind = row
        start = place + 12 + (name + 3) // 4 * 4
        if kind == 3 and reader.window.read(place + 12, 4) == b"GNU\0":  # noqa: PLR2004 - NT_GNU_BUILD_ID
            return reader.window.read(start, min(length, 64)).hex()
        place = start + (length + 3) // 4 * 4
    return ""
