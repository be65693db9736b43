"""C2SP tlog-proofs: that an envelope was recorded, in a text that is checked offline with the log's public key alone."""

import re
from hashlib import sha256

from msgspec import Struct

from lading.core.errors import ProofError
from lading.ledger.checkpoint import LARGEST, Checkpoint, root_of, unsigned
from lading.ledger.merkle import verify_inclusion
from lading.ledger.note import Verifier, verified
from lading.ledger.store import Ledger, leaf
from lading.ledger.verify import held
from lading.trust.strict import base64_text

HEAD = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})\Z")


class Proof(Struct, frozen=True):
    """Where an entry stands, its way to the root, and the checkpoint that says what the root is."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes

    def encoded(self) -> bytes:
        """The proof as it is written to a file."""
        lines = [HEAD, f"index {self.index}", *(base64_text(h) for h in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.note


def proof_of(ledger: Ledger, number: int, note: bytes) -> Proof:
    """The proof that an entry is under a checkpoint of this ledger; ProofError when the checkpoint is not of it or older than the entry."""
    checkpoint = unsigned(note)
    held(checkpoint, ledger.size, ledger.root(min(checkpoint.size, ledger.size)))
    if number >= checkpoint.size:
        raise ProofError(
            f"the checkpoint has {checkpoint.size} entries, entry {number} came later", hint="lading ledger export signs a new one"
        )
    return Proof(number, tuple(ledger.inclusion(number, checkpoint.size)), note)


def parse(data: bytes) -> Proof:
    """Read a proof; ProofError says what is wrong with it."""
    if len(data) > LARGEST:
        raise ProofError(f"the proof has {len(data)} bytes, more than {LARGEST}")
    head, gap, note = data.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError as e:
        raise ProofError(f"the proof is not UTF-8 text at byte {e.start}") from e
    if not gap or lines[0] != HEAD:
        raise ProofError(f"the proof does not begin with {HEAD} and end with a checkpoint")
    rest = lines[2:] if lines[1:] and lines[1].startswith("extra ") else lines[1:]
    found = _INDEX.match(rest[0]) if rest else None
    if not found:
        raise ProofError("the proof does not say the index of its entry")
    return Proof(int(found[1]), tuple(root_of(line) for line in rest[1:]), note)


def check(proof: Proof, envelope: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint under which the envelope was recorded; ProofError when the proof does not show it."""
    checkpoint = verified(proof.note, verifier)
    verify_inclusion(leaf(sha256(envelope).digest()), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint
