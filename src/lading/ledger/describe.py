"""What the index needs to know of an envelope: the digests of its subjects and the type of its predicate. Signatures are not looked at."""

from typing import Any

import msgspec
from msgspec import Struct

from lading.core.errors import FormatError, ProofError
from lading.ledger.exact import exact_base64
from lading.ledger.store import Index

IN_TOTO = "application/vnd.in-toto+json"
_URL_SAFE = str.maketrans("-_", "+/")
_HEX = set("0123456789abcdef")


class _Envelope(Struct, rename="camel"):
    payload: str
    payload_type: str
    signatures: list[msgspec.Raw]


class _Hash(Struct):
    algorithm: str
    digest: str


class _MessageSignature(Struct, rename="camel"):
    message_digest: _Hash


class _Bundle(Struct, rename="camel"):
    media_type: str
    dsse_envelope: _Envelope | None = None
    message_signature: _MessageSignature | None = None


class _Subject(Struct):
    digest: dict[str, str] = {}


class _Statement(Struct, rename="camel"):
    predicate_type: str
    subject: list[_Subject]


def described(envelope: bytes) -> Index:
    """Subjects and predicate type of a DSSE envelope or a Sigstore bundle; FormatError when it is neither."""
    if b'"dsseEnvelope"' in envelope or b'"messageSignature"' in envelope:
        bundle = _decoded(envelope, _Bundle, "a Sigstore bundle")
        if bundle.dsse_envelope:
            return _of_envelope(bundle.dsse_envelope)
        if bundle.message_signature:
            return _of_message(bundle.message_signature.message_digest)
        raise FormatError("the bundle holds neither an envelope nor a signature")
    return _of_envelope(_decoded(envelope, _Envelope, "a DSSE envelope"))


def _of_envelope(envelope: _Envelope) -> Index:
    if not envelope.signatures:
        raise FormatError("the envelope has no signature", hint="a ledger records what somebody signed")
    payload = _bytes(_standard(envelope.payload), "the payload")
    if envelope.payload_type != IN_TOTO:
        return Index()
    statement = _decoded(payload, _Statement, "an in-toto statement, as its payload type says")
    digests = {f"{algorithm}:{_hex(value)}" for subject in statement.subject for algorithm, value in subject.digest.items()}
    return Index(tuple(sorted(digests)), statement.predicate_type)


def _standard(text: str) -> str:
    """Base64 in the alphabet for URLs, which DSSE allows, in the standard one; a mixture stays as it is and is refused."""
    return text if "+" in text or "/" in text else text.translate(_URL_SAFE)


def _of_message(digest: _Hash) -> Index:
    algorithm = digest.algorithm.lower().replace("sha2_", "sha")
    return Index((f"{algorithm}:{_bytes(digest.digest, 'the message digest').hex()}",))


def _decoded(data: bytes, type_: Any, what: str) -> Any:  # noqa: ANN401 - the type is the argument
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"not {what}: {e}") from e


def _bytes(text: str, what: str) -> bytes:
    try:
        return exact_base64(text, what)
    except ProofError as e:
        raise FormatError(e.sentence) from e


def _hex(value: str) -> str:
    if not value or set(value.lower()) - _HEX:
        raise FormatError(f"the digest {value[:80]!r} of a subject is not hexadecimal")
    return value.lower()
