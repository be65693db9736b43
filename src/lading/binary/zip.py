"""ZIP archives read as every loader reads them: by the list at the end and by the headers of the members, with what the two disagree on."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice

from msgspec import Struct, field

from lading.binary.window import Window

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_LISTED = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_TAIL = 65_557 + 20
_ALL = 0xFFFFFFFF
_UTF8 = 0x800
_DESCRIBED = 0x8
_MOST_HIDDEN = 100
_SHOWN = 200
_NEAR = 256
"""Bytes that are read at once of a header: most names and extra fields lie within."""
_IN_LIST, _IN_FRONT = struct.Struct("<8xHH4xIIIHHH4xII"), struct.Struct("<6xHH4xIIIHH")
"""What the list says of a member, and what stands in front of it."""
_LETTERS, _EXTRAS = 32, 10
"""How many bytes of a name and of an extra field are read for one unit of work."""
ENCRYPTED = 0x1 | 0x40 | 0x2000


class Member(Struct):
    """One member: what the list says of it, what its own header says, and where its bytes are."""

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    header: int
    attributes: int = 0
    begin: int = 0
    quarrels: list[str] = field(default_factory=list)
    """What list and header disagree on."""

    @property
    def end(self) -> int:
        """Behind its bytes."""
        return self.begin + self.packed

    @property
    def is_link(self) -> bool:
        """Whether it stands for a symbolic link, a device or a pipe."""
        return (self.attributes >> 28) not in {0, 4, 8}


class Archive(Struct):
    """The members that the list names, those that it does not, and every stretch that belongs to the structure."""

    members: list[Member]
    hidden: list[Member]
    structure: list[tuple[int, int]]
    prefix: int
    complaints: list[str]
    cut: bool = False


def _nothing(_: int) -> None:
    """Count no work."""


def read(window: Window, most: int, spend: Callable[[int], None] = _nothing) -> Archive | None:
    """The archive that these bytes are, or None; at most so many members are read, and the work of it is counted."""
    end = _end(window)
    if end is None:
        return None
    place, count, size, offset, structure = end
    prefix = max(place - size - offset, 0)
    if window.read(prefix + offset, 4) != _LISTED and count:
        prefix = 0
    archive = Archive([], [], structure, prefix, [])
    position = prefix + offset
    for _ in range(min(count, most)):
        member, after = _listed(window, position)
        if member is None:
            archive.complaints.append("the list of members breaks off")
            break
        member.header += prefix
        _locate(window, member, archive, spend)
        archive.members.append(member)
        archive.structure.append((position, after))
        position = after
    archive.cut = count > most
    archive.hidden = list(islice(_hidden(window, archive), _MOST_HIDDEN))
    return archive


def _end(window: Window) -> tuple[int, int, int, int, list[tuple[int, int]]] | None:
    """Where the list ends, how many it names, its size and its offset, and the stretches that say so."""
    start = max(window.size - _TAIL, 0)
    tail = window.read(start, _TAIL)
    found = tail.rfind(_END)
    if found < 0 or len(tail) < found + 22:
        return None
    place = start + found
    _, _, _, count, size, offset, comment = struct.unpack("<HHHHIIH", tail[found + 4 : found + 22])
    structure = [(place, place + 22)]
    if comment:
        structure.append((place + 22, min(place + 22 + comment, window.size)))
    if window.read(place - 20, 4) == _LOCATOR64:
        at = window.number("<Q", place - 12) or 0
        at = at if window.read(at, 4) == _END64 else window.find(_END64, max(place - 20 - 512, 0), place - 20)
        if at >= 0 and window.read(at, 4) == _END64 and at + 56 <= place:
            length = min((window.number("<Q", at + 4) or 44) + 12, place - 20 - at)
            structure += [(place - 20, place), (at, at + length)]
            count64, size64, offset64 = struct.unpack("<QQQ", window.read(at + 32, 24))
            count = count64 if count == 0xFFFF or _ALL in {size, offset} else count  # noqa: PLR2004
            size, offset = (size64 if size == _ALL else size), (offset64 if offset == _ALL else offset)
            return at, count, size, offset, structure
    return place, count, size, offset, structure


def _listed(window: Window, position: int) -> tuple[Member | None, int]:
    head = window.read(position, _NEAR)
    if len(head) < _IN_LIST.size or head[:4] != _LISTED:
        return None, position
    flags, method, checksum, packed, size, names, extras, comments, attributes, header = _IN_LIST.unpack_from(head)
    raw, extra = _behind(window, position, head, _IN_LIST.size, names, extras)
    packed, size, header = _wide(extra, size, packed, header)
    after = position + _IN_LIST.size + names + extras + comments
    return Member(_text(raw, flags), flags, method, checksum, packed, size, header, attributes), after


def _behind(window: Window, position: int, head: bytes, width: int, names: int, extras: int) -> tuple[bytes, bytes]:
    """The name and the extra field behind a header, of which most was read with it."""
    end = width + names + extras
    if end > len(head):
        head = window.read(position, end)
    return head[width : width + names], head[width + names : end]


def _wide(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Sizes that need 64 bits stand in an extra field, only those that do, in a fixed order."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[position : position + 4])
        if kind == 1:
            held = extra[position + 4 : position + 4 + length]
            numbers = [n for (n,) in struct.iter_unpack("<Q", held[: len(held) // 8 * 8])]
            size = numbers.pop(0) if size == _ALL and numbers else size
            packed = numbers.pop(0) if packed == _ALL and numbers else packed
            header = numbers.pop(0) if header == _ALL and numbers else header
        position += 4 + length
    return packed, size, header


def _text(raw: bytes, flags: int) -> str:
    return raw.decode("utf-8", "replace") if flags & _UTF8 or not raw.isascii() else raw.decode("ascii")


def _locate(window: Window, member: Member, archive: Archive, spend: Callable[[int], None]) -> None:
    """Find the bytes of a member by its own header, and note what that disagrees on."""
    head = window.read(member.header, _NEAR)
    if len(head) < _IN_FRONT.size or head[:4] != _LOCAL:
        member.quarrels.append("there is no member where the list says")
        member.packed = 0
        return
    flags, method, checksum, packed, size, names, extras = _IN_FRONT.unpack_from(head)
    spend(names // _LETTERS + extras // _EXTRAS)  # many members may have one header
    raw, extra = _behind(window, member.header, head, _IN_FRONT.size, names, extras)
    member.begin = member.header + _IN_FRONT.size + names + extras
    archive.structure.append((member.header, min(member.begin, window.size)))
    packed, size, _ = _wide(extra, size, packed, 0)
    if (name := _text(raw, flags)) != member.name:
        member.quarrels.append(f"the list calls it {member.name[:_SHOWN]!r}, its header {name[:_SHOWN]!r}")
    if method != member.method:
        member.quarrels.append("list and header name different compressions")
    if (flags ^ member.flags) & ENCRYPTED:
        member.quarrels.append("list and header disagree on whether it is encrypted")
    if not flags & _DESCRIBED and (packed, size, checksum) != (member.packed, member.size, member.checksum):
        member.quarrels.append("list and header disagree on its size or checksum")
    if member.end > window.size:
        member.quarrels.append("it ends behind the end of the file")
        member.packed = max(window.size - member.begin, 0)
    if flags & _DESCRIBED:
        archive.structure.append((member.end, min(member.end + _descriptor(window, member.end), window.size)))


def _descriptor(window: Window, position: int) -> int:
    """How long the note behind a member is; the headers before and after a note tell it apart."""
    marked = window.read(position, 4) == b"PK\x07\x08"
    for length in (24, 16) if marked else (20, 12):
        if window.read(position + length, 2) == b"PK":
            return length
    return 16 if marked else 0


def gaps(size: int, stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches that belong to nothing."""
    position = 0
    for start, end in sorted(stretches):
        if start > position:
            yield position, min(start, size)
        position = max(position, end)
    if position < size:
        yield position, size


def _hidden(window: Window, archive: Archive) -> Iterator[Member]:
    """Members that have a header but no place in the list: a reader that streams would find them."""
    taken = archive.structure + [(m.begin, m.end) for m in archive.members]
    for start, end in list(gaps(window.size, taken))[:1000]:
        position = window.find(_LOCAL, start, end)
        while position >= 0:
            head = window.read(position, 30)
            if len(head) < 30:  # noqa: PLR2004
                break
            flags, method, checksum, packed, size, names, extras = struct.unpack("<HH4xIIIHH", head[6:30])
            member = Member(_text(window.read(position + 30, names), flags), flags, method, checksum, packed, size, position)
            member.begin = position + 30 + names + extras
            member.packed = packed or max(min(end, window.size) - member.begin, 0)
            member.packed = min(member.packed, max(window.size - member.begin, 0))
            yield member
            position = window.find(_LOCAL, max(member.end, position + 4), end)
