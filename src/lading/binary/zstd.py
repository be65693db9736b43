"""Zstandard: the standard library's reader from Python 3.14, the same one from PyPI before; loaded when something is compressed with it."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from lading.binary.window import Window

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPED = b"\x2a\x4d\x18"
_LARGEST_WINDOW = 27
"""The window, as a power of two, that the program `zstd` takes without being told to: 128 MiB."""
_MOST_SKIPPED = 64


@cache
def module() -> Any:  # noqa: ANN401 - one of two modules of one interface
    """What reads Zstandard."""
    with suppress(ImportError):
        return import_module("compression.zstd")
    return import_module("backports.zstd")


def unpacker() -> Any:  # noqa: ANN401 - as the module
    """What unpacks one frame; a frame that asks for more memory than a window of 128 MiB is refused."""
    zstd = module()
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW})


def is_skipped(head: bytes) -> bool:
    """Whether bytes begin as a frame that is passed over: one of sixteen marks, and its length."""
    return head[1:4] == _SKIPPED and len(head) >= 8 and head[0] >> 4 == 5  # noqa: PLR2004 - four bytes each; the upper half of the first


def skipped(window: Window, position: int = 0) -> list[tuple[int, int]]:
    """The stretches from a position on that readers of Zstandard and LZ4 pass over."""
    found: list[tuple[int, int]] = []
    while len(found) < _MOST_SKIPPED:
        head = window.read(position, 8)
        if not is_skipped(head):
            break
        end = position + 8 + int.from_bytes(head[4:], "little")
        if end > window.size:
            break
        found.append((position, end))
        position = end
    return found
