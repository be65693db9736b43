"""Keys that never leave their place: security modules (PKCS #11), HashiCorp Vault, and the key services of clouds.

The packages are extras (`lading[hsm]`, `lading[vault]`, `lading[awskms]`, …); securesystemslib speaks to all of them. What comes back
is checked with the public key at once: a signature that nobody could verify is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from lading.core.errors import KeyFileError, LadingError, SigningError, TrustError
from lading.trust.keys import PublicKey, load_public
from lading.trust.signer import SigningKey

_NAMED = re.compile(r"[a-z][a-z0-9]+:")
_SCHEMES = frozenset({"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ed25519", "rsassa-pss-sha256"})
"""Ways of signing (as securesystemslib names them) that `trust.keys` verifies."""

Secret = Callable[[str], str]
"""Asks for the PIN of a module."""
Found = tuple[str, Any]
"""The full name of a key, and its public half as securesystemslib has it."""


class ServiceKey(SigningKey):
    """A key in a module or service, by its name there, such as `hsm:2?label=release`."""

    def __init__(self, name: str, pin: bytes = b"") -> None:
        self._name = name
        self._pin = pin
        self._signer, self.public = self._reached()

    def sign(self, message: bytes) -> bytes:
        """A signature over the message, made where the key lies; SigningError when it is not made."""
        try:
            signature = bytes.fromhex(self._signer.sign(message).signature)
            self.public.verify(signature, message)
        except TrustError as e:
            raise SigningError(f"{self._name} has signed with another key than it shows") from e
        except LadingError:
            raise
        except Exception as e:
            raise _failure(self._name, e) from e
        return signature

    def sign_sha256(self, message: bytes) -> bytes:
        """The same where the key hashes with SHA-256; KeyFileError where it has another hash."""
        if self.public.algorithm in {"ecdsa-p384", "ecdsa-p521"}:
            raise KeyFileError(f"{self._name} hashes with more than SHA-256, which this layout wants", hint="--as bundle takes every key")
        return self.sign(message)

    def _reached(self) -> tuple[Any, PublicKey]:
        """The signer and the public key that a module or service shows; KeyFileError when there is none that can be used."""
        scheme = self._name.partition(":")[0]
        if scheme not in SERVICES:
            raise KeyFileError(f"there is no key service {scheme!r}", hint=f"a file, or one of: {', '.join(f'{s}:' for s in SERVICES)}")
        try:
            from securesystemslib.exceptions import UnsupportedLibraryError  # noqa: PLC0415 - an extra
            from securesystemslib.signer import Signer  # noqa: PLC0415 - an extra
        except ImportError as e:
            raise _missing(scheme) from e
        try:
            name, theirs = SERVICES[scheme](self._name, self._secret)
            public = _public(self._name, theirs)
            return Signer.from_priv_key_uri(name, theirs, self._secret), public
        except UnsupportedLibraryError as e:
            raise _missing(scheme) from e
        except LadingError:
            raise
        except Exception as e:
            raise _failure(self._name, e) from e

    def _secret(self, _: str) -> str:
        if not self._pin:
            raise KeyFileError(f"{self._name} wants its PIN", hint="--passphrase-file FILE, or LADING_PASSPHRASE")
        return self._pin.decode()


def is_service(text: str) -> bool:
    """Whether a text names a key elsewhere, by `SCHEME:`, and not a file."""
    return _NAMED.match(text) is not None


def _hsm(name: str, secret: Secret) -> Found:
    from securesystemslib.signer import HSMSigner  # noqa: PLC0415 - an extra

    match = re.fullmatch(r"hsm:([0-9]{0,9})(?:\?label=([^&?=]+))?", name)
    if match is None:
        raise KeyFileError(f"{name} does not name a key of a module", hint="hsm:NUMBER?label=TOKEN, such as hsm:2?label=release")
    number, label = match.groups()
    found: Found = HSMSigner.import_(int(number) if number else None, unquote_plus(label) if label else None, secret)
    return found


def _vault(name: str, _: Secret) -> Found:
    from securesystemslib.signer import VaultSigner  # noqa: PLC0415 - an extra

    return _newest(name, VaultSigner.import_(name.partition(":")[2].partition("/")[0]))


def _azure(name: str, _: Secret) -> Found:
    from securesystemslib.signer import AzureSigner  # noqa: PLC0415 - an extra

    match = re.fullmatch(r"azurekms://([\w-]+)\.vault\.azure\.net/keys/([\w-]+)(?:/\w+)?", name)
    if match is None:
        raise KeyFileError(f"{name} does not name a key of Azure", hint="azurekms://VAULT.vault.azure.net/keys/KEY")
    return _newest(name, AzureSigner.import_(*match.groups()))


def _aws(name: str, _: Secret) -> Found:
    from securesystemslib.signer import AWSSigner  # noqa: PLC0415 - an extra

    found: Found = AWSSigner.import_(name.partition(":")[2])
    return found


def _google(name: str, _: Secret) -> Found:
    from securesystemslib.signer import GCPSigner  # noqa: PLC0415 - an extra

    found: Found = GCPSigner.import_(name.partition(":")[2])
    return found


SERVICES: dict[str, Callable[[str, Secret], Found]] = {"hsm": _hsm, "hv": _vault, "awskms": _aws, "azurekms": _azure, "gcpkms": _google}
"""How the public key is asked for, by the scheme of the name."""
_EXTRAS = {"hv": "vault"}
_WORDS = {
    "PinIncorrect": "the PIN is wrong",
    "PinLenRange": "the PIN is too short or too long",
    "PinInvalid": "the PIN has characters that no PIN has",
    "PinLocked": "the PIN is locked after too many wrong ones",
}
"""What modules say of a PIN without words."""


def _newest(name: str, found: Found) -> Found:
    """The newest version of a key, which is the only one that these services show; KeyFileError when another is asked for."""
    if found[0] != name and not found[0].startswith(f"{name}/"):
        raise KeyFileError(f"{name} is not the newest version of the key, which is {found[0]}", hint="name the key without a version")
    return found


def _public(name: str, theirs: Any) -> PublicKey:  # noqa: ANN401 - of the extra
    if theirs.scheme not in _SCHEMES:
        raise KeyFileError(
            f"{name} signs as {theirs.scheme}, which lading does not verify", hint="ECDSA P-256 is what every verifier reads"
        )
    value = theirs.keyval["public"]
    if theirs.keytype != "ed25519":
        return load_public(value.encode(), name)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - for these only

    return PublicKey(Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)))


def _missing(scheme: str) -> KeyFileError:
    return KeyFileError(f"keys named {scheme}: need a package", hint=f"pip install 'lading[{_EXTRAS.get(scheme, scheme)}]'")


def _failure(name: str, error: Exception) -> LadingError:
    """Why a module or service gives no key or signature, in one line; the text is from outside."""
    kind = type(error).__name__
    if kind in _WORDS:
        return KeyFileError(f"{name}: {_WORDS[kind]}", hint="--passphrase-file FILE, or LADING_PASSPHRASE, holds the PIN")
    if "PYKCS11LIB" in str(error):
        return KeyFileError(f"{name}: which module is not said", hint="PYKCS11LIB=/usr/lib/softhsm/libsofthsm2.so names its library")
    said = "".join(c for c in " ".join(str(error).split()) if c.isprintable())[:300]
    return SigningError(f"{name} cannot be used: {said or kind}", hint="see that the service can be reached, and that you may use the key")
