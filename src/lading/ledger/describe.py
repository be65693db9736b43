"""What the index needs to know of an envelope: the digests of its subjects and the type of its predicate. Signatures are not looked at."""

from typing import Any

from msgspec import Struct

from lading.ledger.store import Index
from lading.trust import bundle, dsse, statement
from lading.trust.dsse import Envelope
from lading.trust.model_signing import MANIFEST
from lading.trust.strict import convert, load, unbase64

WHAT = "the envelope"


class _Hash(Struct):
    algorithm: str
    digest: str


class _MessageSignature(Struct, rename="camel"):
    message_digest: _Hash


def described(data: bytes) -> Index:
    """Subjects and predicate type of a DSSE envelope or a Sigstore bundle; TrustError says why it is neither."""
    value = load(data, WHAT)
    if isinstance(value, dict) and "messageSignature" in value:
        return _of_message(value["messageSignature"])
    if isinstance(value, dict) and "mediaType" in value:
        return _of_envelope(bundle.of_value(value, "the bundle").envelope)
    return _of_envelope(dsse.decode(value, WHAT))


def _of_envelope(envelope: Envelope) -> Index:
    if envelope.payload_type != dsse.IN_TOTO:
        return Index()
    found = statement.decode(envelope.payload)
    digests = {f"{algorithm}:{value}" for subject in found.subject for algorithm, value in subject.digest.items()}
    manifests = {s.annotations[MANIFEST] for s in found.subject if isinstance(s.annotations.get(MANIFEST), str)}
    return Index(tuple(sorted(digests | manifests)), found.predicate_type)


def _of_message(value: Any) -> Index:  # noqa: ANN401 - parsed JSON
    """What a bundle over a file itself, without an envelope, is found by."""
    digest = convert(value, _MessageSignature, "the signature of the bundle").message_digest
    algorithm = digest.algorithm.lower().replace("sha2_", "sha")
    return Index((f"{algorithm}:{unbase64(digest.digest, 'the digest of the bundle').hex()}",))
