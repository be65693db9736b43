"""C2SP checkpoints: what a log was at one moment, in three lines."""

import re

from msgspec import Struct

from lading.core.errors import ProofError
from lading.ledger.merkle import SIZE
from lading.trust.strict import base64_text, unbase64

LARGEST = 1 << 20
_FIELDS = 3
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,17})\Z")


class Checkpoint(Struct, frozen=True):
    """What a log was at one moment: how many entries, and the root that stands for all of them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


def parse(text: str) -> Checkpoint:
    """Read the text of a checkpoint: origin, size, root; extension lines are passed over."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _FIELDS or not all(lines):
        raise ProofError("a checkpoint has three lines that are not empty: origin, size, root")
    origin, size, root = lines[:_FIELDS]
    if not _DECIMAL.match(size):
        raise ProofError(f"the size of a checkpoint is {size[:40]!r}, not a decimal number")
    return Checkpoint(origin, int(size), root_of(root))


def root_of(text: str) -> bytes:
    """The hash that canonical base64 of 32 bytes says."""
    data = unbase64(text, "a hash")
    if len(data) != SIZE:
        raise ProofError(f"a hash has {len(data)} bytes, not {SIZE}")
    return data


def unsigned(note: bytes) -> Checkpoint:
    """The checkpoint in a note whose signatures nobody looked at."""
    return parse(parts(note)[0])


def parts(note: bytes) -> tuple[str, list[str]]:
    """The text of a note and its lines of signatures."""
    if len(note) > LARGEST:
        raise ProofError(f"the note has {len(note)} bytes, more than {LARGEST}")
    try:
        whole = note.decode()
    except UnicodeDecodeError as e:
        raise ProofError(f"the note is not UTF-8 text at byte {e.start}") from e
    if _CONTROL.search(whole):
        raise ProofError("the note holds control characters")
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise ProofError("the note is not text, an empty line and signatures, each ending its line")
    return f"{text}\n", signatures.removesuffix("\n").split("\n")
