"""Pin it for me: the locked revision written into the sources, where each name stands, and nothing else touched."""

import difflib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lading.core.component import Component, Occurrence
from lading.core.errors import LadingError
from lading.core.kinds import Kind, Pin
from lading.lock import pin_call, pin_text
from lading.lock.document import Lock
from lading.lock.pin_text import Left, Made
from lading.lock.resolve import locked_as


class Edit(Struct, frozen=True, order=True):
    """Bytes of a file replaced by others."""

    start: int
    end: int
    text: bytes


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


def pin(root: Path, components: Iterable[Component], lock: Lock) -> Outcome:
    """What to write to hold every artifact at its locked revision."""
    known = lock.by_key()
    edits: dict[str, set[Edit]] = defaultdict(set)
    left: list[tuple[str, str]] = []
    for component in components:
        if component.pin is Pin.EXACT or component.kind is Kind.SERVICE:
            continue
        entry = known.get(locked_as(component).key)
        for occurrence in component.occurrences:
            place = f"{occurrence.place} {component.name}"
            if entry is None or entry.found is None:
                left.append((place, entry.unresolved if entry else "it is not locked: lading lock"))
                continue
            try:
                made = _edit(root, component, occurrence, entry.found.revision)
            except Left as e:
                left.append((place, str(e)))
            else:
                edits[occurrence.path].add(Edit(*made))
    changes = tuple(_changed(root, path, found) for path, found in sorted(edits.items()))
    return Outcome(changes, sum(map(len, edits.values())), tuple(sorted(set(left))))


def _edit(root: Path, component: Component, at: Occurrence, revision: str) -> Made:
    """The edit that pins one place; Left says why there is none."""
    data = (root / at.path).read_bytes()
    if component.kind is Kind.IMAGE:
        return pin_text.image(data, at, revision)
    if component.kind is Kind.ACTION:
        return pin_text.action(data, at, component.name, revision)
    if PurePosixPath(at.path).suffix == ".py" and component.upstream == "huggingface":
        return pin_call.revision(data, at, revision)
    raise Left("places of this kind are not written yet")


def _changed(root: Path, path: str, edits: set[Edit]) -> Change:
    before = (root / path).read_bytes()
    after = before
    for edit in sorted(edits, reverse=True):
        after = after[: edit.start] + edit.text + after[edit.end :]
    if path.endswith(".py"):
        pin_call.must_parse(after, path)
    return Change(path, before, after)
