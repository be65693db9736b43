"""From when until when a key counts: keys are rotated, and sometimes lost."""

from datetime import datetime

from msgspec import Struct


class Lifetime(Struct, frozen=True, kw_only=True):
    """The term of a key; a signature counts by the time it is proven to be from, else by now."""

    start: datetime | None = None
    end: datetime | None = None
    """The first moment at which it no longer counts."""
    revoked: datetime | None = None
    """From when on anybody may have had it."""
    reason: str = ""

    def ended(self, at: datetime) -> str:
        """Why the key does not count at a time; empty when it does."""
        if self.revoked and at >= self.revoked:
            return f"was revoked from {self.revoked:%Y-%m-%d} on{f': {self.reason}' if self.reason else ''}"
        if self.start and at < self.start:
            return f"counts only from {self.start:%Y-%m-%d} on"
        if self.end and at >= self.end:
            return f"counted only until {self.end:%Y-%m-%d}"
        return ""
