"""Limits on untrusted input; what exceeds one is recorded as not read, never read half."""

from msgspec import Struct

MEBIBYTE = 1 << 20


class Limits(Struct, frozen=True, kw_only=True):
    """How much of a file, and how deep, a reader may go."""

    text_bytes: int = 32 * MEBIBYTE
    """Largest file that is parsed as text (source code, YAML, JSON, notebooks)."""
    header_bytes: int = 100 * MEBIBYTE
    """Largest header of a binary model format."""
    nodes: int = 1_000_000
    """Most nodes of one parsed document, aliases counted each time they are visited."""
    depth: int = 200
    """Deepest nesting of a document."""
    entries: int = 100_000
    """Most members of an archive."""


DEFAULT_LIMITS = Limits()
