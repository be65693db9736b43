"""A model that may be loaded: its files by name, each handed out only as the bytes that were signed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from lading.catalog.file_formats import HEAD, formats_of
from lading.core.errors import LoadError, TrustError
from lading.core.verdict import Verdict
from lading.load.admission import Admission
from lading.load.engine import Source
from lading.load.frameworks import view_for
from lading.load.lazy import SafeOpen
from lading.load.memory import private
from lading.load.safetensors import header_in
from lading.load.sealed import Sealed, room_for_descriptors, sealed
from lading.sign.files import Files
from lading.trust.model_signing import Item, Manifest

_MOST_NAMED = 5
LARGEST_READ = 1 << 30


class Model:
    """An admitted model; LoadError from every method when a file is not what was signed. Close it to let go of sealed files."""

    def __init__(self, files: Files, admission: Admission, formats: Sequence[str] = ()) -> None:
        self.path = files.root
        self.manifest: Manifest = admission.manifest
        self.verdict: Verdict = admission.verdict
        self._admission = admission
        self._files = files
        self._formats = frozenset(formats)
        self._items = {path: tuple(items) for path, items in groupby(sorted(self.manifest.items, key=_place), lambda i: i.path)}
        self._sealed: dict[str, Sealed] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """The signed files by their path in the model; a model that is one file has `.`."""
        return tuple(self._items)

    @property
    def claims(self) -> tuple[Any, ...]:
        """What became of each signature."""
        return self._admission.claims

    @contextmanager
    def source(self, path: str = ".") -> Iterator[Source]:
        """A signed file, open for verified reading."""
        found = self.open(path)
        try:
            yield found
        finally:
            found.close()

    def open(self, path: str = ".") -> Source:
        """The same, to be closed by the caller."""
        if path not in self._items:
            raise LoadError(
                f"{self._called(path)} was not {self._admission.word}", hint="sign the model with this file, or take the file away"
            )
        try:
            with self._files.open(path, links=self.manifest.allow_symlinks) as descriptor:
                kept = os.dup(descriptor)
        except OSError as e:
            raise LoadError(f"{self._called(path)} cannot be opened: {_reason(e)}") from e
        except TrustError as e:
            raise LoadError(e.sentence) from e
        try:
            source = Source(self._called(path), kept, self._items[path], self._admission.word)
            self._in_format(path, source)
        except BaseException:
            os.close(kept)
            raise
        return source

    def read(self, path: str = ".") -> bytes:
        """The bytes of a small file: configuration, vocabulary, template."""
        with self.source(path) as source:
            if source.length > LARGEST_READ:
                raise LoadError(f"{source.name} has {source.length} bytes, too many for one read", hint="sealed_path() gives it as a path")
            return source.bytes()

    def load_file(self, path: str = ".", framework: str = "numpy", device: Any = "cpu") -> dict[str, Any]:  # noqa: ANN401 - a device is whatever the framework takes
        """Every tensor of a safetensors file: views of one private memory in which it was read and verified."""
        view = view_for(framework, device)
        with self.source(path) as source:
            memory = private(source.length)
            source.fill(memory)
            return {t.name: view(memory[t.start : t.end], t) for t in header_in(memory, source.name).tensors.values()}

    def safe_open(self, path: str = ".", framework: str = "numpy", device: Any = "cpu") -> SafeOpen:  # noqa: ANN401 - as above
        """A safetensors file of which single tensors are read and verified."""
        source = self.open(path)
        try:
            return SafeOpen(source, framework, device)
        except BaseException:
            source.close()
            raise

    def sealed_path(self, path: str = ".") -> str:
        """A path that any loader can open, of verified memory that nobody can change; good until the model is closed."""
        return self.sealed(path).path

    def sealed(self, path: str = ".") -> Sealed:
        """The file as sealed memory, made once."""
        if path not in self._sealed:
            with self.source(path) as source:
                self._sealed[path] = sealed(source)
        return self._sealed[path]

    def at(self, folder: Path) -> "Model":
        """The same model where copies of it lie."""
        return Model(Files(folder), self._admission, tuple(self._formats))

    def compare(self) -> None:
        """Read every file and compare it, keeping nothing; LoadError names the first that differs."""
        for path in self.files:
            with self.source(path) as source:
                source.pour(lambda *_: None)

    def seal(self) -> None:
        """Read every file into sealed memory."""
        room_for_descriptors(len(self.files))
        for path in self.files:
            self.sealed(path)

    def close(self) -> None:
        """Let go of sealed files; those that a loader has open or mapped stay good."""
        for one in self._sealed.values():
            one.close()
        self._sealed.clear()

    def listed(self, left_out: Sequence[str]) -> None:
        """Return when the folder holds what was signed and nothing else; LoadError names what differs."""
        try:
            there = set(self._files.paths({*self.manifest.ignored, *left_out}, links=self.manifest.allow_symlinks))
        except TrustError as e:
            raise LoadError(e.sentence, hint=e.hint) from e
        except OSError as e:
            raise LoadError(f"{e.filename or self.path} cannot be listed: {_reason(e)}") from e
        signed = set(self._items)
        if there - signed:
            raise LoadError(
                f"{self._named(there - signed)} in {self.path} and not {self._admission.word}",
                hint="take it away, or sign the model as it is now",
            )
        if signed - there:
            raise LoadError(f"{self._named(signed - there)} {self._admission.word} and not in {self.path}", hint="fetch the model again")

    def _named(self, paths: set[str]) -> str:
        first = ", ".join(sorted(paths)[:_MOST_NAMED])
        return f"{first}{f' and {len(paths) - _MOST_NAMED} more' if len(paths) > _MOST_NAMED else ''} {'is' if len(paths) == 1 else 'are'}"

    def _in_format(self, path: str, source: Source) -> None:
        """Return when the file has a format that the rule permits, by its name and its verified first bytes."""
        if not self._formats:
            return
        others = formats_of(self._called(path), source.bytes(0, min(HEAD, source.length))) - self._formats
        if others:
            raise LoadError(
                f"{source.name} has the format {', '.join(sorted(others))}, the policy permits {', '.join(sorted(self._formats))}",
                hint="convert it, or add the format to the rule",
            )

    def _called(self, path: str) -> str:
        return str(self.path) if path == "." else str(Path(self.path, path))


def _place(item: Item) -> tuple[str, int]:
    return item.path, item.start


def _reason(e: OSError) -> str:
    return "it is a link, or below one" if e.errno in {40, 20} else str(e.strerror)
