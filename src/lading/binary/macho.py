"""Mach-O: what a library of macOS says of itself, also one for several processors; a header that lies gives less, never another error than ValueError."""

import struct
from collections.abc import Iterator

from lading.binary.code import Code, Section
from lading.binary.window import Window

MOST_COMMANDS = 4_096
MOST_SECTIONS = 4_096
MOST_SLICES = 16
LONGEST_NAME = 1_024
_THIN = {
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xfe\xed\xfa\xcf": (">", True),
    b"\xfe\xed\xfa\xce": (">", False),
}
_FAT = {b"\xca\xfe\xba\xbe": (">IIIII", 20), b"\xca\xfe\xba\xbf": (">IIQQI4x", 32)}
MAGICS = frozenset({*_THIN, *_FAT})
_MACHINES = {7: "x86", 12: "arm", 18: "ppc", 0x1000007: "x86_64", 0x100000C: "aarch64", 0x200000C: "arm64_32"}
_SEGMENT, _SEGMENT_64, _UUID, _SIGNATURE, _RPATH, _ID = 0x1, 0x19, 0x1B, 0x1D, 0x8000001C, 0xD
_NEEDED = frozenset({0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023})
"""Load, load weakly, re-export, load lazily, load upward."""


def read(window: Window) -> Code:
    """What a file says of itself, by its first processor, with the sections of all; ValueError when it is no Mach-O file."""
    slices = [_thin(part, start) for start, part in _slices(window)]
    if not slices:
        raise ValueError("it names no processor")
    machines = ",".join(dict.fromkeys(s.machine for s in slices))
    first = slices[0]
    sections = tuple(section for one in slices for section in one.sections)
    return Code(
        form="Mach-O", machine=machines, soname=first.soname, needed=first.needed, runpath=first.runpath, build_id=first.build_id,
        hardening=first.hardening, sections=sections,
    )  # fmt: skip


def _slices(window: Window) -> Iterator[tuple[int, Window]]:
    layout = _FAT.get(window.read(0, 4))
    if layout is None:
        yield 0, window
        return
    count = window.number(">I", 4) or 0
    if count > MOST_SLICES:
        raise ValueError("it names more processors than there are")
    for number in range(count):
        row = _row(window, layout[0], 8 + number * layout[1])
        if row is None or row[2] < 8 + count * layout[1] or row[2] + row[3] > window.size:
            raise ValueError("a part for a processor lies outside of it")
        yield row[2], window.part(row[2], row[3])


def _row(window: Window, layout: str, start: int) -> tuple[int, ...] | None:
    data = window.read(start, struct.calcsize(layout))
    return struct.unpack(layout, data) if len(data) == struct.calcsize(layout) else None


def _thin(window: Window, start: int) -> Code:
    form = _THIN.get(window.read(0, 4))
    if form is None:
        raise ValueError("it is no Mach-O file")
    order, wide = form
    head = _row(window, f"{order}7I", 0)
    if head is None:
        raise ValueError("its header is cut off")
    sections: list[Section] = []
    needed: list[str] = []
    paths: list[str] = []
    told = {"name": "", "uuid": "", "signed": ""}
    for command, place, size in _commands(window, order, head[4], 32 if wide else 28):
        if command in {_SEGMENT, _SEGMENT_64}:
            sections += _sections(window, order, place, size, start, wide=command == _SEGMENT_64)
        elif command in _NEEDED:
            needed.append(_text(window, order, place, size))
        elif command == _ID:
            told["name"] = _text(window, order, place, size)
        elif command == _RPATH:
            paths.append(_text(window, order, place, size))
        elif command == _UUID:
            told["uuid"] = window.read(place + 8, 16).hex()
        elif command == _SIGNATURE:
            told["signed"] = "true"
    return Code(
        form="Mach-O",
        machine=_MACHINES.get(head[1], f"machine {head[1]}"),
        soname=told["name"],
        needed=tuple(needed),
        runpath=":".join(paths)[:LONGEST_NAME],
        build_id=told["uuid"],
        hardening=(("code-signature", told["signed"]),),
        sections=tuple(sections[:MOST_SECTIONS]),
    )


def _commands(window: Window, order: str, count: int, place: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of every load command."""
    for _ in range(min(count, MOST_COMMANDS)):
        row = _row(window, f"{order}2I", place)
        if row is None or row[1] < 8:  # noqa: PLR2004 - its own two numbers
            return
        yield row[0], place, row[1]
        place += row[1]


def _text(window: Window, order: str, place: int, size: int) -> str:
    """The text that a command holds: its offset stands first."""
    offset = window.number(f"{order}I", place + 8) or 0
    if not 12 <= offset < size:  # noqa: PLR2004 - behind the fixed part
        return ""
    return window.read(place + offset, min(size - offset, LONGEST_NAME)).partition(b"\0")[0].decode("utf-8", "replace")


def _sections(window: Window, order: str, place: int, size: int, start: int, *, wide: bool) -> Iterator[Section]:
    head, step = (72, 80) if wide else (56, 68)
    count = window.number(f"{order}I", place + head - 8) or 0
    for number in range(min(count, (size - head) // step, MOST_SECTIONS)):
        at = place + head + number * step
        row = _row(window, f"{order}16s16s{'QQI' if wide else 'III'}", at)
        if row is None:
            return
        names = (bytes(n).rstrip(b"\0").decode("utf-8", "replace") for n in (row[1], row[0]))
        yield Section(",".join(names), start + row[4], row[3])
