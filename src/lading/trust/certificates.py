"""X.509 chains for code signing: built from what a bundle brings to roots that the verifier brings (RFC 5280 section 6, the part used here)."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from lading.core.errors import KeyFileError, TrustError
from lading.trust.keys import PublicKey

DEEPEST = 8
_MALFORMED = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)  # fmt: skip
"""What reading a certificate raises where its bytes are none, as far in as one looks."""
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
"""Critical extensions whose meaning is kept; any other critical extension refuses its certificate."""


@contextmanager
def _strictly() -> Iterator[None]:
    """What RFC 5280 disallows and the library only warns of (a serial number below 1) is malformed; odd names are only odd."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        yield


@_strictly()
def load_certificates(data: bytes, what: str) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM file, in order; KeyFileError when there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except _MALFORMED as e:
        raise KeyFileError(f"{what} holds no PEM certificate that can be read: {e}") from e


@_strictly()
def load_revocations(data: bytes, what: str) -> x509.CertificateRevocationList:
    """A certificate revocation list, PEM or DER; KeyFileError when it is none."""
    try:
        return x509.load_pem_x509_crl(data) if data.startswith(b"-----BEGIN") else x509.load_der_x509_crl(data)
    except _MALFORMED as e:
        raise KeyFileError(f"{what} is no certificate revocation list: {e}") from e


def der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


@_strictly()
def verified_leaf(
    chain: Sequence[bytes], roots: Sequence[x509.Certificate], revocations: Sequence[x509.CertificateRevocationList], at: datetime
) -> x509.Certificate:
    """The leaf of a chain (DER, leaf first) that leads to a root and was valid at a time; TrustError says what is wrong with it."""
    try:
        leaf, *others = [x509.load_der_x509_certificate(c) for c in chain]
        _may_sign(leaf)
        path = _path(leaf, [*roots, *others], roots)
        for certificate, issuer in zip(path, [*path[1:], path[-1]], strict=True):
            _valid(certificate, at)
            _understood(certificate)
            _not_revoked(certificate, issuer, revocations, at)
    except _MALFORMED as e:
        raise TrustError(f"a certificate of the bundle cannot be read: {e}") from e
    return leaf


@_strictly()
def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Whom a certificate speaks for: its alternative names, else its subject."""
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (x509.ExtensionNotFound, *_MALFORMED):
        names = []
    found = [str(n.value) for n in names if isinstance(n, (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName))]
    return tuple(found) or (certificate.subject.rfc4514_string(),)


@_strictly()
def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate; TrustError when signatures of such a key are not trusted."""
    try:
        return PublicKey(certificate.public_key())
    except (KeyFileError, *_MALFORMED) as e:
        raise TrustError(f"the certificate of {_name(certificate)} has a key that is not trusted: {e}") from e


def _path(leaf: x509.Certificate, issuers: Iterable[x509.Certificate], roots: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """From the leaf to a root; the first that holds, by depth."""
    trusted = {der(r) for r in roots}
    paths = [[leaf]]
    while paths:
        path = paths.pop(0)
        if der(path[-1]) in trusted:
            return path
        if len(path) < DEEPEST:
            paths += [[*path, i] for i in issuers if der(i) not in {der(p) for p in path} and _issued(path[-1], i, len(path) - 1)]
    raise TrustError(f"the certificate of {_name(leaf)} leads to none of the {len(roots)} trusted roots")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, below: int) -> bool:
    """Whether an issuer made a certificate and was allowed to: a certificate authority, with as many below it as it may have."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (InvalidSignature, x509.ExtensionNotFound, *_MALFORMED):
        return False
    usage = _usage(issuer)
    allowed = usage is None or usage.key_cert_sign
    return constraints.ca and allowed and (constraints.path_length is None or constraints.path_length >= below)


def _may_sign(leaf: x509.Certificate) -> None:
    """Return when a certificate is for signing code: by its extended usage, or where it has none, for digital signatures."""
    usage = _usage(leaf)
    if usage is not None and not usage.digital_signature:
        raise TrustError(f"the certificate of {_name(leaf)} is not for digital signatures (keyUsage)")
    try:
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        if usage is None:
            raise TrustError(f"the certificate of {_name(leaf)} does not say what it is for") from None
        return
    except ValueError as e:
        raise TrustError(f"the extensions of the certificate of {_name(leaf)} cannot be read: {e}") from e
    if ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        raise TrustError(f"the certificate of {_name(leaf)} is not for code signing (extendedKeyUsage)")


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as e:
        raise TrustError(f"the extensions of the certificate of {_name(certificate)} cannot be read: {e}") from e


def _valid(certificate: x509.Certificate, at: datetime) -> None:
    if at < certificate.not_valid_before_utc:
        raise TrustError(
            f"the certificate of {_name(certificate)} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )
    if at > certificate.not_valid_after_utc:
        raise TrustError(
            f"the certificate of {_name(certificate)} expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
            hint="a signature outlives its certificate only with a timestamp from the time it was made",
        )


def _understood(certificate: x509.Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise TrustError(
                f"the certificate of {_name(certificate)} has a critical extension that is not understood: {extension.oid.dotted_string}"
            )


def _not_revoked(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: Sequence[x509.CertificateRevocationList], at: datetime
) -> None:
    for revoked in lists:
        if revoked.issuer != certificate.issuer or certificate is issuer:
            continue
        if not revoked.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
            raise TrustError(f"the revocation list of {revoked.issuer.rfc4514_string()} is not signed by that authority")
        if revoked.next_update_utc is not None and revoked.next_update_utc < at:
            raise TrustError(
                f"the revocation list of {revoked.issuer.rfc4514_string()} is out of date since {revoked.next_update_utc:%Y-%m-%d}"
            )
        entry = revoked.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None and entry.revocation_date_utc <= at:
            raise TrustError(f"the certificate of {_name(certificate)} was revoked on {entry.revocation_date_utc:%Y-%m-%d %H:%M} UTC")


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "(no subject)"
