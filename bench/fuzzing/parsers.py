"""Every parser of untrusted bytes, its seeds, and what one input makes of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from types import ModuleType

from msgspec.structs import force_setattr

from bench.fuzzing.changes import LONGEST
from bench.fuzzing.inputs import Input
from lading.binary.window import Window
from lading.core.inspection import Inspection
from lading.inspect.run import inspect_bytes
from lading.scanners._registry import SCANNERS, Nested, Overspent, Part, Scanner, Span

Outcome = frozenset[Hashable]


class BrokenPromiseError(AssertionError):
    """A parser answered, and the answer is against what is promised of it."""


@dataclass(frozen=True)
class Parser:
    """What reads bytes: `look` returns what it made of them and raises what it must not; `repair` makes changed bytes pass a checksum."""

    name: str
    look: Callable[[Input], Outcome]
    seeds: Callable[[], list[Input]]
    modules: tuple[ModuleType, ...] = field(default=(), repr=False)
    repair: Callable[[bytes], bytes] | None = None


def words_of(text: str) -> str:
    """The first words of a sentence without what it quotes."""
    return " ".join(re.sub(r"[^a-z ].*", "", text.lower()).split()[:5])


def size_of(number: int) -> int:
    """A number as roughly as it matters."""
    return number.bit_length()


def looked(scanner: Scanner, one: Input) -> Outcome:
    """What a scanner sees in bytes, handed to it as an inspection does."""
    window = Window(one.data)
    part = Part(window, one.name, context=one.context, depth=1 if one.context else 0, head=window.read(0, 512))
    try:
        if not scanner.matches(part):
            return frozenset({"not its kind"})
    except Overspent:
        return frozenset({"overspent at once"})
    told: set[Hashable] = set()
    counts = {Span: 0, Nested: 0}
    try:
        for seen in scanner.scan(part):
            if isinstance(seen, Span):
                counts[Span] += 1
            elif isinstance(seen, Nested):
                counts[Nested] += 1
                told.add((seen.context, seen.name.rpartition(".")[2][:8] if "." in seen.name else ""))
            else:
                told.add((seen.rule, seen.grade, words_of(seen.message)))
    except Overspent:
        told.add("overspent")
    except RecursionError:
        told.add("too deep")
    return frozenset({*told, *((kind.__name__, size_of(n)) for kind, n in counts.items()), ("work", size_of(part.budget.work) // 4)})


def inspected(one: Input) -> Outcome:
    """The verdict over bytes as over a file."""
    result = inspect_bytes(one.data, one.name)
    failed = [o.message for o in result.observations if o.rule == "scanner-failed"]
    if failed:
        raise BrokenPromiseError(failed[0])
    if result.covered.unread and result.grade == "benign":
        raise BrokenPromiseError("it is benign, and bytes of it are not read")
    return _verdict(result)


def _verdict(result: Inspection) -> Outcome:
    return frozenset({("format", result.format), ("grade", result.grade), *((o.rule, o.grade) for o in result.observations)})


def _whole_files() -> list[Input]:
    from attacks import samples  # noqa: PLC0415 - when they are wanted

    files = []
    for sample in samples():
        made = sample.make()
        files += [Input(f"{sample.file}/{n}", "", d) for n, d in made.items()] if isinstance(made, dict) else [Input(sample.file, "", made)]
    return [f for f in files if f.data]


class Parts:
    """The parts that every scanner is handed when some files are inspected: its seeds."""

    def __init__(self, files: Iterable[Input], longest: int) -> None:
        self.of: dict[str, set[Input]] = {}
        self._longest = longest
        originals = {s.name: s.scan for s in SCANNERS.load().values()}
        try:
            for scanner in SCANNERS:
                force_setattr(scanner, "scan", self._watched(scanner.name, scanner.scan))
            for one in files:
                inspect_bytes(one.data, one.name)
        finally:
            for scanner in SCANNERS:
                force_setattr(scanner, "scan", originals[scanner.name])

    def _watched(self, name: str, scan: Callable[[Part], Iterable[object]]) -> Callable[[Part], Iterable[object]]:
        def watched(part: Part) -> Iterable[object]:
            if 0 < part.window.size <= self._longest:
                self.of.setdefault(name, set()).add(
                    Input(part.name, part.context or ("part" if part.depth else ""), bytes(part.window.view))
                )
            return scan(part)

        return watched


_PARTS: list[Parts] = []
_MORE: list[Input] = []


def parts_of(name: str) -> list[Input]:
    """The seeds of a scanner."""
    if not _PARTS:
        _PARTS.append(Parts([*_whole_files(), *_MORE], LONGEST))
    return sorted(_PARTS[0].of.get(name, ()), key=lambda i: (len(i.data), i.id))


def with_more(files: Iterable[Input]) -> None:
    """Further files to take seeds from."""
    _MORE.extend(files)
    _PARTS.clear()


def _modules(scanner: Scanner) -> tuple[ModuleType, ...]:
    """The module of a scanner, and those of lading that it uses."""
    own = sys.modules[scanner.scan.__module__]
    used = {getattr(v, "__module__", "") for v in vars(own).values()}
    return (
        own,
        *(
            sys.modules[n]
            for n in sorted(used)
            if n.startswith(("lading.binary", "lading.pickles", "lading.syntax", "lading.scanners._")) and n != own.__name__
        ),
    )


def scanners() -> list[Parser]:
    """Every registered scanner, and the whole inspection."""
    from bench.fuzzing.repairs import REPAIRS  # noqa: PLC0415 - beside the table

    found = [
        Parser(s.name, lambda one, s=s: looked(s, one), lambda s=s: parts_of(s.name), _modules(s), REPAIRS.get(s.name))  # type: ignore[misc]
        for s in SCANNERS.load().values()
    ]
    every = tuple(sys.modules[s.scan.__module__] for s in SCANNERS)
    return [*found, Parser("inspect", inspected, lambda: [f for f in [*_whole_files(), *_MORE] if len(f.data) <= LONGEST], every)]


def parsers() -> dict[str, Parser]:
    """Every parser by its name."""
    from bench.fuzzing.readers import readers  # noqa: PLC0415 - it builds on this

    return {p.name: p for p in [*scanners(), *readers()]}
