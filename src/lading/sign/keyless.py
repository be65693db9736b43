"""Signing without keys: an identity that a Sigstore instance certifies for minutes and records in its transparency log.

The package is the extra `lading[sigstore]`. The key is made for one signature and forgotten. What the instance answers counts only once
it verifies against the root of the instance.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lading.core.errors import KeyFileError, LadingError, SigningError
from lading.trust import bundle, sigstore
from lading.trust.signer import Signatory
from lading.trust.strict import load

if TYPE_CHECKING:
    from lading.trust.bundle import Bundle
    from lading.trust.sigstore import Identity

PATIENCE = 60.0
"""Seconds that a service may take to answer; a log may wait for its next checkpoint."""
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_TOKEN = "in CI let the job ask for one (GitHub: `permissions: id-token: write`), else --identity-token TOKEN, or --login for a browser"


class Keyless(Signatory):
    """An identity, known by its token or to the machine it works on; KeyFileError when there is none."""

    def __init__(self, instance: str, token: str = "", *, login: bool = False) -> None:
        self._instance = instance
        self._given, self._login = token, login
        self._config = _configuration(instance)
        self._token = self._found()
        self.identity: Identity | None = None
        """As the certificate of the last signature names it."""

    def seal(self, statement: bytes) -> Bundle:
        """A statement in a bundle, signed by a key that is made for it, certified and logged; SigningError when the instance does not."""
        made = bundle.decode(self._asked(statement), "what the Sigstore instance gave")
        try:
            self.identity = sigstore.verified(made, self._instance)
        except LadingError as e:
            raise SigningError(f"what the Sigstore instance gave does not verify against its own root: {e.sentence}") from e
        if made.envelope.payload != statement:
            raise SigningError("what the Sigstore instance gave is another statement than the one to sign")
        return made

    def __str__(self) -> str:
        found = self.identity
        return _line(f"identity {', '.join(found.names)} by {found.issuer}" if found else f"identity {self._token.identity}")

    def _asked(self, statement: bytes) -> bytes:
        from sigstore.sign import SigningContext  # noqa: PLC0415 - the extra

        if not self._token.in_validity_period():
            self._token = self._found()
        try:
            context = SigningContext.from_trust_config(self._config)
            _impatient(context)
            with context.signer(self._token) as signer:
                answer: str = signer.sign_dsse(_as_it_is(statement)).to_json()
        except Exception as e:
            raise SigningError(f"nothing was signed: {_reason(e)}", hint="try again, or sign with --key") from e
        return answer.encode()

    def _found(self) -> Any:  # noqa: ANN401 - of the extra
        """The token that was given, that of the machine, or that of somebody at a browser, who is asked only with `login`."""
        from sigstore.oidc import IdentityToken, Issuer, detect_credential  # noqa: PLC0415 - the extra

        try:
            token = self._given or detect_credential()
            if token:
                return IdentityToken(token)
            if self._login:
                return Issuer(self._config.signing_config.get_oidc_url()).identity_token()
        except Exception as e:
            raise KeyFileError(f"the identity token cannot be used: {_reason(e.__cause__ or e)}", hint=_NO_TOKEN) from e
        raise KeyFileError("there is no identity to sign with: no token was given, and this machine has none", hint=_NO_TOKEN)


def _configuration(instance: str) -> Any:  # noqa: ANN401 - of the extra
    """The trust configuration of an instance: of the public one, fetched and verified, or from a file."""
    try:
        from sigstore.errors import Error  # noqa: PLC0415 - the extra
        from sigstore.models import ClientTrustConfig  # noqa: PLC0415 - the extra
    except ImportError as e:
        raise KeyFileError("signing by an identity needs a package", hint="pip install 'lading[sigstore]'") from e
    if instance == sigstore.PUBLIC:
        try:
            return ClientTrustConfig.production()
        except Error as e:
            raise SigningError(f"the root of the public Sigstore instance cannot be fetched: {_reason(e)}") from e
    try:
        data = Path(instance).read_bytes()
        _discreet(load(data, instance))
        config = ClientTrustConfig.from_json(data.decode())
        config.signing_config  # noqa: B018 - checked when it is read
    except OSError as e:
        raise KeyFileError(f"{instance} cannot be read: {e.strerror}") from e
    except (Error, ValueError, LadingError) as e:
        raise KeyFileError(
            f"{instance} is no trust configuration to sign with: {_reason(e)}",
            hint="it is a ClientTrustConfig, with root and signing config",
        ) from e
    return config


def _discreet(config: object) -> None:
    """Return when tokens are sent over TLS, or to this machine."""
    asked = config.get("signingConfig") if isinstance(config, dict) else None
    for name in ("caUrls", "oidcUrls"):
        services = asked.get(name) if isinstance(asked, dict) else None
        for service in services if isinstance(services, list) else []:
            url = urlsplit(str(service.get("url", "")) if isinstance(service, dict) else "")
            if url.scheme != "https" and url.hostname not in _LOCAL:
                raise KeyFileError(f"the service {url.geturl()} would be sent an identity token without TLS")


def _impatient(context: Any) -> None:  # noqa: ANN401 - of the extra
    """Give up on a service that does not answer; sigstore-python would wait for ever."""
    for session in (context._fulcio.session, context._rekor._session):  # noqa: SLF001 - nothing else leads to them
        session.request = partial(session.request, timeout=PATIENCE)


def _as_it_is(statement: bytes) -> Any:  # noqa: ANN401 - of the extra
    """A statement for sigstore-python, which reads only some of what in-toto allows (no gitCommit); ours is checked already."""
    from sigstore.dsse import Statement  # noqa: PLC0415 - the extra

    wrapped = Statement.__new__(Statement)
    wrapped._contents = statement  # noqa: SLF001 - the constructor reads it, and refuses digests that it does not know
    return wrapped


def _reason(error: BaseException) -> str:
    """What went wrong in one line, with what a service has said of it; the text is from outside."""
    cause = error if hasattr(error, "request") else error.__cause__ or error.__context__ or error
    request, response = getattr(cause, "request", None), getattr(cause, "response", None)
    where = urlsplit(getattr(request, "url", None) or "").netloc
    if response is not None:
        return _line(f"{where} answered {response.status_code}: {_said(response)}")
    if where:
        return f"{where} cannot be reached, or does not answer"
    return _line(str(error)) or type(error).__name__


def _said(response: Any) -> str:  # noqa: ANN401 - of the extra
    try:
        said = response.json()
    except ValueError:
        said = None
    return str(said["message"]) if isinstance(said, dict) and "message" in said else str(response.reason)


def _line(text: str) -> str:
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:300]
