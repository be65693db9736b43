"""What the Go linker writes into every program: the release of Go and the modules it was built of (Go, debug/buildinfo)."""

from collections.abc import Iterator

from msgspec import Struct

MAGIC = b"\xff Go buildinf:"
SECTIONS = frozenset({".go.buildinfo", "__DATA,__go_buildinfo", "__DATA_CONST,__go_buildinfo"})
_INLINE = 2
_START, _FLAGS = 32, 15
_SENTINEL = 16
LONGEST = 8 << 20


class Module(Struct, frozen=True):
    """A module at a version, as the build names it."""

    name: str
    version: str


def modules(data: bytes) -> Iterator[Module]:
    """The standard library and every dependency; nothing for builds before Go 1.18, which keep them elsewhere."""
    if not data.startswith(MAGIC) or len(data) <= _START or not data[_FLAGS] & _INLINE:
        return
    release, rest = _text(data, _START)
    told, _ = _text(data, rest)
    if release.startswith("go"):
        yield Module("stdlib", release.removeprefix("go").partition(" ")[0])
    replaced: Module | None = None
    for line in told[_SENTINEL:-_SENTINEL].splitlines():
        cells = line.split("\t")
        if cells[0] in {"dep", "=>"} and len(cells) > 2:  # noqa: PLR2004 - a name and a version
            if replaced and cells[0] == "dep":
                yield replaced
            replaced = Module(cells[1], cells[2])
    if replaced:
        yield replaced


def _text(data: bytes, start: int) -> tuple[str, int]:
    """A text behind its length, and where it ends."""
    length, shift = 0, 0
    while start < len(data) and shift < 35:  # noqa: PLR2004 - five bytes of seven bits
        length |= (data[start] & 0x7F) << shift
        shift += 7
        start += 1
        if not data[start - 1] & 0x80:
            break
    end = min(start + length, len(data))
    return data[start:end].decode("latin-1" if shift == 0 else "utf-8", "replace"), end
