"""Pin it for me: the locked revision written into the sources, where each name stands, and nothing else touched."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lading.core.component import Component, Occurrence
from lading.core.errors import LadingError
from lading.core.kinds import Kind, Pin
from lading.lock import pin_call, pin_key, pin_notebook, pin_text
from lading.lock.document import Lock
from lading.lock.edit import Edit, Left, Text
from lading.lock.reread import open_names, read, says_the_same
from lading.lock.resolve import locked_as
from lading.scan.folder import Folder
from lading.scan.run import Proofs

_KEYED = frozenset({".yaml", ".yml", ".json"})


class Change(Struct, frozen=True):
    """A file before and after."""

    path: str
    before: bytes
    after: bytes

    @property
    def difference(self) -> str:
        """The change as a unified diff."""
        was, now = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (self.before, self.after))
        return "".join(difflib.unified_diff(was, now, f"a/{self.path}", f"b/{self.path}", n=1))

    def write(self, root: Path) -> None:
        """Put it in place, whole; LadingError when it cannot be written, or somebody changed the file meanwhile."""
        target = root / self.path
        scratch = target.with_name(f".{target.name}.lading")
        try:
            if target.read_bytes() != self.before:
                raise LadingError(f"{self.path} changed meanwhile", hint="run it again")
            scratch.write_bytes(self.after)
            scratch.chmod(target.stat().st_mode)
            scratch.replace(target)
        except OSError as e:
            raise LadingError(f"{self.path} cannot be written: {e.strerror}") from e


class Outcome(Struct, frozen=True):
    """The changed files, how many places they pin, and what was left with the reason."""

    changes: tuple[Change, ...]
    pinned: int
    left: tuple[tuple[str, str], ...]


class _Place(Struct, frozen=True):
    """One place that names an artifact, and the revision that is to stand there."""

    component: Component
    at: Occurrence
    revision: str

    @property
    def name(self) -> tuple[str, str]:
        return self.component.upstream, self.component.name

    @property
    def told(self) -> str:
        return f"{self.at.place} {self.component.name}"


_Made = tuple[tuple[_Place, tuple[Edit, ...]], ...]


def pin(root: Path, components: Iterable[Component], lock: Lock) -> Outcome:
    """What to write to hold every artifact at its locked revision; each changed file was read again and says the same, pinned."""
    folder = Folder(root)
    known = lock.by_key()
    places: dict[str, list[_Place]] = defaultdict(list)
    left: list[tuple[str, str]] = []
    for component in components:
        if component.pin is Pin.EXACT or component.kind is Kind.SERVICE:
            continue
        entry = known.get(locked_as(component).key)
        for at in component.occurrences:
            if entry is None or entry.found is None:
                left.append((f"{at.place} {component.name}", entry.unresolved if entry else "it is not locked: lading lock"))
            else:
                places[at.path].append(_Place(component, at, entry.found.revision))
    files = [_File(folder, path, found) for path, found in sorted(places.items())]
    changes = tuple(change for file in files if (change := file.made()))
    left += [entry for file in files for entry in file.left]
    return Outcome(changes, sum(file.pinned for file in files), tuple(sorted(set(left))))


class _File:
    """One file with the places to pin in it."""

    def __init__(self, folder: Folder, path: str, places: list[_Place]) -> None:
        self._folder = folder
        self._path = path
        self._places = places
        self._known: dict[bytes, Proofs] = {}
        self._left: dict[_Place, str] = {}
        self.pinned = 0

    def made(self) -> Change | None:
        """The file as it is to be; None when nothing in it can be pinned."""
        change = self._change()
        self._known.clear()
        self._folder.forget(self._path)
        return change

    def _change(self) -> Change | None:
        with self._folder.open(self._path) as stream:
            text = Text(self._path, stream.read())
        made = self._placed(text)
        sound = self._sound_ones(text, tuple(made.items()))
        after = self._edited(text, sound)
        if after is None:
            sound, after = (), text.data
        self._left.update((place, "a revision written there would not be read") for place in made.keys() - dict(sound).keys())
        self.pinned = len(sound)
        if not sound:
            return None
        still_open = open_names(self._said(after))
        self._left = {place: reason for place, reason in self._left.items() if place.name in still_open}
        return Change(self._path, text.data, after)

    @property
    def left(self) -> list[tuple[str, str]]:
        """The places that stay as they are, and why."""
        return [(place.told, reason) for place, reason in self._left.items()]

    def _sound_ones(self, text: Text, made: _Made) -> _Made:
        """Those that are read as they should be: all, or what is sound of each half."""
        if not made or self._edited(text, made) is not None:
            return made
        if len(made) == 1:
            return ()
        half = len(made) // 2
        return self._sound_ones(text, made[:half]) + self._sound_ones(text, made[half:])

    def _placed(self, text: Text) -> dict[_Place, tuple[Edit, ...]]:
        made = {}
        for place in self._places:
            try:
                made[place] = self._edits(text, place)
            except Left as e:
                self._left[place] = str(e)
        return made

    def _edits(self, text: Text, place: _Place) -> tuple[Edit, ...]:
        component, at, revision = place.component, place.at, place.revision
        suffix = PurePosixPath(self._path).suffix
        if component.kind is Kind.IMAGE:
            return pin_key.image(text, at, revision) if pin_key.has_parts(text, at) else pin_text.image(text, at, revision)
        if component.kind is Kind.ACTION:
            return pin_text.action(text, at, component.name, revision)
        if component.upstream == "huggingface" and suffix == ".py":
            return pin_call.revision(text, at, revision)
        if component.upstream == "huggingface" and at.cell and (file := self._folder.file(self._path)):
            return pin_notebook.revision(text, file, at, revision)
        if suffix in _KEYED and component.upstream in {"huggingface", "github"}:
            return pin_key.revision(text, at, component.upstream, revision)
        if component.upstream == "github":
            return pin_text.repository(text, at, revision)
        raise Left("places of this kind are not written")

    def _edited(self, text: Text, made: _Made) -> bytes | None:
        """The edited bytes, when they read as they should."""
        try:
            after = text.with_edits(edit for _, edits in made for edit in edits)
        except Left:
            return None
        if self._path.endswith(".py") and not pin_call.parses(after):
            return None
        pinned = Counter(place.name for place, _ in made)
        return after if says_the_same(self._said(text.data), self._said(after), pinned) else None

    def _said(self, data: bytes) -> Proofs:
        """What the file proves with these bytes, read once."""
        if data not in self._known:
            self._known[data] = read(self._folder, self._path, data)
        return self._known[data]
