"""What a scanner is: whether bytes are of its kind, and a generator of what it sees in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct, field

from lading.binary.window import Window
from lading.core.inspection import Grade, Observation
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.core.plugins import Registry, module_name

MOST_UNPACKED = 80 << 20
_BOMB = 200
_STREAM = 60
_SEEN = 40
"""Units of work that an observation costs."""
_SPEED, _QUICK = {"bz2": 16, "lz4": 64, "xz": 60, "lzma": 60}, 200
"""How many bytes one unit of work unpacks."""


MOST_WORK = 2_050_000
"""Units of work for one file, each about a microsecond; they are counted and not timed, so that every machine gives the same answer."""


class Overspent(Exception):  # noqa: N818 - a state of the inspection, not of the program
    """A file asks for more work than is done for one."""


class Budget:
    """How many bytes may still be unpacked in memory for one file, and how much work may still be done; all its parts share it."""

    def __init__(self, left: int = MOST_UNPACKED, work: int = MOST_WORK) -> None:
        self.left = left
        self.work = work

    def spend(self, work: int) -> None:
        """So much work less; Overspent before it is done when there is not so much left."""
        if work > self.work:
            self.work = 0
            raise Overspent
        self.work -= work

    def owe(self, work: int) -> None:
        """So much work less, which is done already: whoever spends next is told when it was too much."""
        self.work = max(self.work - work, 0)

    def take(self, count: int) -> None:
        """So many bytes less."""
        self.left = max(self.left - count, 0)


@lru_cache(maxsize=8)
def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].lower()


@lru_cache(maxsize=8)
def _suffix(name: str) -> str:
    base = _base(name)
    return f".{base.rpartition('.')[2]}" if "." in base else ""


class Part(Struct, frozen=True):
    """Bytes to look at: a file, or a part of one, with its name and what its surroundings say of it."""

    window: Window
    name: str
    """The last part of the path, as written."""
    path: str = ""
    """The parts that lead here, joined by `!`; empty for the file itself."""
    context: str = ""
    """What holds it: `torch`, `torch-data`, `keras`, … or nothing."""
    depth: int = 0
    limits: Limits = DEFAULT_LIMITS
    head: bytes = b""
    budget: Budget = field(default_factory=Budget)

    @property
    def suffix(self) -> str:
        """The ending of the name in small letters, with its dot."""
        return _suffix(self.name)

    @property
    def base(self) -> str:
        """The name without folders, in small letters."""
        return _base(self.name)

    def most_unpacked(self, method: str) -> int:
        """How many bytes may come out of a stream: as many as there is memory and work for."""
        return min(self.budget.left, self.budget.work * _SPEED.get(method, _QUICK))

    def unpacked(self, method: str, count: int) -> None:
        """So many bytes came out of a stream."""
        self.budget.take(count)
        self.budget.spend(_STREAM)
        self.budget.spend(min(self.budget.work, count // _SPEED.get(method, _QUICK)))

    def too_large(self, what: str, packed: int) -> Observation:
        """More comes out of something than is unpacked: a bomb where little went in."""
        if packed * _BOMB < MOST_UNPACKED:
            return self.sees("archive-bomb", f"{what} to more than {_BOMB} times its size", effect="exhaustion")
        return self.sees("limit", f"{what} to more than {MOST_UNPACKED >> 20} MiB in all", Grade.UNSCANNABLE, effect="exhaustion")

    def sees(self, rule: str, message: str, grade: Grade = Grade.SUSPICIOUS, **more: object) -> Observation:
        """An observation about this part."""
        from lading.scanners._rules import identifiers  # noqa: PLC0415 - most files give no reason to open the table

        self.budget.owe(_SEEN)
        return Observation(rule=rule, grade=grade, message=message, member=self.path, references=identifiers(rule), **more)  # type: ignore[arg-type]


class Span(Struct, frozen=True):
    """A stretch of a part that is accounted for: followed (`read`) or numbers that nothing interprets (`inert`)."""

    start: int
    end: int
    inert: bool = False


class Nested(Struct, frozen=True):
    """Something within a part that is looked at on its own; a weak one only counts when it is certain what it is."""

    window: Window
    name: str
    context: str = ""


Seen = Observation | Span | Nested
Scan = Callable[[Part], Iterator[Seen]]


class Scanner(Struct, frozen=True):
    """A registered scanner; `weak` ones are asked only when no other one knows the bytes."""

    name: str
    title: str
    matches: Callable[[Part], bool]
    scan: Scan
    weak: int = 0


SCANNERS: Registry[Scanner] = Registry("lading.scanners")


def scanner(title: str, matches: Callable[[Part], bool], *, weak: int = 0) -> Callable[[Scan], Scan]:
    """Register a function as the scanner of its module's name."""

    def register(scan: Scan) -> Scan:
        name = f"{module_name(scan)}" + ("" if scan.__name__ == "scan" else f"-{scan.__name__}")
        SCANNERS.add(name, Scanner(name, title, matches, scan, weak))
        return scan

    return register
