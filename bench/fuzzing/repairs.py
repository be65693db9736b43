"""Checksums and lengths put right after a change, so that it is not the first check that stops it."""

import gzip
import struct
from collections.abc import Callable

_BLOCK = 512


def tar(data: bytes) -> bytes:
    """The checksum of every header."""
    out = bytearray(data)
    position = 0
    while position + _BLOCK <= len(out):
        head = out[position : position + _BLOCK]
        if not any(head):
            break
        head[148:156] = b" " * 8
        out[position + 148 : position + 156] = b"%06o\0 " % sum(head)
        digits = bytes(head[124:136]).strip(b" \0")
        size = int(digits, 8) if digits and all(48 <= d < 56 for d in digits) else 0  # noqa: PLR2004 - octal
        position += _BLOCK + (size + _BLOCK - 1) // _BLOCK * _BLOCK
    return bytes(out)


def safetensors(data: bytes) -> bytes:
    """The length of the header in front of it."""
    end = data.rfind(b"}")
    return struct.pack("<Q", end - 7) + data[8:] if end > 8 else data  # noqa: PLR2004 - behind the length


def packed(data: bytes) -> bytes:
    """The bytes as a stream of gzip."""
    return gzip.compress(data, 1, mtime=0)


REPAIRS: dict[str, Callable[[bytes], bytes]] = {"tar": tar, "safetensors": safetensors}
