"""What makes an input worth keeping: branches of lading that none before it reached, or, without a tracer, an outcome that none had."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from bench.fuzzing.inputs import Input
from bench.fuzzing.parsers import Parser

_SOURCES = str(Path(__file__).parent.parent.parent / "src" / "lading" / "*")


class Outcomes:
    """An outcome is new when something in it was not seen before."""

    def __init__(self) -> None:
        self.seen: set[Hashable] = set()

    def look(self, parser: Parser, one: Input) -> bool:
        """Run a parser over an input; whether it is worth keeping."""
        outcome = parser.look(one)
        before = len(self.seen)
        self.seen |= outcome
        self.seen.add(outcome)
        return len(self.seen) > before

    def __len__(self) -> int:
        """How many of them were seen."""
        return len(self.seen)


class Branches:
    """An input is new when a branch is: the tracer of coverage.py counts them while everything runs."""

    def __init__(self) -> None:
        import coverage  # noqa: PLC0415 - of the development group, when it is asked for

        self._coverage = coverage.Coverage(data_file=None, branch=True, include=[_SOURCES], config_file=False)
        self._coverage.start()
        self._reached = self._coverage._collector.data  # type: ignore[union-attr]  # noqa: SLF001 - its public form copies all of it each time
        self._count = 0

    def look(self, parser: Parser, one: Input) -> bool:
        """Run a parser over an input; whether it is worth keeping."""
        parser.look(one)
        before, self._count = self._count, len(self)
        return self._count > before

    def __len__(self) -> int:
        """How many branches were reached."""
        return sum(map(len, self._reached.values()))

    def reached(self) -> frozenset[tuple[str, object]]:
        """Every branch, since it was last emptied."""
        return frozenset((file, arc) for file, arcs in self._reached.items() for arc in arcs)

    def empty(self) -> None:
        """Forget what was reached."""
        for arcs in self._reached.values():
            arcs.clear()
        self._count = 0

    def stop(self) -> None:
        """Trace no longer."""
        self._coverage.stop()


Guide = Outcomes | Branches
GUIDES: dict[str, type[Outcomes | Branches]] = {"outcomes": Outcomes, "branches": Branches}


def reached(parser: Parser, inputs: list[Input]) -> list[frozenset[tuple[str, object]]]:
    """The branches that each input reaches."""
    guide = Branches()
    found = []
    for one in inputs:
        guide.empty()
        guide.look(parser, one)
        found.append(guide.reached())
    guide.stop()
    return found
