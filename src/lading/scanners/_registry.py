"""What a scanner is: whether bytes are of its kind, and a generator of what it sees in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lading.binary.window import Window
from lading.core.inspection import Grade, Observation
from lading.core.limits import DEFAULT_LIMITS, Limits
from lading.core.plugins import Registry, module_name
from lading.scanners._rules import identifiers

MOST_UNPACKED = 96 << 20
_BOMB = 200


class Budget:
    """How many bytes may still be unpacked in memory for one file; all its parts share it."""

    def __init__(self, left: int = MOST_UNPACKED) -> None:
        self.left = left

    def take(self, count: int) -> None:
        """So many bytes less."""
        self.left = max(self.left - count, 0)


@dataclass(frozen=True)
class Part:
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
    head: bytes = field(default=b"", repr=False)
    budget: Budget = field(default_factory=Budget, repr=False)

    @property
    def suffix(self) -> str:
        """The ending of the name in small letters, with its dot."""
        base = self.name.replace("\\", "/").rpartition("/")[2].lower()
        return f".{base.rpartition('.')[2]}" if "." in base else ""

    @property
    def base(self) -> str:
        """The name without folders, in small letters."""
        return self.name.replace("\\", "/").rpartition("/")[2].lower()

    def too_large(self, what: str, packed: int) -> Observation:
        """More comes out of something than is unpacked: a bomb where little went in."""
        if packed * _BOMB < MOST_UNPACKED:
            return self.sees("archive-bomb", f"{what} to more than {_BOMB} times its size", effect="exhaustion")
        return self.sees("limit", f"{what} to more than {MOST_UNPACKED >> 20} MiB in all", Grade.UNSCANNABLE, effect="exhaustion")

    def sees(self, rule: str, message: str, grade: Grade = Grade.SUSPICIOUS, **more: object) -> Observation:
        """An observation about this part."""
        return Observation(rule=rule, grade=grade, message=message, member=self.path, references=identifiers(rule), **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Span:
    """A stretch of a part that is accounted for: followed (`read`) or numbers that nothing interprets (`inert`)."""

    start: int
    end: int
    inert: bool = False


@dataclass(frozen=True)
class Nested:
    """Something within a part that is looked at on its own; a weak one only counts when it is certain what it is."""

    window: Window
    name: str
    context: str = ""


Seen = Observation | Span | Nested
Scan = Callable[[Part], Iterator[Seen]]


@dataclass(frozen=True)
class Scanner:
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
