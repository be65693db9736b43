"""The formats of files in a model folder, told from names and first bytes: what a loader would take a file for."""

from msgspec import Struct

HEAD = 4096
"""Bytes of a file that are enough to tell."""


class FileFormat(Struct, frozen=True):
    """A format: by which endings it is known and with which bytes, at which offset, it begins."""

    name: str
    suffixes: tuple[str, ...] = ()
    magics: tuple[tuple[int, bytes], ...] = ()


FORMATS = (
    FileFormat("safetensors", (".safetensors",)),
    FileFormat("gguf", (".gguf",), ((0, b"GGUF"),)),
    FileFormat("pickle", (".pkl", ".pickle", ".joblib", ".dill"), tuple((0, b"\x80" + bytes([protocol])) for protocol in range(2, 6))),
    FileFormat("pytorch", (".pt", ".pth", ".bin", ".ckpt", ".pt2", ".mar")),
    FileFormat("onnx", (".onnx",)),
    FileFormat("keras", (".keras",)),
    FileFormat("hdf5", (".h5", ".hdf5"), ((0, b"\x89HDF\r\n\x1a\n"),)),
    FileFormat("tensorflow", (".pb", ".index")),
    FileFormat("tflite", (".tflite",), ((4, b"TFL3"),)),
    FileFormat("numpy", (".npy", ".npz"), ((0, b"\x93NUMPY"),)),
    FileFormat("msgpack", (".msgpack",)),
    FileFormat("parquet", (".parquet",), ((0, b"PAR1"),)),
    FileFormat("arrow", (".arrow", ".feather"), ((0, b"ARROW1"),)),
    FileFormat("sentencepiece", (".model", ".spm")),
    FileFormat("python", (".py", ".pyc", ".pyi", ".ipynb")),
    FileFormat("script", (".sh", ".bash", ".js", ".ts", ".lua", ".pl", ".rb"), ((0, b"#!"),)),
    FileFormat("native", (".so", ".dylib", ".dll", ".pyd", ".exe"), ((0, b"\x7fELF"), (0, b"MZ"), (0, b"\xcf\xfa\xed\xfe"), (0, b"\xca\xfe\xba\xbe"))),
    FileFormat("archive", (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst", ".7z", ".rar", ".whl"),
               ((0, b"\x1f\x8b"), (0, b"\xfd7zXZ"), (0, b"7z\xbc\xaf"), (0, b"BZh"), (0, b"\x28\xb5\x2f\xfd"), (257, b"ustar"))),
    FileFormat("image", (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")),
    FileFormat("text"),
)  # fmt: skip
"""`text` is every file of no other format that is UTF-8 without NUL; what is none at all is `unknown`."""

_ZIPPED = frozenset({"pytorch", "keras", "numpy"})
"""Formats that are zip archives themselves."""


def formats_of(path: str, head: bytes) -> frozenset[str]:
    """The formats that a file has by its name and by its first bytes; more than one where they disagree."""
    name = path.rpartition("/")[2].lower()
    found = {f.name for f in FORMATS if name.endswith(f.suffixes or ("\0",))}
    found |= {f.name for f in FORMATS if any(head[at : at + len(magic)] == magic for at, magic in f.magics)}
    if head.startswith(b"PK\x03\x04") and not found & _ZIPPED:
        found.add("archive")
    if "safetensors" in found and head[8:9] != b"{":
        found.add("unknown")
    return frozenset(found) or frozenset({"text" if _is_text(head) else "unknown"})


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as e:
        return e.start >= HEAD - 4 and b"\0" not in head
    return b"\0" not in head
