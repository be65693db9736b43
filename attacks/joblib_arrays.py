"""Arrays of joblib, which stand in the middle of a pickle: what lies behind them is loaded too."""

import bz2
import gzip
import lzma
import struct
import zlib

from attacks.opcodes import RUN, call, name, text
from attacks.registry import BENIGN, MALICIOUS, MARKER, STOPPED, table
from lading.binary import zstd


def _array(kind: bytes, count: int, content: bytes, *, padding: bool = True) -> bytes:
    """A wrapper of joblib with the bytes of its array."""
    wrapper = name("joblib.numpy_pickle:NumpyArrayWrapper") + b")\x81"
    dtype = call(name("numpy:dtype"), text(kind.decode()), b"\x89", b"\x88")
    pairs = text("subclass") + name("numpy:ndarray") + text("shape") + b"K" + bytes([count]) + b"\x85" + text("order") + text("C")
    pairs += text("dtype") + dtype + text("allow_mmap") + b"\x88"
    pairs += text("numpy_array_alignment_bytes") + b"K\x10" if padding else b""
    return wrapper + b"}(" + pairs + b"ub" + (b"\x02\xff\xff" if padding else b"") + content


NUMBERS = struct.pack("<4d", 1, 2, 3, 4)
GOOD = b"\x80\x04](" + _array(b"f8", 4, NUMBERS) + b"e."
BEHIND = b"\x80\x04](" + _array(b"f8", 4, NUMBERS) + RUN + b"e."
WITHIN = b"\x80\x04](" + _array(b"O", 1, b"\x80\x04" + RUN + b".", padding=False) + b"e."
LONG = b"\x80\x04](" + _array(b"f8", 200, NUMBERS) + RUN + b"e."
OLD = b"\x80\x03](" + _array(b"f8", 4, NUMBERS, padding=False) + RUN + b"e."
MEMORY = b"\x80\x04" + call(name("joblib.numpy_pickle:load"), text("other.pkl")) + b"."
COMPRESSED = b"\x80\x04" + call(name("joblib.numpy_pickle:_unpickle"), text("other.pkl")) + b"."
BYTES = b"\x80\x04" + call(name("joblib.externals.loky.cloudpickle_wrapper:_import"), text(MARKER)) + b"."


def _lz4(data: bytes) -> bytes:
    """A frame with one block that is stored as it is."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


table(
    "joblib_arrays",
    {"plain": GOOD, "plain-gzip": gzip.compress(GOOD), "plain-lz4": _lz4(GOOD)},
    *BENIGN,
    suffix=".joblib",
    what="an array as joblib writes it",
)
table(
    "joblib_arrays",
    {
        "call-behind-the-array": BEHIND, "call-behind-an-array-without-padding": OLD, "array-of-objects": WITHIN,
        "zlib": zlib.compress(BEHIND), "gzip": gzip.compress(BEHIND), "bz2": bz2.compress(BEHIND), "xz": lzma.compress(BEHIND),
        "lzma": lzma.compress(BEHIND, lzma.FORMAT_ALONE), "lz4": _lz4(BEHIND), "zstd": zstd.module().compress(BEHIND), "gzip-twice": gzip.compress(gzip.compress(BEHIND)), "other-file": MEMORY,
    },
    *MALICIOUS, suffix=".joblib", what="a call that joblib makes when it loads",
)  # fmt: skip
table("joblib_arrays", {"array-longer-than-the-file": LONG, "private-unpickle": COMPRESSED, "private-import": BYTES, "broken-zstd": b"\x28\xb5\x2f\xfd" + BEHIND}, *STOPPED, suffix=".joblib",
      what="what no joblib writes, or what is broken")  # fmt: skip
