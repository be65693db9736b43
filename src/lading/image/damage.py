"""What of a database could not be read, while the rest of it was."""

from msgspec import Struct


class Damage(Struct):
    """How many places could not be read, and what was wrong with the first."""

    first: str = ""
    places: int = 0

    def add(self, reason: str) -> None:
        """One more place."""
        self.first = self.first or reason
        self.places += 1

    def __str__(self) -> str:
        return f"{self.first}; {self.places - 1} more places of it are damaged" if self.places > 1 else self.first
