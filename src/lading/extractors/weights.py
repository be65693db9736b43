"""Other weight files, told by content: PyTorch archives and pickles, Keras, HDF5, ONNX, TFLite, NumPy; recognized and hashed, never loaded."""

from collections.abc import Iterator

from lading.catalog.on_disk import held
from lading.core.component import Component, ModelFacts
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.core.kinds import Flag, Kind
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_HEAD = 64
_PICKLE = pattern(rb"\x80[\x02-\x05]")
_LEGACY_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_WORD_VECTORS = pattern(rb"[0-9]{1,9} [0-9]{1,5}\n")
"""The first line of word2vec and fastText tables, text and binary: how many words, how many dimensions."""
_SMALLEST_UNKNOWN = 1024


@extractor(
    "*.bin",
    "*.pt",
    "*.pth",
    "*.ckpt",
    "*.pkl",
    "*.pickle",
    "*.joblib",
    "*.keras",
    "*.h5",
    "*.hdf5",
    "*.onnx",
    "*.tflite",
    "*.npy",
    "*.npz",
    "*.mar",
    "*.nemo",
    "*.torchscript",
    "*.pte",
    "*.vec",
    "*.faiss",
)
def read(file: SourceFile) -> Iterator[Component | Skipped]:
    """Yield the model (or array) a file holds; a file of another format under such a name is said to be not read."""
    with file.open() as stream:
        head = stream.read(_HEAD)
    format_, carries_code, kind = _format(file, head)
    if not format_:
        if file.name.endswith((".bin", ".h5", ".hdf5", ".model")) and file.size < _SMALLEST_UNKNOWN:
            return
        yield Skipped(file.path, f"{file.path} has the name of a weight file and the content of none that is known", "LD200")
        return
    flags = (Flag.CODE_BEARING,) if carries_code else ()
    yield held(file, what=format_, facts=ModelFacts(format=format_) if kind is not Kind.DATASET else None, flags=flags, kind=kind)


def _format(file: SourceFile, head: bytes) -> tuple[str, bool, Kind | None]:  # noqa: C901, PLR0911 - one answer per format
    """The format by content, whether it can carry code, and the kind where the format tells it."""
    if head.startswith(b"PK\x03\x04"):
        return _archive(file)
    if head.startswith(_LEGACY_TORCH):
        return "PyTorch legacy pickle", True, None
    if _PICKLE.match(head):
        return "pickle", True, None
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "HDF5", file.name.endswith(".h5"), None
    if _WORD_VECTORS.match(head) and file.name.endswith((".vec", ".bin")):
        return "word vectors", False, Kind.EMBEDDING
    if head[:2] in {b"Ix", b"IB"} and file.name.endswith(".faiss"):
        return "FAISS index", False, Kind.EMBEDDING
    if head.startswith(b"\x93NUMPY"):
        return "NumPy array", b"'|O'" in head, Kind.DATASET
    if head[4:8] == b"TFL3":
        return "TensorFlow Lite", False, None
    if head[4:8] == b"ET12":
        return "ExecuTorch", True, None
    if head.startswith(b"GGUF"):
        return "GGUF", False, None
    if file.name.endswith(".onnx") and head[:1] == b"\x08" and len(head) > 2 and head[1] < 32:  # noqa: PLR2004 - field 1, a small IR version
        return "ONNX", False, None
    return "", False, None


def _archive(file: SourceFile) -> tuple[str, bool, Kind | None]:
    import zipfile  # noqa: PLC0415 - for this kind of file alone

    try:
        with file.open() as stream, zipfile.ZipFile(stream) as archive:
            names = [i.filename for i in archive.infolist()[: file.limits.entries]]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as e:
        raise ExtractError(f"{file.path} is a damaged ZIP archive: {e}") from e
    tails = {n.rpartition("/")[2] for n in names}
    if "constants.pkl" in tails and "data.pkl" in tails:
        return "TorchScript", True, None
    if "data.pkl" in tails:
        return "PyTorch ZIP", True, None
    if "config.json" in tails and ("model.weights.h5" in tails or "metadata.json" in tails):
        return "Keras", True, None
    if any(n.endswith(".npy") for n in names):
        return "NumPy archive", False, Kind.DATASET
    return "ZIP archive", True, None
