"""Programs and libraries of machine code, whatever their name."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.scanners._registry import Part, Seen, Span, scanner

_MAGIC = {
    b"\x7fELF": "a program or library for Linux",
    b"\xcf\xfa\xed\xfe": "a program or library for macOS",
    b"\xce\xfa\xed\xfe": "a program or library for macOS",
    b"\xfe\xed\xfa\xcf": "a program or library for macOS",
    b"\x00asm": "a WebAssembly module",
    b"dex\n": "Android bytecode",
    b"\xca\xfe\xba\xbe": "a Java class or a program for macOS",
    b"!<arch>\n": "an archive of machine code",
}


_MAGICS = tuple(_MAGIC)


def native(part: Part) -> str:
    """What machine code these bytes are; empty where they are none."""
    if part.head.startswith(b"MZ"):
        place = part.window.number("<I", 60)
        if place is not None and part.window.read(place, 4) == b"PE\0\0":
            return "a program or library for Windows"
        return "a program that is also a script (llamafile)" if part.head.startswith(b"MZqFpD") else ""
    if not part.head.startswith(_MAGICS):
        return ""
    return next(what for magic, what in _MAGIC.items() if part.head.startswith(magic))


@scanner("machine code", lambda part: bool(native(part)))
def scan(part: Part) -> Iterator[Seen]:
    """Say what it is: nothing in it can be judged, and a loader that uses it runs it."""
    grade = Grade.MALICIOUS if part.suffix in _DISGUISES else Grade.SUSPICIOUS
    as_what = f", named as if it were {part.suffix}" if grade is Grade.MALICIOUS else ""
    yield part.sees(
        "native-code",
        f"{part.name} is {native(part)}{as_what}",
        grade,
        effect="native-load",
        loader="whatever loads libraries of this model",
    )
    yield Span(0, part.window.size)


_DISGUISES = frozenset(
    {
        ".safetensors",
        ".gguf",
        ".bin",
        ".pt",
        ".pth",
        ".pkl",
        ".onnx",
        ".h5",
        ".keras",
        ".npy",
        ".npz",
        ".json",
        ".txt",
        ".model",
        ".ckpt",
        ".joblib",
    }
)


@scanner("Python bytecode", lambda part: part.suffix in {".pyc", ".pyo"})
def bytecode(part: Part) -> Iterator[Seen]:
    """Compiled Python, which is imported like source and which nobody reads."""
    yield part.sees("native-code", f"{part.name} is compiled Python, which runs when it is imported", effect="execute", loader="import")
    yield Span(0, part.window.size)
