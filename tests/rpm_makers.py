"""Databases of RPM byte for byte as its own code and Berkeley DB's lay them out: no tool at hand writes these forms everywhere."""

import struct
import zlib
from collections.abc import Sequence
from typing import Literal

Row = tuple[int, int, bytes] | tuple[int, int, bytes, int]
INT32, STRING, STRINGS = 4, 6, 8


def header(*rows: Row) -> bytes:
    """A header of RPM: an index of tags, then their values."""
    index, data = b"", b""
    for tag, kind, value, *count in rows:
        index += struct.pack(">4I", tag, kind, len(data), *(count or [1]))
        data += value
    return struct.pack(">2I", len(rows), len(data)) + index + data


def texts(tag: int, *values: str) -> Row:
    return tag, STRINGS, b"".join(v.encode() + b"\0" for v in values), len(values)


def numbers(tag: int, *values: int) -> Row:
    return tag, INT32, b"".join(struct.pack(">I", v) for v in values), len(values)


SENSES = {"<": 2, ">": 4, "=": 8}
Relation = tuple[str, str, str]


def package(
    name: str,
    version: str = "1",
    release: str = "1",
    *,
    needs: Sequence[Relation | str] = (),
    offers: Sequence[Relation | str] = (),
    files: Sequence[str] = (),
    padding: int = 0,
) -> bytes:
    """The header of a package, with what it needs and offers as `(name, operator, version)` or a name."""
    rows: list[Row] = [
        (1000, STRING, name.encode() + b"\0"),
        (1001, STRING, version.encode() + b"\0"),
        (1002, STRING, release.encode() + b"\0"),
    ]
    for relations, tags in ((needs, (1049, 1048, 1050)), ([(name, "=", f"{version}-{release}"), *offers], (1047, 1112, 1113))):
        whole = [(r, "", "") if isinstance(r, str) else r for r in relations]
        rows += [texts(tags[0], *(r[0] for r in whole)), texts(tags[2], *(r[2] for r in whole))] if whole else []
        rows += [numbers(tags[1], *(sum(SENSES[sign] for sign in r[1]) for r in whole))] if whole else []
    if files:
        folders = sorted({f.rpartition("/")[0] + "/" for f in files})
        rows += [numbers(1116, *(folders.index(f.rpartition("/")[0] + "/") for f in files))]
        rows += [texts(1117, *(f.rpartition("/")[2] for f in files)), texts(1118, *folders)]
    rows = [*rows, (1004, STRING, b"x" * padding + b"\0")]
    return header(*rows)


def ndb(*blobs: bytes, slot: bytes = b"Slot", mark: bytes = b"BlbS", size: int = 0) -> bytes:
    """The NDB form, as rpm leaves it when it has installed packages one after the other."""
    slots, data = b"", b""
    for number, blob in enumerate(blobs, 1):
        whole = mark + struct.pack("<3I", number, number, size or len(blob)) + blob
        whole += bytes(-(len(whole) + 12) % 16)
        whole += struct.pack("<2I", zlib.adler32(whole), size or len(blob)) + b"BlbE"
        slots += slot + struct.pack("<3I", number, (4096 + len(data)) // 16, len(whole) // 16)
        data += whole
    slots += (b"Slot" + bytes(12)) * ((4096 - 32 - len(slots)) // 16)
    return b"RpmP" + struct.pack("<7I", 0, len(blobs) + 1, 1, len(blobs) + 1, 0, 0, 0) + slots + data


def berkeley(*blobs: bytes, order: Literal["<", ">"] = "<", size: int = 512, buckets: int = 4) -> bytes:
    """A hash file of Berkeley DB with the record that counts packages, and each header under its number."""
    entries = [(bytes(4), struct.pack("=I", len(blobs)))] + [(struct.pack("=I", n), blob) for n, blob in enumerate(blobs, 1)]
    of_bucket: list[list[tuple[bytes, bytes]]] = [[] for _ in range(buckets)]
    for entry in sorted(entries):
        of_bucket[_hash(entry[0]) % buckets].append(entry)
    pages: list[bytes] = [b""] * (buckets + 1)
    for number, rows in enumerate(of_bucket, 1):
        _fill(pages, number, rows, order, size)
    meta = struct.pack(f"{order}8x4I", 0, 0x061561, 9, size) + bytes([0, 8, 0, 0])
    meta += struct.pack(f"{order}6I", 0, len(pages) - 1, 0, 0, 0, 0) + bytes(20)
    meta += struct.pack(f"{order}6I", buckets - 1, buckets - 1, max(buckets // 2 - 1, 0), 0, len(entries), _hash(b"%$sniglet^&\0"))
    spares = [1 if n <= (buckets - 1).bit_length() else 0 for n in range(32)]
    pages[0] = (meta + struct.pack(f"{order}32I", *spares)).ljust(size, b"\0")
    return b"".join(pages)


def _hash(key: bytes) -> int:
    found = 0
    for byte in key:
        found = (found * 16777619 & 0xFFFFFFFF) ^ byte
    return found


def _fill(pages: list[bytes], number: int, rows: list[tuple[bytes, bytes]], order: str, size: int) -> None:
    """Lay entries on a page, and on further ones where they do not fit; values that do not fit on any lie on pages of their own."""
    before = 0
    while True:
        items: list[bytes] = []
        while rows and sum(map(len, items)) + 2 * len(items) + 26 + size // 4 + 32 < size:
            key, value = rows.pop(0)
            items += [b"\1" + key, b"\1" + value if len(value) < size // 4 else _off_page(pages, value, order, size)]
        following = len(pages) if rows else 0
        places = [size - sum(map(len, items[: n + 1])) for n in range(len(items))]
        head = struct.pack(f"{order}8x3I2H", number, before, following, len(items), (places[-1] if places else size) & 0xFFFF) + bytes(
            [0, 13]
        )
        body = b"".join(reversed(items))
        page = head + struct.pack(f"{order}{len(places)}H", *places)
        pages[number] = page + bytes(size - len(page) - len(body)) + body
        if not following:
            return
        pages.append(b"")
        before, number = number, following


def _off_page(pages: list[bytes], value: bytes, order: str, size: int) -> bytes:
    """The entry that leads to the first of the pages that a long value is laid on."""
    room = size - 26
    parts = [value[at : at + room] for at in range(0, len(value), room)]
    first = len(pages)
    for n, part in enumerate(parts):
        links = (first + n, first + n - 1 if n else 0, first + n + 1 if n + 1 < len(parts) else 0)
        pages.append((struct.pack(f"{order}8x3I2H", *links, 1, len(part)) + bytes([0, 7]) + part).ljust(size, b"\0"))
    return b"\3\0\0\0" + struct.pack(f"{order}2I", first, len(value))
