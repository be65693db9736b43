"""Signatures of identities: short-lived certificates with a transparency log, verified offline by sigstore-python against a given root.

The package is the extra `lading[sigstore]`; it is imported when such a signature is met, and asked for nothing that needs a network.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from msgspec import Struct

from lading.core.errors import EvidenceError, KeyFileError, TrustError
from lading.trust.certificates import names_of, public_key_of
from lading.trust.dsse import IN_TOTO

if TYPE_CHECKING:
    from datetime import datetime

    from lading.trust.bundle import Bundle

PUBLIC = "public"
"""The public good instance, by the root that comes with sigstore-python."""
_CONFIGURATION = "application/vnd.dev.sigstore.clienttrustconfig."
_ISSUERS = ("1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1")
"""Extensions that name the OIDC issuer: as DER UTF8String, and formerly as bare text (Fulcio OID directory)."""


class Identity(Struct, frozen=True):
    """Whom a certificate authority of identities has seen, and by whose login."""

    names: tuple[str, ...]
    issuer: str
    algorithm: str
    fingerprint: str
    since: datetime
    """From when its certificate is valid, for ten minutes as a rule; the signature was made in them."""


class _Seen:
    """Takes the certificate of a bundle that holds; whose it may be is decided elsewhere."""

    def __init__(self) -> None:
        self.certificate: x509.Certificate | None = None

    def verify(self, cert: x509.Certificate) -> None:
        """Sigstore's interface of a policy."""
        self.certificate = cert


def verified(bundle: Bundle, root: str) -> Identity:
    """The identity that signed a bundle: chain, certificate timestamp, log entry, times and signature hold.

    `root` is `public` or the path of a trusted_root.json or of a trust configuration that holds one. TrustError when something does not hold, EvidenceError when it cannot be asked.
    """
    if not root:
        raise EvidenceError(
            "signed by an identity through Sigstore, and no instance is trusted",
            hint="lading verify … --sigstore public --identity … --issuer …",
        )
    try:
        import sigstore.errors  # noqa: PLC0415 - the extra
        from sigstore.models import Bundle as Theirs  # noqa: PLC0415 - the extra
        from sigstore.models import InvalidBundle  # noqa: PLC0415 - the extra
        from sigstore.verify import Verifier  # noqa: PLC0415 - the extra
    except ImportError as e:
        raise EvidenceError("signed by an identity through Sigstore, which needs a package", hint="pip install 'lading[sigstore]'") from e
    try:
        verifier = Verifier.production(offline=True) if root == PUBLIC else Verifier(trusted_root=_root(root))
    except (OSError, ValueError, sigstore.errors.Error) as e:
        raise KeyFileError(f"{root} is no trusted root of a Sigstore instance: {_line(e)}") from e
    seen = _Seen()
    try:
        kind, payload = verifier.verify_dsse(Theirs.from_json(bundle.raw), seen)
    except InvalidBundle as e:
        raise TrustError(f"the bundle is not as Sigstore wants it: {_line(e)}") from e
    except Exception as e:
        raise TrustError(f"Sigstore: {_line(e)}") from e
    if seen.certificate is None or payload != bundle.envelope.payload or kind != IN_TOTO:
        raise TrustError("what Sigstore verified is not this statement")
    key = public_key_of(seen.certificate)
    return Identity(
        names_of(seen.certificate), _issuer(seen.certificate), key.algorithm, key.fingerprint, seen.certificate.not_valid_before_utc
    )


def _root(path: str) -> Any:  # noqa: ANN401 - of the extra
    """The trusted root in a file, by itself or in the configuration of a client."""
    from sigstore.models import ClientTrustConfig, TrustedRoot  # noqa: PLC0415 - the extra

    text = Path(path).read_text(encoding="utf-8")
    return ClientTrustConfig.from_json(text).trusted_root if _CONFIGURATION in text else TrustedRoot.from_file(path)


def _issuer(certificate: x509.Certificate) -> str:
    for oid in _ISSUERS:
        try:
            extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
        except x509.ExtensionNotFound:
            continue
        if isinstance(extension, x509.UnrecognizedExtension):
            raw = extension.value
            text = raw[2:] if oid == _ISSUERS[0] and raw[:1] == b"\x0c" and len(raw) == raw[1] + 2 else raw
            return text.decode("utf-8", "replace")
    return ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
