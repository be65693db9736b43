"""Single compressed streams: gzip, bzip2, xz, lzma, Zstandard, LZ4, zlib as joblib writes them; those that are not unpacked here are said to be so."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary import zstd
from lading.binary.inflate import unpack
from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_MAGIC = {
    b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x5d\x00\x00": "lzma", b"\x78\x01": "zlib", b"\x78\x5e": "zlib", b"\x78\x9c": "zlib", b"\x78\xda": "zlib",
    b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"\x02\x21\x4c\x18": "legacy lz4", b"\xff\x06\x00\x00sNaPpY": "snappy",
}  # fmt: skip
_MAGICS = tuple(_MAGIC)
_OLD_JOBLIB = pattern(rb"ZF0x[0-9a-fA-F]+L? {0,17}")
"""What joblib before 0.10 writes in front of a stream: its length as text, filled up with spaces."""
_MODELS = frozenset(
    {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".keras", ".onnx", ".npy", ".npz", ".pb", ".tflite", ".mar"}
)
_UNREAD = frozenset({"7z", "RAR", "legacy lz4", "snappy"})
_PASSED_OVER = frozenset({"zstd", "lz4"})
"""Compressions with frames that their readers pass over."""
_INDEX = b"\xb1\xea\x92\x8f"
"""How the table of places ends that makes a file of Zstandard seekable."""


def kind(part: Part) -> str:
    """The compression of a part; empty where it is none."""
    if part.head.startswith(b"ZF0x") and _OLD_JOBLIB.match(part.head):
        return "zlib of joblib"
    passed = zstd.skipped(part.window) if zstd.is_skipped(part.head) else []
    head = part.window.read(passed[-1][1], 8) if passed else part.head
    if not head.startswith(_MAGICS):
        return ""
    found = next(k for magic, k in _MAGIC.items() if head.startswith(magic))
    if passed and found not in _PASSED_OVER:
        return ""
    if found == "zlib" and unpack(part.window.part(0, 4096), "zlib", 64).error.find("broken") >= 0:
        return ""
    if found == "lzma" and not (part.suffix in {".lzma", ".xz"} or part.head[5:13] == b"\xff" * 8 or _unpacks(part)):
        return ""
    return found


def _old_head(head: bytes) -> int:
    """How many bytes an old joblib writes in front of a stream; none in all other files."""
    match = _OLD_JOBLIB.match(head)
    return match.end() if match else 0


def _unpacks(part: Part) -> bool:
    """Whether a stream that says how long it is goes on as one of lzma: joblib reads it by its first two bytes alone."""
    return part.head[13:14] == b"\0" and len(unpack(part.window.part(0, 4096), "lzma", 64).data) > 0


@scanner("compressed", lambda part: bool(kind(part)))
def scan(part: Part) -> Iterator[Seen]:
    """Unpack in memory, stream after stream, and look at what comes out."""
    found = kind(part)
    if found in _UNREAD:
        yield part.sees("archive-unsupported", f"{found} is not unpacked here, so its content was not looked at", Grade.UNSCANNABLE)
        if part.suffix in _MODELS and not part.depth:
            yield part.sees(
                "misleading-name", f"it is named {part.suffix} and is {found}, which no loader of models reads", effect="integrity"
            )
        yield Span(0, part.window.size)
        return
    first, out = _old_head(part.head), bytearray()
    found, position = "zlib" if first else found, first
    while position < part.window.size:
        for start, end in zstd.skipped(part.window, position) if found in _PASSED_OVER else ():
            yield from _passed_over(part, start, end)
            position = end
        if position >= part.window.size:
            break
        rest = part.window.part(position, part.window.size)
        if position > first and not _goes_on(rest, found):
            break
        unpacked = unpack(rest, found, part.most_unpacked(found), part.budget.spend)
        part.unpacked(found, len(unpacked.data))
        if unpacked.full:
            yield part.too_large("it unpacks", part.window.size)
            return
        if out:
            out += unpacked.data
        else:
            out = unpacked.data  # not copied where it is the only one
        position += unpacked.used
        if unpacked.error:
            yield part.sees("broken-file", unpacked.error, Grade.UNSCANNABLE)
            break
    end = part.window.size if part.window.is_zero(position, part.window.size) else position
    yield Span(0, end)
    yield Nested(Window(memoryview(out)), _inner_name(part.name), "compressed")


def _passed_over(part: Part, start: int, end: int) -> Iterator[Seen]:
    """Bytes that every reader passes over: the sizes and places of frames are expected there, anything else is told."""
    if end - start > _SIZE and not (part.window.read(end - 4, 4) == _INDEX and part.window.read(start, 1) == b"\x5e"):
        message = f"readers pass over {end - start - 8} bytes that may be anything"
        yield part.sees("trailing-bytes", message, offset=start)


_SIZE = 12
"""A frame that is passed over and only holds the size of the next one."""


def _goes_on(rest: Window, found: str) -> bool:
    return found in {"gzip", "bz2", "xz", "lz4", "zstd"} and any(rest.read(0, 6).startswith(m) for m, k in _MAGIC.items() if k == found)


def _inner_name(name: str) -> str:
    for suffix in (".gz", ".lz4", ".bz2", ".xz", ".lzma", ".zlib", ".z", ".zst", ".zstd", ".tgz", ".tzst"):
        if name.lower().endswith(suffix):
            return f"{name[: -len(suffix)]}{'.tar' if suffix in {'.tgz', '.tzst'} else ''}"
    return name
