"""Verdicts: three answers, of which one opens a gate."""

from enum import StrEnum

from msgspec import Struct


class Answer(StrEnum):
    """What a gate may do. Unknown is not good enough to open."""

    ALLOW = "allow"
    REFUSE = "refuse"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """0 allowed, 3 refused, 4 unknown."""
        return {Answer.ALLOW: 0, Answer.REFUSE: 3, Answer.UNKNOWN: 4}[self]


class Verdict(Struct, frozen=True):
    """An answer with the sentences that lead to it."""

    answer: Answer
    reasons: tuple[str, ...]

    @property
    def opens(self) -> bool:
        """Whether a gate may open."""
        return self.answer is Answer.ALLOW
