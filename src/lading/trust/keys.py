"""Keys that sign and verify: ECDSA over P-256, P-384, P-521, Ed25519, RSA-PSS, and ML-DSA as an extension."""

import hashlib
import re
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from lading.core.errors import KeyFileError, TrustError
from lading.trust.signer import SigningKey

LEAST_RSA_BITS = 2048
_CURVES: dict[str, tuple[str, ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "secp256r1": ("ecdsa-p256", ec.SECP256R1(), hashes.SHA256()),
    "secp384r1": ("ecdsa-p384", ec.SECP384R1(), hashes.SHA384()),
    "secp521r1": ("ecdsa-p521", ec.SECP521R1(), hashes.SHA512()),
}
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)

GENERATORS: dict[str, Callable[[], PrivateKeyTypes]] = {
    **{name: partial(ec.generate_private_key, curve) for name, curve, _ in _CURVES.values()},
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa-pss-3072": partial(rsa.generate_private_key, 65537, 3072),
    "ml-dsa-65": mldsa.MLDSA65PrivateKey.generate,
}
"""Algorithms of new keys by name; the first is what every OpenSSF Model Signing verifier reads."""
STANDARD = frozenset({"ecdsa-p256", "ecdsa-p384", "ecdsa-p521"})
"""Algorithms that OpenSSF Model Signing v1.0 names; signatures of others are an extension that other verifiers refuse."""


class PublicKey:
    """A public key of a kind we trust signatures of; KeyFileError for any other."""

    def __init__(self, key: PublicKeyTypes) -> None:
        self.algorithm = _algorithm(key)
        self._key = key

    @property
    def pem(self) -> bytes:
        """The key as PEM (SubjectPublicKeyInfo)."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the PEM text, hexadecimal: the hint of OpenSSF Model Signing."""
        return hashlib.sha256(self.pem).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature is this key's over the message; TrustError when it is not."""
        try:
            match self._key:
                case ec.EllipticCurvePublicKey() as key:
                    key.verify(signature, message, ec.ECDSA(_CURVES[key.curve.name][2]))
                case rsa.RSAPublicKey() as key:
                    key.verify(signature, message, _PSS, hashes.SHA256())
                case ed25519.Ed25519PublicKey() | mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey() as key:
                    key.verify(signature, message)
                case _:
                    raise TrustError(f"no signature of a key of type {type(self._key).__name__} is trusted")
        except (InvalidSignature, ValueError) as e:
            raise TrustError(f"the signature is not that of the {self.algorithm} key {self.fingerprint[:16]} over this content") from e

    def verify_sha256(self, signature: bytes, message: bytes) -> None:
        """The same where the signer hashes with SHA-256 whatever the curve, as cosign does."""
        if not isinstance(self._key, ec.EllipticCurvePublicKey):
            self.verify(signature, message)
            return
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            self.verify(signature, message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.pem == other.pem

    def __hash__(self) -> int:
        return hash(self.pem)


class PrivateKey(SigningKey):
    """A private key in memory."""

    def __init__(self, key: PrivateKeyTypes) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, message: bytes) -> bytes:
        """A signature over the message: DER for ECDSA."""
        match self._key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(message, ec.ECDSA(_CURVES[key.curve.name][2]))
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, _PSS, hashes.SHA256())
            case ed25519.Ed25519PrivateKey() | mldsa.MLDSA44PrivateKey() | mldsa.MLDSA65PrivateKey() | mldsa.MLDSA87PrivateKey() as key:
                return key.sign(message)
            case _:
                raise KeyFileError(f"a key of type {type(self._key).__name__} does not sign")

    def sign_sha256(self, message: bytes) -> bytes:
        """A signature over the SHA-256 of the message, whatever the curve."""
        return (
            self._key.sign(message, ec.ECDSA(hashes.SHA256())) if isinstance(self._key, ec.EllipticCurvePrivateKey) else self.sign(message)
        )

    def pem(self, passphrase: bytes = b"") -> bytes:
        """The key as PEM (PKCS #8), encrypted when there is a passphrase."""
        how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def generate(algorithm: str) -> PrivateKey:
    """A new key; KeyFileError when the algorithm is none of GENERATORS."""
    if algorithm not in GENERATORS:
        raise KeyFileError(f"there is no key algorithm {algorithm!r}", hint=f"one of: {', '.join(GENERATORS)}")
    return PrivateKey(GENERATORS[algorithm]())


def load_private(data: bytes, passphrase: bytes, what: str) -> PrivateKey:
    """A private key from PEM or OpenSSH text; KeyFileError when it is none, or the passphrase is not its."""
    openssh = data.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    read = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        return PrivateKey(read(data, passphrase or None))
    except TypeError as e:
        if passphrase:
            return load_private(data, b"", what)
        raise KeyFileError(f"{what} is encrypted", hint="give its passphrase: --passphrase-file FILE, or LADING_PASSPHRASE") from e
    except UnsupportedAlgorithm as e:
        raise KeyFileError(
            f"{what} cannot be read: {e}", hint=f"ssh-keygen -p -m PKCS8 -f {what} writes it in a form that can be read"
        ) from e
    except (ValueError, NotImplementedError) as e:
        reason = "is no private key that can be read, or the passphrase is wrong" if passphrase else "is no private key that can be read"
        raise KeyFileError(f"{what} {reason}", hint="lading key generate makes one") from e


def load_public(data: bytes, what: str) -> PublicKey:
    """A public key from PEM or OpenSSH text, or the public half of a private key that is not encrypted; KeyFileError when it is none."""
    try:
        if re.match(rb"(?:ssh-|ecdsa-sha2-|sk-)", data):
            return PublicKey(serialization.load_ssh_public_key(data))
        return PublicKey(serialization.load_pem_public_key(data))
    except (ValueError, UnsupportedAlgorithm, TypeError, NotImplementedError) as e:
        if b"PRIVATE KEY-----" in data:
            return load_private(data, b"", what).public
        raise KeyFileError(f"{what} is no public key that can be read", hint="lading key show PRIVATE.key prints the public half") from e


def _algorithm(key: PublicKeyTypes) -> str:
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name][0]
        case ed25519.Ed25519PublicKey():
            return "ed25519"
        case rsa.RSAPublicKey() if key.key_size >= LEAST_RSA_BITS:
            return f"rsa-pss-{key.key_size}"
        case rsa.RSAPublicKey():
            raise KeyFileError(f"an RSA key of {key.key_size} bits is too short: {LEAST_RSA_BITS} is the least")
        case mldsa.MLDSA44PublicKey():
            return "ml-dsa-44"
        case mldsa.MLDSA65PublicKey():
            return "ml-dsa-65"
        case mldsa.MLDSA87PublicKey():
            return "ml-dsa-87"
        case ec.EllipticCurvePublicKey():
            raise KeyFileError(f"a key on curve {key.curve.name} is not used: P-256, P-384 and P-521 are")
        case _:
            raise KeyFileError(f"a key of type {type(key).__name__} signs nothing here")
