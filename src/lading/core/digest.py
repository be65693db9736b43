"""Digests: an algorithm and its lower-case hexadecimal value."""

import hashlib
from collections.abc import Iterable
from typing import BinaryIO, Self

from msgspec import Struct

BLOCK = 1 << 20


class Digest(Struct, frozen=True, order=True, gc=False):
    """A digest of some bytes; `str()` gives `algorithm:hex`."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `algorithm:hex`; ValueError when it is not of that form."""
        algorithm, colon, value = text.partition(":")
        if not (algorithm and colon and value) or set(value.lower()) - set("0123456789abcdef"):
            raise ValueError(f"{text!r} is not a digest of the form algorithm:hex")
        return cls(algorithm.lower(), value.lower())

    @classmethod
    def of_bytes(cls, data: bytes, algorithm: str = "sha256") -> Self:
        """The digest of these bytes."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    @classmethod
    def of_stream(cls, stream: BinaryIO, algorithm: str = "sha256") -> Self:
        """The digest of everything left in a binary stream, read in blocks."""
        return cls.of_blocks(iter(lambda: stream.read(BLOCK), b""), algorithm)

    @classmethod
    def of_blocks(cls, blocks: Iterable[bytes], algorithm: str = "sha256") -> Self:
        """The digest of the concatenation of blocks."""
        running = hashlib.new(algorithm)
        for block in blocks:
            running.update(block)
        return cls(algorithm, running.hexdigest())
