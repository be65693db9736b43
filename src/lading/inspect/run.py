"""One file inspected: every scanner that knows the bytes, what they hand on in turn, and whether every byte is accounted for."""

from __future__ import annotations

import hashlib
import os
import stat
from operator import attrgetter
from pathlib import Path

from msgspec.structs import replace

from lading.binary.stored import ChangedError, StoredWindow
from lading.binary.window import Window
from lading.core.inspection import Covered, Grade, Inspection, Observation, readable, worst
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.inspect import cache
from lading.scanners._registry import SCANNERS, Nested, Overspent, Part, Scanner, Span

_HEAD = 512
_DEEPEST = 8
_MOST_PARTS = 200_000
_MOST_OBSERVED = 500
_EMPTY, _PART, _FIELD = 10, 50, 2
"""Units of work that an empty part costs, any other one, and a field of a message."""
_BLOCK = 1 << 20
_WHOLE = 1 << 20
"""Files up to this size are read once, and hashed and inspected in memory."""


class _Inspector:
    """The state of one inspection."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.observations: list[Observation] = []
        self.parts = 0
        self.by_weakness = [[s for s in SCANNERS if s.weak == weakness] for weakness in range(4)]

    def see(self, observation: Observation) -> None:
        most = _MOST_OBSERVED * (1 + observation.grade.rank)
        if len(self.observations) < most:
            texts = {"message", "member", "callable", "arguments"}
            self.observations.append(replace(observation, **{t: readable(getattr(observation, t)) for t in texts}))

    def part(self, part: Part) -> tuple[str, Covered]:
        """Look at one part and at all that lies in it; the name of its format and how it is covered."""
        self.parts += 1
        if part.depth > _DEEPEST or self.parts > _MOST_PARTS or part.budget.work < _PART:
            self.see(part.sees("limit", "nested deeper, or more than is looked at", Grade.UNSCANNABLE, effect="exhaustion"))
            return "not looked at", Covered(unread=part.window.size)
        part.budget.spend(_PART if part.window.size else _EMPTY)
        if not part.window.size:
            if part.suffix in _FULL:
                self.see(part.sees("broken-file", _NOTHING, Grade.UNSCANNABLE))
            return "empty", Covered()
        earlier = len(self.observations)
        readings = self._readings(part)
        if not readings:
            self.see(part.sees("unknown-format", _unknown(part), Grade.UNSCANNABLE))
            return "unknown", Covered(unread=part.window.size)
        if len(readings) > 1:
            names = " and ".join(r.title for r in readings)
            self.see(
                part.sees("polyglot", f"the same bytes are {names}: different loaders would read different things", effect="integrity")
            )
        meant = _MEANT.get(part.suffix)
        if meant and not part.depth and not any(r.title.startswith(meant) for r in readings):
            self.see(part.sees("misleading-name", f"it is named {part.suffix} and is {readings[0].title}", effect="integrity"))
        covered = [self._scan(reading, part) for reading in readings]
        best = min(covered, key=lambda c: c.unread)
        if best.unread:
            cut_short = any(o.grade is Grade.UNSCANNABLE and o.member == part.path for o in self.observations[earlier:])
            grade = Grade.UNSCANNABLE if cut_short else Grade.SUSPICIOUS
            self.see(part.sees("unread-bytes", f"{best.unread} of {part.window.size} bytes belong to nothing that a loader reads", grade))
        return readings[0].title, best

    def _readings(self, part: Part) -> list[Scanner]:
        try:
            return self._matching(part)
        except Overspent:
            self.see(part.sees("limit", _TOO_MUCH, Grade.UNSCANNABLE, effect="exhaustion"))
            return []
        finally:
            part.budget.owe(part.window.visits * _FIELD)

    def _matching(self, part: Part) -> list[Scanner]:
        found = self._knowing(0, part)
        for weakness in (1, 2, 3):
            if found:
                break
            found = self._knowing(weakness, part)[:1]
        return found

    def _knowing(self, weakness: int, part: Part) -> list[Scanner]:
        """The scanners that know the bytes; when one fails, each is asked again by itself."""
        asked = self.by_weakness[weakness]
        try:
            return [s for s in asked if s.matches(part)]
        except Overspent:
            raise
        except Exception:  # noqa: BLE001 - told below
            return [s for s in asked if self._knows(s, part)]

    def _knows(self, scanner: Scanner, part: Part) -> bool:
        try:
            return scanner.matches(part)
        except Overspent:
            raise
        except Exception as e:  # noqa: BLE001 - as below
            self.see(part.sees("scanner-failed", f"the scanner {scanner.name} failed: {type(e).__name__}", Grade.UNSCANNABLE))
            return False

    def _scan(self, reading: Scanner, part: Part) -> Covered:
        spans: list[Span] = []
        before = part.window.visits
        try:
            for seen in reading.scan(part):
                if isinstance(seen, Span):
                    spans.append(seen)
                elif isinstance(seen, Nested):
                    self._nested(part, seen)
                else:
                    self.see(seen)
        except Overspent:
            self.see(part.sees("limit", _TOO_MUCH, Grade.UNSCANNABLE, effect="exhaustion"))
        except RecursionError:
            self.see(part.sees("limit", "nested deeper than is followed", Grade.UNSCANNABLE, effect="exhaustion"))
        except Exception as e:  # noqa: BLE001 - a scanner that fails must never pass a file
            self.see(part.sees("scanner-failed", f"the scanner {reading.name} failed: {type(e).__name__}", Grade.UNSCANNABLE))
        part.budget.owe((part.window.visits - before) * _FIELD)
        return _covered(spans, part.window.size)

    def _nested(self, part: Part, nested: Nested) -> None:
        path = f"{part.path}!{nested.name}" if part.path else nested.name
        window = nested.window.near()
        inner = Part(window, nested.name, path, nested.context, part.depth + 1, self.limits, window.read(0, _HEAD), part.budget)
        if nested.context != "held":
            self.part(inner)
            return
        before, self.observations = self.observations, []
        self.part(inner)
        found, self.observations = self.observations, before
        worse = next((o for o in found if o.grade is Grade.MALICIOUS or o.rule == "pickle-held"), None)
        if worse:
            self.see(
                part.sees(
                    "pickle-held", f"it holds another pickle as bytes; if somebody loads that: {worse.message}", callable=worse.callable
                )
            )


_FULL = frozenset(
    {
        ".safetensors",
        ".gguf",
        ".npy",
        ".npz",
        ".onnx",
        ".keras",
        ".h5",
        ".hdf5",
        ".tflite",
        ".parquet",
        ".skops",
        ".pt",
        ".pth",
        ".pte",
        ".pt2",
        ".ckpt",
        ".pkl",
        ".joblib",
        ".mar",
    }
)
"""Names of files that are never empty when they are whole."""
_NOTHING = "it is empty, and no file of such a name is: perhaps it did not arrive whole"
_TOO_MUCH = "it takes more work than is done for one file"
_MEANT = {
    ".safetensors": ("safetensors", "text"), ".gguf": ("GGUF", "text"), ".npy": ("NumPy",), ".npz": ("ZIP",), ".onnx": ("ONNX", "text"), ".keras": ("ZIP", "HDF5", "text"),
    ".h5": ("HDF5", "text"), ".hdf5": ("HDF5", "text"), ".tflite": ("TensorFlow Lite", "text"), ".json": ("JSON",), ".parquet": ("Parquet", "text"),
    ".txt": ("text", "JSON", "template", "XML", "Python"), ".md": ("text", "XML", "JSON"), ".skops": ("ZIP", "text"),
}  # fmt: skip
"""What a file of such a name is to be; a pointer to a file that is kept elsewhere is text."""


def _unknown(part: Part) -> str:
    return f"{part.name} is of no format that is known here, so nothing can be said about it"


_PLACE = attrgetter("start", "end")


def _covered(spans: list[Span], size: int) -> Covered:
    """The bytes of a part by how they are accounted for; where stretches overlap, each byte counts once."""
    position = read = inert = 0
    for span in sorted(spans, key=_PLACE):
        start, end = max(span.start, position), min(span.end, size)
        if end > start:
            inert, read = (inert + end - start, read) if span.inert else (inert, read + end - start)
            position = end
    return Covered(read=read, inert=inert, unread=size - read - inert)


def inspect_bytes(data: bytes | memoryview, name: str, *, path: str = "", limits: Limits = DEFAULT_LIMITS, digest: str = "") -> Inspection:
    """The verdict over bytes of a name."""
    return _inspect(Window(data), name, path=path or name, limits=limits, digest=digest)


def _inspect(window: Window, name: str, *, path: str, limits: Limits, digest: str) -> Inspection:
    inspector = _Inspector(limits)
    format_, covered = inspector.part(Part(window, name, limits=limits, head=window.read(0, _HEAD)))
    found = tuple(sorted(inspector.observations, key=lambda o: (-o.grade.rank, o.member, o.offset, o.rule)))
    grade = worst([o.grade for o in found])
    return Inspection(path=path, grade=grade, format=format_, size=window.size, digest=digest, covered=covered, observations=found)


def inspect_path(
    path: Path, *, shown: str = "", limits: Limits = DEFAULT_LIMITS, hashed: bool = True, kept: Path | None = None
) -> Inspection:
    """The verdict over one file on disk, or the one that is `kept`; what is no regular file, or changes while it is read, is unscannable."""
    shown = readable(shown or str(path))
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as e:
        return _refused(shown, f"it cannot be opened: {e.strerror}")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return _refused(shown, "it is no regular file")
    try:
        before = os.fstat(handle)
        result, is_new = _verdict(handle, before.st_size, path.name, shown, limits, hashed=hashed, kept=kept)
        after = os.fstat(handle)
    except ChangedError:
        return _refused(shown, _CHANGED)
    except OSError as e:
        return _refused(shown, f"it cannot be read: {e.strerror}")
    finally:
        os.close(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return _refused(shown, _CHANGED)
    if kept and is_new:
        cache.keep(kept, result, path.name)
    return result


_CHANGED = "it changed while it was read"


def _verdict(handle: int, size: int, name: str, shown: str, limits: Limits, *, hashed: bool, kept: Path | None) -> tuple[Inspection, bool]:
    """The verdict over an open file, and whether it is one to keep."""
    if not size:
        if os.pread(handle, 1, 0):
            return _refused(shown, "it does not tell its size"), False
        return _inspect(Window(b""), name, path=shown, limits=limits, digest=""), False
    window, digest = _small(handle, size) if size <= _WHOLE else (StoredWindow.of(handle, size), _digest(handle) if hashed else "")
    keeps = bool(kept and hashed and size >= cache.SMALLEST and limits == DEFAULT_LIMITS)
    known = cache.found(kept, digest, name) if kept and keeps else None
    if known:
        return replace(known, path=shown), False
    return _inspect(window, name, path=shown, limits=limits, digest=digest if hashed else ""), keeps


def _small(handle: int, size: int) -> tuple[Window, str]:
    """A small file in memory, and the digest of these very bytes."""
    data = os.pread(handle, size, 0)
    if len(data) < size:
        raise ChangedError
    return Window(data), f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest(handle: int) -> str:
    """What a large file holds."""
    digest, position = hashlib.sha256(), 0
    while block := os.pread(handle, _BLOCK, position):
        digest.update(block)
        position += len(block)
    return f"sha256:{digest.hexdigest()}"


def _refused(path: str, why: str) -> Inspection:
    seen = Observation(rule="unreadable", grade=Grade.UNSCANNABLE, message=why)
    return Inspection(path=path, grade=Grade.UNSCANNABLE, format="unreadable", size=0, observations=(seen,))
