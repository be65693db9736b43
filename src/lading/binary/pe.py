"""PE: what a library of Windows says of itself; a header that lies gives less, never another error than ValueError."""

import struct
from collections.abc import Iterator

from lading.binary.code import Code, Section
from lading.binary.window import Window

MAGIC = b"MZ"
MOST_SECTIONS = 96
MOST_IMPORTS = 4_096
LONGEST_NAME = 1_024
_MACHINES = {0x14C: "x86", 0x8664: "x86_64", 0xAA64: "aarch64", 0x1C4: "arm"}
_PLAIN, _PLUS = 0x10B, 0x20B
_EXPORT, _IMPORT, _DEBUG, _DELAYED = 0, 1, 6, 13
_SWITCHES = ((0x40, "address-space-randomized"), (0x100, "no-execute"), (0x4000, "control-flow-guard"))
_CODEVIEW = 2


class _Reader:
    """The parts of a file that lead to others."""

    def __init__(self, window: Window) -> None:
        place = window.number("<I", 0x3C)
        if window.read(0, 2) != MAGIC or place is None or window.read(place, 4) != b"PE\0\0":
            raise ValueError("it is no PE file")
        self.window = window
        self.machine, count = window.number("<H", place + 4) or 0, window.number("<H", place + 6) or 0
        optional = place + 24
        size = window.number("<H", place + 20) or 0
        kind = window.number("<H", optional)
        if kind not in {_PLAIN, _PLUS}:
            raise ValueError("its optional header is of no kind that is known")
        self.switches = window.number("<H", optional + 70) or 0
        self._directories = optional + (96 if kind == _PLAIN else 112)
        self._number = window.number("<I", self._directories - 4) or 0
        self.rows = list(self._sections(optional + size, min(count, MOST_SECTIONS)))

    def _sections(self, place: int, count: int) -> Iterator[tuple[str, int, int, int, int]]:
        """Name, address, size in memory, offset and size in the file."""
        for number in range(count):
            data = self.window.read(place + number * 40, 40)
            if len(data) < 40:  # noqa: PLR2004 - one row
                return
            size, address, raw, offset = struct.unpack_from("<4I", data, 8)
            yield data[:8].rstrip(b"\0").decode("utf-8", "replace"), address, size, offset, raw

    def directory(self, number: int) -> tuple[int, int]:
        """Offset in the file and size of a table; -1 where there is none."""
        if number >= self._number:
            return -1, 0
        address = self.window.number("<I", self._directories + 8 * number) or 0
        return (self.offset(address), self.window.number("<I", self._directories + 8 * number + 4) or 0) if address else (-1, 0)

    def offset(self, address: int) -> int:
        """Where something lies in the file; -1 where it does not."""
        return next((address - a + o for _, a, s, o, r in self.rows if a <= address < a + max(s, r) and address - a < r), -1)

    def text(self, address: int | None) -> str:
        place = self.offset(address or 0)
        data = self.window.read(place, LONGEST_NAME) if place >= 0 else b""
        return data.partition(b"\0")[0].decode("utf-8", "replace")

    def imports(self, number: int, step: int, name: int) -> Iterator[str]:
        """The libraries that a table of imports names."""
        place, _ = self.directory(number)
        for row in range(MOST_IMPORTS if place >= 0 else 0):
            address = self.window.number("<I", place + row * step + name)
            if not address:
                return
            if text := self.text(address):
                yield text


def read(window: Window) -> Code:
    """What a file says of itself; ValueError when it is no PE file."""
    reader = _Reader(window)
    exports, _ = reader.directory(_EXPORT)
    needed = [*reader.imports(_IMPORT, 20, 12), *reader.imports(_DELAYED, 32, 4)]
    return Code(
        form="PE",
        machine=_MACHINES.get(reader.machine, f"machine {reader.machine}"),
        soname=reader.text(window.number("<I", exports + 12)) if exports >= 0 else "",
        needed=tuple(dict.fromkeys(needed)),
        build_id=_build_id(reader),
        hardening=tuple((name, "true" if reader.switches & bit else "false") for bit, name in _SWITCHES),
        sections=tuple(Section(name, offset, size) for name, _, _, offset, size in reader.rows),
    )


def _build_id(reader: _Reader) -> str:
    """The identity and age that a debugger finds its symbols by."""
    place, size = reader.directory(_DEBUG)
    for row in range(min(size // 28, 64) if place >= 0 else 0):
        at = place + row * 28
        if reader.window.number("<I", at + 12) == _CODEVIEW:
            data = reader.window.read(reader.window.number("<I", at + 24) or 0, 24)
            if data[:4] == b"RSDS" and len(data) == 24:  # noqa: PLR2004 - mark, identity, age
                return data[4:20].hex() + f"{struct.unpack_from('<I', data, 20)[0]:x}"
    return ""
