"""Who signs: the port into which keys in files, keys in modules and services, and identities fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lading.trust.bundle import Bundle
from lading.trust.dsse import IN_TOTO, Envelope, Signature, pre_authentication

if TYPE_CHECKING:
    from lading.trust.keys import PublicKey


class Signatory(Protocol):
    """Whoever signs statements: a key in a file, a key in a module or service, an identity. Who asks does not know which."""

    def seal(self, statement: bytes) -> Bundle:
        """An encoded statement in a bundle, signed."""
        ...

    def __str__(self) -> str:
        """Who it is, for people."""
        ...


@runtime_checkable
class SigningKey(Signatory, Protocol):
    """A key that signs any bytes, wherever it lies."""

    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """A signature over the message, by the hash that belongs to the key; DER for ECDSA."""
        ...

    def sign_sha256(self, message: bytes) -> bytes:
        """A signature over the SHA-256 of the message, whatever the curve."""
        ...

    def seal(self, statement: bytes) -> Bundle:
        """A statement in a bundle that hints at the key."""
        signature = Signature(self.sign(pre_authentication(IN_TOTO, statement)))
        return Bundle(Envelope(statement, IN_TOTO, (signature,)), key_hint=self.public.fingerprint)

    def __str__(self) -> str:
        return f"{self.public.algorithm} {self.public.fingerprint[:16]}…"
