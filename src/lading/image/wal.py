"""The log that SQLite writes changes to before they are in the database (sqlite.org, "WAL-mode File Format")."""

import struct

_HEAD, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")
_MAGIC, _VERSION = 0x377F0682, 3007000
_SIZES = frozenset(1 << n for n in range(9, 17))
_Sums = tuple[int, int]


def applied(data: bytes, log: bytes) -> bytes:
    """A database with what its log holds of finished transactions; ValueError when the log is none."""
    if len(log) < _HEAD.size:
        raise ValueError("its log of changes is cut short")
    magic, version, size, _, first, second, *told = _HEAD.unpack_from(log)
    order = ">" if magic & 1 else "<"
    sums = _sums((0, 0), log[:24], order)
    if magic & ~1 != _MAGIC or version != _VERSION or size not in _SIZES or list(sums) != told:
        raise ValueError("its log of changes is damaged")
    changed, waiting, pages = dict[int, int](), dict[int, int](), len(data) // size
    for at in range(_HEAD.size, len(log) - _FRAME.size - size + 1, _FRAME.size + size):
        page, finished, *salts, one, two = _FRAME.unpack_from(log, at)
        sums = _sums(_sums(sums, log[at : at + 8], order), log[at + _FRAME.size : at + _FRAME.size + size], order)
        if salts != [first, second] or sums != (one, two) or not page:
            break
        waiting[page] = at + _FRAME.size
        if finished:
            changed, waiting, pages = changed | waiting, {}, finished
    if pages * size > len(data) + len(log):
        raise ValueError("its log of changes is damaged")
    whole = bytearray(data[: pages * size].ljust(pages * size, b"\0"))
    for page, at in changed.items():
        if page <= pages:
            whole[(page - 1) * size : page * size] = log[at : at + size]
    return bytes(whole)


def _sums(sums: _Sums, data: bytes, order: str) -> _Sums:
    """The checksum of what came before, gone on with."""
    one, two = sums
    for left, right in struct.iter_unpack(f"{order}2I", data):
        one = (one + left + two) & 0xFFFFFFFF
        two = (two + right + one) & 0xFFFFFFFF
    return one, two
