"""How terminal text looks: width, colour and how much of a list; and texts from outside made harmless."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")

MOST_LISTED = 10
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Style(Struct, frozen=True):
    """How wide, in colour or not, and whether everything is shown."""

    width: int = 100
    colour: bool = False
    everything: bool = False

    def paint(self, text: str, *colours: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"\x1b[{';'.join(_COLOURS[c] for c in colours)}m{text}\x1b[0m" if self.colour and text else text

    def few(self, rows: Sequence[T]) -> Sequence[T]:
        """As many rows as are shown."""
        return rows if self.everything else rows[:MOST_LISTED]


def clean(text: str) -> str:
    """A text from outside without control characters, so that no scanned name can write on the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
