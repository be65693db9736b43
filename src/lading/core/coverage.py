"""What was looked at, what was left out and what could not be read: one half of every result."""

from msgspec import Struct


class Skipped(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """A file, folder or part that was not read, and why; `code` is the error code, or empty for a deliberate omission."""

    path: str
    reason: str
    code: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """`path:line` for people."""
        return f"{self.path}:{self.line}" if self.line else self.path


class Coverage(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How many files were seen and read, what was left out on purpose and what could not be read."""

    files: int = 0
    read: int = 0
    bytes: int = 0
    excluded: tuple[Skipped, ...] = ()
    unread: tuple[Skipped, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that should have been read was read."""
        return not self.unread
