"""ZIP archives: torch, Keras, npz, skops, TorchServe, PT2 and all others, every member in every reading."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator

from lading.binary.inflate import unpack
from lading.binary.tar import Entry, entries, is_tar
from lading.binary.window import Window
from lading.binary.zip import ENCRYPTED, Archive, Member, read
from lading.core.inspection import Grade
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_METHODS = {8: "deflate", 12: "bz2", 14: "lzma-zip", 93: "zstd", 95: "xz"}
_CHECKED = 64 << 20
_STEP = 1 << 20
_TOLD = 20
_LONGEST_PATH = 4096
_SHARED = 1 << 16
"""Bytes that members may share and are looked at all the same."""
_TENSORS = frozenset({"torch", "torchscript", "pt2", "package"})
"""Archives in which members of certain places are the numbers of tensors."""


def _is_zip(part: Part) -> bool:
    if part.head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return part.suffix != ".distcp"  # several, one after the other
    archive = None if part.depth else read(part.window, 1)
    return archive is not None and not (is_tar(part.window) and _is_member(part, archive.prefix))


def _is_member(part: Part, begin: int) -> bool:
    """Whether an archive begins where the last member of a TAR archive does, with nothing but padding behind it."""
    found = [e for e in entries(part.window, part.limits.entries) if isinstance(e, Entry) and e.kind != "end"]
    return bool(found) and found[-1].begin == begin


@scanner("ZIP archive", _is_zip)
def scan(part: Part) -> Iterator[Seen]:
    """Follow the list and the headers, then every member."""
    archive = read(part.window, part.limits.entries, part.budget.spend)
    if archive is None:
        yield part.sees("broken-file", "it begins as a ZIP archive and has no list of members", Grade.UNSCANNABLE)
        return
    yield from (Span(start, end) for start, end in archive.structure)
    yield from _structure(part, archive)
    context = kind(archive)
    room = part.window.size + min(part.window.size, _SHARED)
    for member in archive.members + archive.hidden:
        room -= member.packed
        if room < 0:
            yield part.sees("limit", "its members share more bytes than are read twice", Grade.UNSCANNABLE, effect="exhaustion")
            return
        inert = context in _TENSORS and is_storage(member.name)
        yield Span(member.begin, member.end, inert=inert)
        yield from _member(part, member, context, inert=inert)


def _structure(part: Part, archive: Archive) -> Iterator[Seen]:
    """What the archive as a whole says that it should not."""
    if archive.cut:
        yield part.sees("limit", f"more than {part.limits.entries} members", Grade.UNSCANNABLE, effect="exhaustion")
    for complaint in archive.complaints:
        yield part.sees("broken-file", complaint, Grade.UNSCANNABLE)
    names = Counter(m.name.lower() for m in archive.members)
    for name, count in [(n, c) for n, c in names.items() if c > 1][:_TOLD]:
        yield part.sees("archive-duplicate", f"{count} members are named {name}: readers differ in which they take", effect="integrity")
    for member in archive.hidden[:_TOLD]:
        yield part.sees(
            "archive-hidden", f"{member.name} has a header but is not on the list of members", offset=member.header, effect="integrity"
        )
    told = 0
    for member in archive.members:
        for quarrel in member.quarrels:
            told += 1
            if told <= _TOLD:
                yield part.sees("archive-mismatch", f"{member.name}: {quarrel}", offset=member.header, effect="integrity")
        yield from _path(part, member)
    yield from _overlaps(part, archive)


def _path(part: Part, member: Member) -> Iterator[Seen]:
    name = member.name.replace("\\", "/")
    if leads_out(name):
        yield part.sees("archive-path", f"{member.name} leads out of the folder it is unpacked to", Grade.MALICIOUS, effect="write-file")
    if member.is_link:
        target = part.window.read(member.begin, min(member.packed, _LONGEST_PATH)).decode("utf-8", "replace") if member.method == 0 else ""
        grade = Grade.MALICIOUS if leads_out(target) else Grade.SUSPICIOUS
        yield part.sees("archive-link", f"{member.name} is a link or a device", grade, effect="write-file")


def leads_out(path: str) -> bool:
    """Whether a path is absolute or climbs."""
    plain = path.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or plain[1:2] == ":"


def _overlaps(part: Part, archive: Archive) -> Iterator[Seen]:
    """Members that share bytes: how small files unpack to enormous ones, and how two names get one content."""
    end = 0
    for member in sorted((m for m in archive.members if m.packed), key=lambda m: m.begin):
        if member.begin < end:
            yield part.sees("archive-bomb", f"{member.name} shares bytes with another member", offset=member.begin, effect="exhaustion")
            return
        end = member.end


def kind(archive: Archive) -> str:
    """What loads such an archive, told by the names of its members."""
    names = {m.name.replace("\\", "/").lower() for m in archive.members + archive.hidden}
    last = {n.rpartition("/")[2] for n in names}
    found = {
        "torchscript": any("/code/" in f"/{n}" and n.endswith(".py") for n in names) and any(n.endswith("constants.pkl") for n in names),
        "pt2": "archive_format" in last,
        "package": any(f"/{n}".endswith("/.data/extern_modules") for n in names),
        "torch": any(n == "data.pkl" or n.endswith("/data.pkl") for n in names),
        "keras": "config.json" in names and bool({"metadata.json", "model.weights.h5"} & names),
        "skops": "schema.json" in names,
        "mar": "mar-inf/manifest.json" in names,
        "npz": bool(names) and all(n.endswith(".npy") for n in names),
    }
    return next((k for k, is_it in found.items() if is_it), "zip")


def is_storage(name: str) -> bool:
    """Whether a member of a torch archive is the numbers of a tensor, which nothing interprets."""
    folder, _, last = name.rpartition("/")
    if folder.rpartition("/")[2] == ".data" and last.endswith(".storage"):
        return last[:-8].isdecimal()
    return (
        folder.rpartition("/")[2] in {"data", "constants", "weights"}
        and not last.startswith("custom_obj")
        and last.replace("_", "").isalnum()
        and "." not in last
    )


def _member(part: Part, member: Member, context: str, *, inert: bool) -> Iterator[Seen]:
    if member.name.endswith("/") and not member.packed:
        return
    if member.flags & ENCRYPTED:
        yield part.sees("archive-encrypted", f"{member.name} is marked as encrypted", Grade.UNSCANNABLE)
    if inert and member.method == 0:
        return
    raw = part.window.part(member.begin, member.packed)
    if member.method == 0:
        window = raw
    else:
        method = _METHODS.get(member.method, f"compression {member.method}")
        unpacked = unpack(raw, method, part.most_unpacked(method))
        if unpacked.error and not unpacked.data:
            yield part.sees("archive-unsupported", f"{member.name}: {unpacked.error}", Grade.UNSCANNABLE)
            return
        part.unpacked(method, len(unpacked.data))
        if unpacked.full:
            yield part.too_large(f"{member.name} unpacks", raw.size)
            return
        if unpacked.error:
            yield part.sees("broken-file", f"{member.name}: {unpacked.error}", Grade.UNSCANNABLE)
        window = Window(memoryview(unpacked.data))
    if inert:
        return
    if window.size <= _CHECKED and not is_storage(member.name) and _checksum(window) != member.checksum:
        yield part.sees(
            "archive-mismatch",
            f"{member.name} does not have the checksum that the list says; torch reads it all the same",
            effect="integrity",
        )
    yield Nested(window, member.name, _context(context, member.name))


def _checksum(window: Window) -> int:
    value = 0
    for start in range(0, window.size, _STEP):
        value = zlib.crc32(window.read(start, _STEP), value)
    return value


def _context(archive: str, name: str) -> str:
    last = name.lower().rpartition("/")[2]
    if archive in {"torch", "torchscript", "pt2", "package"} and last.endswith((".pkl", ".debug_pkl")):
        return "torchscript" if archive == "torchscript" else "torch"
    return f"{archive}-archive" if archive in {"torch", "torchscript", "zip"} else archive
