"""Compressed bytes unpacked in memory, up to a limit and never beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lading.binary import zstd
from lading.binary.lz4 import Lz4Error
from lading.binary.lz4 import unpack as unpack_lz4
from lading.binary.window import Window

_FIRST, _STEP = 1 << 11, 1 << 18


class Unpacked:
    """The bytes that came out, how far the input was used, and why it ended early, if it did."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.used = 0
        self.error = ""
        self.full = False


def unpacker(kind: str) -> Any:  # noqa: ANN401 - the standard library names no common type
    """The unpacker of a compression by its name; None for those that are not read here."""
    import bz2  # noqa: PLC0415 - most files are not compressed
    import lzma  # noqa: PLC0415 - as above
    import zlib  # noqa: PLC0415 - as above

    if kind in _WINDOWS:
        return zlib.decompressobj(_WINDOWS[kind])
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind in {"xz", "lzma"}:
        return lzma.LZMADecompressor(memlimit=256 << 20)
    return zstd.unpacker() if kind == "zstd" else None


_WINDOWS = {"deflate": -15, "gzip": 31, "zlib": 15}
"""How zlib is told what stands around its stream."""


def _nothing(_: int) -> None:
    """Count no work."""


def unpack(window: Window, kind: str, most: int, spend: Callable[[int], None] = _nothing) -> Unpacked:
    """Unpack one stream; at most so many bytes come out, and work that the number of bytes does not tell is counted."""
    result = Unpacked()
    if kind == "lz4":
        return _lz4(window, most, result, spend)
    tool = unpacker(kind)
    if tool is None:
        result.error = f"{kind} is not unpacked here"
        return result
    position, step = 0, _FIRST
    try:
        while not tool.eof and position < window.size:
            block = window.read(position, step)
            step = min(step * 4, _STEP)
            position += len(block)
            result.data += _feed(tool, block, most - len(result.data) + 1)
            if len(result.data) > most:
                result.full = True
                break
    except _errors(kind) as e:
        result.error = f"its {kind} stream is broken: {e}"
    if not tool.eof and not result.full and not result.error:
        result.error = f"its {kind} stream breaks off"
    result.used = position - len(tool.unused_data)
    return result


def _errors(kind: str) -> tuple[type[Exception], ...]:
    import lzma  # noqa: PLC0415 - as above
    import zlib  # noqa: PLC0415 - as above

    known = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
    return (*known, zstd.module().ZstdError) if kind == "zstd" else known


def _lz4(window: Window, most: int, result: Unpacked, spend: Callable[[int], None]) -> Unpacked:
    try:
        result.data, result.used = unpack_lz4(window, most, spend)
        result.full = len(result.data) > most
    except Lz4Error as e:
        result.error, result.used = f"its lz4 stream is broken: {e}", window.size
    return result


def _feed(tool: Any, block: bytes, most: int) -> bytes:  # noqa: ANN401 - as above
    """What one block gives; zlib keeps what it was not allowed to unpack elsewhere than the others do."""
    out: bytes = tool.decompress(block, most)
    while len(out) < most:
        rest = getattr(tool, "unconsumed_tail", b"")
        if not rest and (tool.eof or getattr(tool, "needs_input", True)):
            break
        more = tool.decompress(rest, most - len(out))
        if not more and not rest:
            break
        out += more
    return out
