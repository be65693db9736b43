"""The NDB form of RPM's database: a table of slots in the first pages, each leading to a blob (rpm's `lib/backend/ndb/rpmpkg.c`)."""

import struct
from collections.abc import Iterator
from itertools import pairwise

from lading.image.damage import Damage

MAGIC = b"RpmP"
_SLOT, _BLOB, _TAIL = struct.Struct("<4I"), struct.Struct("<4I"), struct.Struct("<3I")
_SLOT_MAGIC, _BLOB_MAGIC, _TAIL_MAGIC = 0x746F6C53, 0x53626C42, 0x45626C42
_PAGE, _BLOCK = 4096, 16
_MOST_PAGES = 1024
"""Pages of slots, 256 on each."""


def headers(data: bytes, damage: Damage) -> Iterator[bytes]:
    """The header of every package; what cannot be read is added to `damage` and the rest goes on; ValueError when nothing can."""
    if len(data) < _PAGE:
        raise ValueError("it is cut short")
    _, version, _, pages = struct.unpack_from("<4I", data)
    if version or pages > _MOST_PAGES or not 0 < pages * _PAGE <= len(data):
        raise ValueError("its table of slots is not where it says, or its version is not known")
    taken = [(0, pages * _PAGE)]
    for place in range(2 * _SLOT.size, pages * _PAGE, _SLOT.size):
        magic, package, offset, count = _SLOT.unpack_from(data, place)
        if magic != _SLOT_MAGIC:
            damage.add("a slot of it is damaged")
            continue
        if not package and not offset:
            continue
        taken.append((offset * _BLOCK, (offset + count) * _BLOCK))
        try:
            yield _blob(data, package, *taken[-1])
        except ValueError as e:
            damage.add(str(e))
    if any(data[end:start].strip(b"\0") for (_, end), (start, _) in pairwise([*sorted(taken), (len(data), 0)])):
        damage.add("something lies in it that no slot leads to")


def _blob(data: bytes, package: int, start: int, end: int) -> bytes:
    """What a slot leads to, between its head and its tail."""
    if end > len(data) or end - start < _BLOB.size + _TAIL.size:
        raise ValueError("a slot leads out of it")
    mark, number, _, size = _BLOB.unpack_from(data, start)
    _, again, tail = _TAIL.unpack_from(data, end - _TAIL.size)
    if (mark, number, tail, again) != (_BLOB_MAGIC, package, _TAIL_MAGIC, size) or size > end - start - _BLOB.size - _TAIL.size:
        raise ValueError("a blob of it is damaged")
    return data[start + _BLOB.size : start + _BLOB.size + size]
