"""Hash files of Berkeley DB, read page by page: the database of RPM before SQLite and NDB (`dbinc/db_page.h` of Berkeley DB)."""

import struct
from collections.abc import Iterator

from msgspec import Struct

from lading.image.damage import Damage

_MAGIC, _VERSIONS = 0x061561, range(8, 11)
_META, _PAGE, _HASH, _OVERFLOW = 512, 26, frozenset({2, 13}), frozenset({7})
_ON_PAGE, _OFF_PAGE, _OFF_PAGE_SIZE = 1, 3, 12
_ORDERS = {"<": struct.pack("<I", _MAGIC), ">": struct.pack(">I", _MAGIC)}


class _File(Struct):
    """A file with the order of its bytes, and which of its pages were looked at: each leads to one thing, so none is read twice."""

    data: bytes
    order: str
    size: int
    buckets: int
    spares: tuple[int, ...]
    seen: set[int]

    def page(self, number: int, kinds: frozenset[int]) -> int:
        """Where a page of some kind starts; ValueError when it is not there, is another or of another kind, or was read before."""
        at = number * self.size
        if not number or at + self.size > len(self.data):
            raise ValueError(f"page {number} is not in it")
        if self.word(at + 8) != number or number in self.seen or self.data[at + 25] not in kinds:
            raise ValueError(f"page {number} is damaged, or a circle leads to it")
        self.seen.add(number)
        return at

    def word(self, at: int) -> int:
        return int(struct.unpack_from(f"{self.order}I", self.data, at)[0])

    def half(self, at: int) -> int:
        return int(struct.unpack_from(f"{self.order}H", self.data, at)[0])


def is_hash(data: bytes) -> bool:
    """Whether bytes begin as a hash file of Berkeley DB, of either order of bytes."""
    return data[12:16] in _ORDERS.values()


def records(data: bytes, damage: Damage) -> Iterator[tuple[bytes, bytes]]:
    """Every key with its value; what cannot be read is added to `damage` and the rest goes on; ValueError when nothing can."""
    file = _opened(data)
    for bucket in range(file.buckets):
        number = bucket + file.spares[bucket.bit_length()]
        while number:
            try:
                at = file.page(number, _HASH)
            except ValueError as e:
                damage.add(str(e))
                break
            number = file.word(at + 16)
            yield from _entries(file, at, damage)
    lost = sum(1 for number in range(len(data) // file.size) if number not in file.seen and _holds(file, number * file.size))
    if lost:
        damage.add(f"nothing leads to {lost} pages that hold something")


def _opened(data: bytes) -> _File:
    """The first page: sizes, how many buckets, and where each doubling of them starts."""
    order = next((o for o, magic in _ORDERS.items() if data[12:16] == magic), "")
    if not order or len(data) < _META:
        raise ValueError("it is no hash file of Berkeley DB, or cut short")
    version, size = struct.unpack_from(f"{order}2I", data, 16)
    highest, spares = struct.unpack_from(f"{order}I", data, 72)[0], struct.unpack_from(f"{order}32I", data, 96)
    if version not in _VERSIONS or size not in {1 << n for n in range(9, 17)} or data[24] or data[26] & 1:
        raise ValueError("its version or size of pages is not known, or it is encrypted")
    if highest >= len(data) // size:
        raise ValueError("it has fewer pages than buckets: it is cut short")
    return _File(data, order, size, highest + 1, spares, set())


def _entries(file: _File, at: int, damage: Damage) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one page, which lie from its end to its front, in turn."""
    count = min(file.half(at + 20), (file.size - _PAGE) // 2)
    places = [file.half(at + _PAGE + 2 * n) for n in range(count)]
    if count % 2 or (places and places[-1] != file.half(at + 22)):
        damage.add("a page has other entries than it says")
    ends = [file.size, *places]
    for n in range(0, count - 1, 2):
        try:
            key, value = (_item(file, at, places[m], ends[m]) for m in (n, n + 1))
        except ValueError as e:
            damage.add(str(e))
        else:
            yield key, value


def _item(file: _File, at: int, start: int, end: int) -> bytes:
    if not _PAGE <= start < end <= file.size:
        raise ValueError("an entry lies outside of its page")
    kind = file.data[at + start]
    if kind == _ON_PAGE:
        return file.data[at + start + 1 : at + end]
    if kind != _OFF_PAGE or end - start != _OFF_PAGE_SIZE:
        raise ValueError("an entry is of a kind that is not known")
    return _chain(file, file.word(at + start + 4), file.word(at + start + 8))


def _chain(file: _File, number: int, length: int) -> bytes:
    """A value that is too long for a page, over as many as it needs."""
    parts, missing = [], length
    while missing > 0:
        at = file.page(number, _OVERFLOW)
        here = file.half(at + 22)
        if not 0 < here <= min(missing, file.size - _PAGE):
            raise ValueError(f"page {number} does not hold the rest of a value")
        parts.append(file.data[at + _PAGE : at + _PAGE + here])
        number, missing = file.word(at + 16), missing - here
    return b"".join(parts)


def _holds(file: _File, at: int) -> bool:
    """Whether a page that was not read holds something: those that are free, or laid out in advance, do not."""
    kind = file.data[at + 25]
    return kind in _OVERFLOW or (kind in _HASH and bool(file.half(at + 20)))
