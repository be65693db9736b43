"""Data that nothing interprets as code: trees of boosting libraries, vocabularies, pictures, raw numbers beside a model."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from lading.binary.flatbuffer import BrokenTableError, root
from lading.binary.protobuf import BYTES, BrokenMessageError, fields
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._encoded import buried
from lading.scanners._registry import Part, Seen, Span, scanner

_MEDIA = {
    b"\x89PNG\r\n\x1a\n": b"IEND", b"\xff\xd8\xff": b"", b"GIF87a": b"", b"GIF89a": b"", b"RIFF": b"", b"OggS": b"", b"fLaC": b"", b"ID3": b"", b"\x00\x01\x00\x00\x00": b"",
    b"OTTO": b"", b"wOFF": b"", b"wOF2": b"", b"\x00\x00\x01\x00": b"",
}  # fmt: skip
_RAW = pattern(
    r"group\d+-shard\d+of\d+(?:\.bin)?|(?:openvino_\w*model|.*-openvino).*\.bin|.*\.onnx[._]data(?:[._-]?\d+)?|.*\.pdiparams|.*\.onnx_data\w*"
)
_RECORD = 16
"""Bytes around the content of one record."""
_PIECES = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES}


@scanner("CatBoost model", lambda part: part.head[:4] == b"CBM1")
def catboost(part: Part) -> Iterator[Seen]:
    """Trees in flat tables: nothing in them is run."""
    try:
        root(part.window.part(8, part.window.number("<I", 4) or 0))
    except BrokenTableError as e:
        yield part.sees("broken-file", f"it is no model of CatBoost: {e}", Grade.UNSCANNABLE)
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


@scanner("ORC table", lambda part: part.head[:3] == b"ORC" and part.window.read(part.window.size - 4, 3) == b"ORC")
def orc(part: Part) -> Iterator[Seen]:
    """Columns of numbers and texts: nothing in them is run."""
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


def _is_records(part: Part) -> bool:
    length = part.window.number("<Q", 0)
    named = ".tfrecord" in part.base or ".tfevents" in part.base
    return named and length is not None and _RECORD + length <= part.window.size


@scanner("TFRecord", _is_records)
def records(part: Part) -> Iterator[Seen]:
    """Records to the end, each with its length and two checksums: examples and events, none of which is run."""
    position = 0
    while (length := part.window.number("<Q", position)) is not None and position + _RECORD + length <= part.window.size:
        part.budget.spend(1)
        position += _RECORD + length
    yield from buried(part)
    yield Span(0, position, inert=True)


@scanner("fastText vectors", lambda part: part.head[:4] == b"\xba\x16\x4f\x2f" and part.suffix in {".bin", ".ftz"})
def fast_text(part: Part) -> Iterator[Seen]:
    """A dictionary and matrices: nothing in them is run."""
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


@scanner("FAISS index", lambda part: part.head[:2] in {b"Ix", b"Iw", b"Ib", b"IB", b"IH", b"IN"} and part.suffix in {".faiss", ".index"})
def faiss(part: Part) -> Iterator[Seen]:
    """Vectors and lists of them: nothing in them is run."""
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


_ARRAYS = {
    b"CDF\x01": ".nc",
    b"CDF\x02": ".nc",
    b"CDF\x05": ".nc",
    b"MATLAB 5.0 MAT-file": ".mat",
    b"II*\x00": ".tif",
    b"MM\x00*": ".tif",
    b"lCRF": "",
}
"""How tables of numbers begin, and their names."""


@scanner("arrays of numbers", lambda part: any(part.head.startswith(m) and part.suffix.startswith(end) for m, end in _ARRAYS.items()))
def arrays(part: Part) -> Iterator[Seen]:
    """Variables of NetCDF and MATLAB, pictures in TIFF, features of CRFsuite: nothing in them is run."""
    yield Span(0, part.window.size, inert=True)


_NEIGHBOURS = Struct("<QQQQQQiiQQQdQ")
"""Of an index of hnswlib: places and sizes of its parts, then how it was built."""


def _neighbours(part: Part) -> tuple[int, int, int] | None:
    """How many elements an index of hnswlib has, the bytes of each, and those of each list of neighbours; None where the sums do not agree."""
    if len(part.head) < _NEIGHBOURS.size:
        return None
    start, most, count, size, label, data, _, _, links, lowest, half, _, _ = _NEIGHBOURS.unpack_from(part.head)
    agrees = start == 0 and 0 < count <= most and links == half and lowest == 2 * half and 0 < half < _MOST_LINKS
    return (count, size, links * 4 + 4) if agrees and data == lowest * 4 + 4 and label + 8 == size and data < label else None


_MOST_LINKS = 10_000


@scanner("hnswlib index", lambda part: _neighbours(part) is not None)
def neighbours(part: Part) -> Iterator[Seen]:
    """Vectors with their neighbours, then a list of more of them for each: accounted for as far as the lengths add up."""
    count, size, each = _neighbours(part) or (0, 0, 1)
    position = _NEIGHBOURS.size + count * size
    for _ in range(count):
        part.budget.spend(1)
        length = part.window.number("<I", position)
        if length is None or length % each or position + 4 + length > part.window.size:
            break
        position += 4 + length
    yield Span(0, position, inert=True)


@scanner("XGBoost model", lambda part: (part.head[:2] == b"{L" and b"learner" in part.head) or part.head[:4] == b"binf")
def xgboost(part: Part) -> Iterator[Seen]:
    """Trees in binary JSON: nothing in it is run."""
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


_TABLES = (b"Obj\x01", b"\x01\xab\xff\xffversion:", b"______LightGBM_Binary_File_Token______\n\x00", b"CatboostQuantizedPool\x00")
"""How Avro and the data sets of XGBoost, LightGBM and CatBoost begin."""


@scanner("table of a library of its own", lambda part: part.head.startswith(_TABLES))
def tables(part: Part) -> Iterator[Seen]:
    """Columns in a form of Avro, XGBoost, LightGBM or CatBoost: nothing in them is run."""
    yield from buried(part)
    yield Span(0, part.window.size, inert=True)


_WORDS = pattern(rb"(\d{1,9}) (\d{1,5})\n[^\n ]{1,400} ")


def _is_word_vectors(part: Part) -> bool:
    return part.suffix in {".bin", ".w2v", ".vec"} and bool(_WORDS.match(part.head))


@scanner("word2vec vectors", _is_word_vectors, weak=1)
def word_vectors(part: Part) -> Iterator[Seen]:
    """Words, each with as many numbers as the first line says."""
    match = _WORDS.match(part.head)
    count, width = (int(match.group(1)), int(match.group(2)) * 4) if match else (0, 0)
    position = part.head.index(b"\n") + 1
    for _ in range(count):
        part.budget.spend(1)
        space = part.window.find(b" ", position, position + _LONGEST_WORD)
        if space < 0 or space + 1 + width > part.window.size:
            yield part.sees("tensor-bounds", "it ends before the words that it announces", effect="integrity")
            return
        position = space + 1 + width
        position += part.window.read(position, 1) == b"\n"
    yield Span(0, position, inert=True)


_LONGEST_WORD = 4096


@scanner("Java serialization", lambda part: part.head[:4] == b"\xac\xed\x00\x05")
def java(part: Part) -> Iterator[Seen]:
    """Objects that a reader makes before anybody has looked at them."""
    message = "it is a stream of Java objects, whose classes run code of their own while they are read"
    yield part.sees("data-code", message, effect="execute", loader="java.io.ObjectInputStream: H2O, Spark, Deeplearning4j")
    yield Span(0, part.window.size)


_OCDBT = (b"\x0c\xdb\x3a\x2a", b"\x0c\xdb\x20\xde")


@scanner("OCDBT", lambda part: part.head.startswith(_OCDBT) and part.window.number("<Q", 4) == part.window.size)
def ocdbt(part: Part) -> Iterator[Seen]:
    """A table of keys and pieces of arrays, as Orbax writes it: nothing in it is run."""
    yield Span(0, part.window.size, inert=True)


_CHUNK = pattern(r"[0-9a-f]{32}|\d{1,6}(?:\.\d{1,6}){0,8}")


@scanner("piece of an array", lambda part: (not part.depth or part.context == "compressed") and bool(_CHUNK.fullmatch(part.name)), weak=3)
def chunk(part: Part) -> Iterator[Seen]:
    """Numbers of Zarr or OCDBT, under a name that is a number: nothing interprets more of them."""
    yield Span(0, part.window.size, inert=True)


def _is_sentencepiece(part: Part) -> bool:
    return part.suffix in {".model", ".spm", ".bpe"} and part.head[:1] == b"\x0a" and b"\x0a" in part.head[1:8]


@scanner("SentencePiece vocabulary", _is_sentencepiece)
def sentencepiece(part: Part) -> Iterator[Seen]:
    """Pieces and how to make them: nothing in it is run."""
    try:
        for field in fields(part.window):
            if _PIECES.get(field.number) != field.kind:
                yield part.sees("broken-file", f"field {field.number} is not of a vocabulary", Grade.UNSCANNABLE, offset=field.begin)
                return
        yield Span(0, part.window.size, inert=True)
    except BrokenMessageError as e:
        yield part.sees("broken-file", f"the message breaks off: {e}", Grade.UNSCANNABLE)


@scanner("picture, sound or font", lambda part: any(part.head.startswith(m) for m in _MEDIA), weak=2)
def media(part: Part) -> Iterator[Seen]:
    """Accounted for to its end where that is told, and as a whole otherwise."""
    end = part.window.size
    if part.head.startswith(b"\x89PNG"):
        place = part.window.find(b"IEND\xaeB`\x82", 0)
        end = place + 8 if place >= 0 else 0
    elif part.head.startswith(b"RIFF"):
        end = min(8 + (part.window.number("<I", 4) or 0), end)
    yield Span(0, end, inert=True)


@scanner("numbers beside a model", lambda part: bool(_RAW.fullmatch(part.base)), weak=1)
def raw(part: Part) -> Iterator[Seen]:
    """Numbers that a model beside them names; nothing interprets more of them."""
    yield Span(0, part.window.size, inert=True)
