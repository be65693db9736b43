"""TensorFlow Lite and ExecuTorch: flat tables with the operators that a program must bring."""

from __future__ import annotations

from collections.abc import Iterator

from lading.binary.flatbuffer import BrokenTableError, root
from lading.core.inspection import Grade
from lading.scanners._registry import Part, Seen, Span, scanner

_HARMLESS = frozenset({"TFLite_Detection_PostProcess", "VisualWordEmbedding"})
_COMPUTES = frozenset(
    [
        "TensorListReserve",
        "TensorListStack",
        "TensorListSetItem",
        "TensorListGetItem",
        "TensorListFromTensor",
        "TensorListPushBack",
        "TensorListPopBack",
        "TensorListLength",
        "TensorListConcatV2",
        "EmptyTensorList",
        "StringLower",
        "StringUpper",
        "StringSplit",
        "StringSplitV2",
        "StringStrip",
        "StringJoin",
        "StringLength",
        "StringToHashBucketFast",
        "StringToNumber",
        "StaticRegexReplace",
        "StaticRegexFullMatch",
        "RegexReplace",
        "RegexFullMatch",
        "Substr",
        "ReduceJoin",
        "UnicodeDecode",
        "UnicodeDecodeWithOffsets",
        "UnicodeEncode",
        "UnicodeTranscode",
        "UnsortedSegmentJoin",
        "AsString",
        "RaggedTensorToTensor",
        "RaggedTensorFromVariant",
        "RaggedTensorToVariant",
        "RaggedRange",
        "RaggedGather",
        "RaggedBincount",
        "DenseBincount",
        "Bincount",
        "Bucketize",
        "Roll",
        "Erf",
        "Erfc",
        "Erfinv",
        "Lgamma",
        "Digamma",
        "Igamma",
        "Xlogy",
        "Xdivy",
        "Expm1",
        "Log1p",
        "Atan",
        "Atan2",
        "Acos",
        "Asin",
        "Acosh",
        "Asinh",
        "Cosh",
        "Sinh",
        "Tan",
        "Betainc",
        "BesselI0e",
        "BesselI1e",
        "Cross",
        "MatrixInverse",
        "MatrixDeterminant",
        "MatrixSolve",
        "Cholesky",
        "Qr",
        "Svd",
        "Eig",
        "SelfAdjointEigV2",
        "Einsum",
        "Conv3D",
        "Conv3DBackpropInputV2",
        "MaxPool3D",
        "AvgPool3D",
        "FusedBatchNormV3",
        "LRN",
        "CropAndResize",
        "ExtractImagePatches",
        "NonMaxSuppressionV3",
        "CombinedNonMaxSuppression",
        "FFT",
        "FFT2D",
        "IFFT",
        "IFFT2D",
        "RFFT",
        "RFFT2D",
        "IRFFT",
        "IRFFT2D",
        "Mfcc",
        "AudioSpectrogram",
        "RandomUniform",
        "RandomStandardNormal",
        "StatelessRandomUniformV2",
        "Multinomial",
        "ScatterNd",
        "TensorScatterUpdate",
        "TensorScatterAdd",
        "UnsortedSegmentSum",
        "UnsortedSegmentMax",
        "SegmentSum",
        "SparseToDense",
        "SparseTensorDenseMatMul",
        "SparseReshape",
        "SparseFillEmptyRows",
        "Unique",
        "UniqueV2",
        "InTopKV2",
        "Softplus",
        "Softsign",
        "Selu",
        "LeakyRelu",
        "CTCGreedyDecoder",
        "CTCBeamSearchDecoder",
        "Cumprod",
        "Bitcast",
        "BroadcastArgs",
        "InvertPermutation",
        "DynamicStitch",
        "DynamicPartition",
    ]
)
"""Operations of TensorFlow that compute numbers and texts from numbers and texts, and reach nothing."""
_GRAPHS = frozenset({"XnnpackBackend"})
"""Delegates whose part of a program is a graph of their own operators, and never code."""
LOADER = "TensorFlow Lite"


@scanner("TensorFlow Lite", lambda part: part.head[4:8] == b"TFL3")
def scan(part: Part) -> Iterator[Seen]:
    """Name every operator that is not built in."""
    try:
        for code in root(part.window).tables(1):
            part.budget.spend(15)
            name = code.text(1)
            if name.startswith("Flex") and name[4:] in {
                "WriteFile",
                "ReadFile",
                "PyFunc",
                "EagerPyFunc",
                "PrintV2",
                "MatchingFiles",
                "LoadLibrary",
            }:
                yield part.sees(
                    "operation", f"it holds the operation {name}", Grade.MALICIOUS, offset=code.position, effect="execute", loader=LOADER
                )
            elif name and name not in _HARMLESS and name.removeprefix("Flex") not in _COMPUTES:
                yield part.sees(
                    "onnx-operator", f"the operator {name} is not built in", offset=code.position, effect="native-load", loader=LOADER
                )
    except BrokenTableError as e:
        yield part.sees("tensor-bounds", f"{e}", Grade.SUSPICIOUS, effect="integrity", loader=LOADER)
        return
    yield Span(0, part.window.size, inert=True)


@scanner("ExecuTorch program", lambda part: part.head[4:6] == b"ET" and part.head[6:8].isdigit())
def executorch(part: Part) -> Iterator[Seen]:
    """A program for a runtime with parts for its delegates, which are not looked into."""
    place = part.window.find(b"\x7fELF", 0)
    try:
        delegates = {d.text(0) for plan in root(part.window).tables(1) for d in plan.tables(7)}
    except BrokenTableError as e:
        yield part.sees("tensor-bounds", f"{e}", Grade.SUSPICIOUS, effect="integrity", loader="ExecuTorch")
        return
    if place >= 0:
        yield part.sees("native-code", "it holds machine code", Grade.SUSPICIOUS, offset=place, effect="native-load", loader="ExecuTorch")
    elif delegates - _GRAPHS:
        names = ", ".join(sorted(delegates - _GRAPHS))[:200]
        yield part.sees(
            "native-code",
            f"what its delegates run was not looked at: {names}",
            Grade.UNSCANNABLE,
            effect="native-load",
            loader="ExecuTorch",
        )
    yield Span(0, part.window.size)
