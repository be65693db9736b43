"""What an inspection says of a file: a grade, the observations that lead to it, and how many bytes were accounted for."""

from enum import StrEnum

from msgspec import Struct


class Grade(StrEnum):
    """Four answers, of which only benign opens a gate."""

    BENIGN = "benign"
    UNSCANNABLE = "unscannable"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"

    @property
    def exit_code(self) -> int:
        """0 benign, 3 malicious or suspicious, 4 unscannable."""
        return {Grade.BENIGN: 0, Grade.UNSCANNABLE: 4}.get(self, 3)

    @property
    def rank(self) -> int:
        """How bad: the worst of several is the answer for all of them."""
        return _RANKS[self]


_RANKS = {grade: rank for rank, grade in enumerate(Grade)}


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in a file that counts against it, with the place that proves it."""

    rule: str
    grade: Grade
    message: str
    member: str = ""
    """The part of the file, outermost first, joined by `!`; empty for the file itself."""
    offset: int = -1
    callable: str = ""
    arguments: str = ""
    effect: str = ""
    """execute, import, read-file, write-file, network, native-load, exhaustion, integrity or unknown."""
    references: tuple[str, ...] = ()
    loader: str = ""
    accepted: str = ""
    """The reason of the signed rule that lets it pass; empty when none does."""


class Covered(Struct, frozen=True, kw_only=True):
    """How the bytes of a file are accounted for: followed, passed over as mere numbers, or not read."""

    read: int = 0
    inert: int = 0
    unread: int = 0


class Inspection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The verdict over one file."""

    path: str
    grade: Grade
    format: str
    size: int
    digest: str = ""
    covered: Covered = Covered()
    observations: tuple[Observation, ...] = ()


def worst(grades: list[Grade]) -> Grade:
    """The worst of several grades; benign where there is none."""
    return max(grades, key=lambda g: g.rank, default=Grade.BENIGN)


def verdict(inspections: list[Inspection]) -> Grade:
    """The worst of all; nothing looked at is unscannable, never benign."""
    return worst([i.grade for i in inspections]) if inspections else Grade.UNSCANNABLE


_LONGEST = 2000


def readable(text: str) -> str:
    """A text from outside that any terminal and any encoding can show: what cannot be printed is replaced, and it ends somewhere."""
    shown = "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "\N{REPLACEMENT CHARACTER}" for c in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}…"
