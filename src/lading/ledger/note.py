"""C2SP signed notes: a checkpoint under the Ed25519 signature of its log, and the keys that make and check it."""

import re
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from msgspec import Struct

from lading.core.errors import KeyFileError, ProofError, TrustError, UsageError
from lading.ledger.checkpoint import Checkpoint, parse, parts
from lading.ledger.merkle import SIZE
from lading.trust.keys import PublicKey, load_public
from lading.trust.signer import SigningKey
from lading.trust.strict import base64_text, unbase64

_ED25519 = b"\x01"
_KEY_ID = 4
_SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")


class Verifier(Struct, frozen=True):
    """The public key of a log, and the name it signs under."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before a signature of this key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_KEY_ID]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_text(_ED25519 + self.key)}"


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a note signed under its origin's name."""
    verifier = verifier_for(checkpoint.origin, key.public)
    signature = verifier.key_id + key.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n\u2014 {checkpoint.origin} {base64_text(signature)}\n".encode()


def verified(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the verifier's key signed under its name; ProofError says what is wrong."""
    checkpoint = parse(opened(note, verifier))
    if checkpoint.origin != verifier.name:
        raise ProofError(f"the checkpoint is of the log {checkpoint.origin}, wanted is {verifier.name}")
    return checkpoint


def opened(note: bytes, verifier: Verifier) -> str:
    """The text of a note that the verifier's key signed; signatures of keys not known are passed over, as the format asks."""
    text, signatures = parts(note)
    valid = False
    others = []
    for line in signatures:
        name, signature = _signature(line)
        if (name, signature[:_KEY_ID]) != (verifier.name, verifier.key_id):
            others.append(f"{name}+{signature[:_KEY_ID].hex()}")
            continue
        try:
            Ed25519PublicKey.from_public_bytes(verifier.key).verify(signature[_KEY_ID:], text.encode())
        except (InvalidSignature, ValueError) as e:
            raise ProofError(f"the signature of {verifier.name} does not belong to this text: one of them was changed") from e
        valid = True
    if not valid:
        raise ProofError(
            f"the note is signed by {', '.join(others)}, wanted is {verifier.name}+{verifier.key_id.hex()}",
            hint="another key or another origin signed it",
        )
    return text


def verifier_of(data: bytes, origin: str = "") -> Verifier:
    """The verifier in a key file: a line `name+id+key`, or an Ed25519 public key with the origin told beside it."""
    if data.lstrip().startswith((b"-----BEGIN", b"ssh-")):
        if not origin:
            raise UsageError("the key does not say which log it is of", hint="give --origin NAME")
        return verifier_for(origin, load_public(data.lstrip(), "the key of the log"))
    verifier = _verifier_line(data)
    if origin and origin != verifier.name:
        raise UsageError(f"the key is of the log {verifier.name}, --origin says {origin}")
    return verifier


def verifier_for(origin: str, key: PublicKey) -> Verifier:
    """The verifier of what a key signs under an origin."""
    _check_name(origin)
    if key.algorithm != "ed25519":
        raise KeyFileError(
            f"the key of the log is {key.algorithm}; checkpoints are signed with Ed25519",
            hint="lading key generate log.key --algorithm ed25519",
        )
    raw = load_pem_public_key(key.pem).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Verifier(origin, raw)


def _verifier_line(data: bytes) -> Verifier:
    try:
        name, identifier, encoded = data.decode().strip().split("+", 2)
        key = unbase64(encoded, "the key")
    except (ValueError, TrustError) as e:
        raise KeyFileError("the key of the log is neither a public key nor a line of the form name+id+key") from e
    verifier = Verifier(name, key[1:])
    if key[:1] != _ED25519 or len(key) != SIZE + 1 or identifier != verifier.key_id.hex():
        raise KeyFileError(f"the key of the log {name} is not an Ed25519 key with the id it says")
    return verifier


def _signature(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE.match(line)
    if not found:
        raise ProofError(f"{line[:60]!r} is not a line of the form: dash, name, signature")
    signature = unbase64(found[2], "a signature")
    if len(signature) <= _KEY_ID:
        raise ProofError(f"the signature of {found[1]} is too short")
    return found[1], signature


def _check_name(name: str) -> None:
    if not re.match(r"[^\s+\x00-\x1f]+\Z", name):
        raise UsageError(
            f"{name!r} cannot be the origin of a log", hint="a name without blanks and plus signs, such as acme.example/ledger"
        )
