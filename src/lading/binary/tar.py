"""TAR archives read header by header, with the long names of GNU and PAX; nothing is unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lading.binary.window import Window

BLOCK = 512
_MOST_NAME = 1 << 16


class Entry(Struct, frozen=True):
    """One member: its name, its kind, where it leads if it is a link, and where its bytes are."""

    name: str
    kind: str
    link: str
    header: int
    begin: int
    size: int

    @property
    def end(self) -> int:
        """Behind its bytes and their padding."""
        return self.begin + self.size + -self.size % BLOCK


def is_tar(window: Window) -> bool:
    """Whether the first block is a header with the right checksum."""
    head = window.read(0, BLOCK)
    return len(head) == BLOCK and head[0] != 0 and _checksum(head)


_ASCII = bytes(range(128))


def _checksum(head: bytes) -> bool:
    told = _octal(head[148:156])
    plain = head[:148] + b" " * 8 + head[156:]
    total = sum(plain)
    return told is not None and told in {total, total - 256 * len(plain.translate(None, _ASCII))}  # signed bytes, as old tars count


def _octal(raw: bytes) -> int | None:
    if raw[:1] in {b"\x80", b"\xff"}:
        return int.from_bytes(raw[1:], "big")
    text = raw.rstrip(b" \0").strip(b" \0") or b"0"
    try:
        return int(text, 8)
    except ValueError:
        return None


def entries(window: Window, most: int) -> Iterator[Entry | str]:
    """Every member in order; a text says why the reading ends early."""
    position, name, link, count = 0, "", "", 0
    while position + BLOCK <= window.size:
        head = window.read(position, BLOCK)
        if not any(head):
            yield Entry("", "end", "", position, window.size, 0)
            return
        size = _octal(head[124:136])
        if not _checksum(head) or size is None:
            yield "a header of a member is broken"
            return
        begin = position + BLOCK
        if begin + size > window.size:
            yield "it ends within a member"
            size = window.size - begin
        kind = chr(head[156])
        if kind in "LKxg":
            name, link = _long(window.read(begin, min(size, _MOST_NAME)), kind, name, link)
            yield Entry("", "name", "", position, begin, size)
        else:
            yield Entry(name or _name(head), kind, link or _string(head[157:257]), position, begin, 0 if kind in "123456" else size)
            size = 0 if kind in "123456" else size
            name = link = ""
        count += 1
        if count > most:
            yield f"more than {most} members"
            return
        position = begin + size + -size % BLOCK


def _string(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


def _name(head: bytes) -> str:
    prefix = _string(head[345:500]) if head[257:262] == b"ustar" else ""
    return f"{prefix}/{_string(head[:100])}" if prefix else _string(head[:100])


def _long(raw: bytes, kind: str, name: str, link: str) -> tuple[str, str]:
    if kind == "L":
        return _string(raw), link
    if kind == "K":
        return name, _string(raw)
    for line in raw.split(b"\n") if kind == "x" else ():
        key, _, value = line.partition(b" ")[2].partition(b"=")
        if key == b"path":
            name = value.decode("utf-8", "replace")
        elif key == b"linkpath":
            link = value.decode("utf-8", "replace")
    return name, link
