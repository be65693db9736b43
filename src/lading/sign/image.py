"""Container images signed as cosign does, in each of its three layouts, and verified as the union of whatever there is.

`tag`: a manifest under the tag `sha256-….sig` with simple-signing payloads; `referrer`: the same as a referrer of the image; `bundle`:
a Sigstore bundle over an in-toto statement as a referrer.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from lading.core.digest import Digest
from lading.core.errors import EvidenceError, LadingError, TrustError, UsageError
from lading.policy.rule import TrustRule
from lading.policy.trust import Claim, decide
from lading.sign.model import sign
from lading.sign.oci import MANIFEST, Descriptor, Images, empty, layers_of
from lading.sign.verify import Result, claim_of
from lading.trust import bundle, dsse, evidence
from lading.trust.evidence import Roots
from lading.trust.predicates import COSIGN, says_no, short
from lading.trust.signer import Signatory, SigningKey
from lading.trust.statement import TIME, Resource, Statement, dated, moment, time_of
from lading.trust.strict import canonical, convert, load, unbase64

How = Literal["tag", "referrer", "bundle"]
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_CHAIN = "dev.sigstore.cosign/chain"
_TYPE = "cosign container image signature"


_BASE = {"schemaVersion": 2, "mediaType": MANIFEST}


class _Image(msgspec.Struct, rename={"digest": "docker-manifest-digest"}):
    digest: str


class _Critical(msgspec.Struct):
    image: _Image
    type: str
    identity: dict[str, Any] = {}


class _Payload(msgspec.Struct):
    critical: _Critical
    optional: dict[str, Any] | None = None


def sign_image(
    images: Images, image: Descriptor, by: Signatory, how: How = "bundle", reference: str = "", at: datetime | None = None
) -> Digest:
    """Sign an image and attach the signature to it; the digest of the manifest that holds it."""
    if how == "bundle":
        return attach(images, image, sign(dated(Statement((subject_of_image(image, reference),), COSIGN), at), by))
    if not isinstance(by, SigningKey):
        raise UsageError(f"the layout {how} is signed with a key, not by an identity", hint="--as bundle holds identities too")
    critical = {"identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": str(image.digest)}, "type": _TYPE}
    payload = canonical({"critical": critical, "optional": {TIME: moment(at)} if at else None})
    layer = {
        "mediaType": SIMPLE,
        "digest": str(images.put(payload)),
        "size": len(payload),
        "annotations": {_SIGNATURE: base64.b64encode(by.sign_sha256(payload)).decode()},
    }
    if how == "referrer":
        return images.attach(_referrer(images, image, _ARTIFACT, layer))
    name = f"sha256-{image.digest.hex}.sig"
    before = [
        old
        for found, manifest in images.attached(image.digest)
        if found == "tag .sig" and isinstance(manifest, dict)
        for old in manifest.get("layers", [])
    ]
    return images.attach({**_BASE, "config": empty(images), "layers": [*before, layer]}, name)


def subject_of_image(image: Descriptor, reference: str = "") -> Resource:
    """An image as the subject of a statement."""
    return Resource(name=reference, digest={"sha256": image.digest.hex})


def attach(images: Images, image: Descriptor, made: bundle.Bundle) -> Digest:
    """Attach a bundle to an image as cosign 3 does; the digest of the manifest that holds it."""
    data = bundle.encode(made).rstrip()
    layer = {"mediaType": bundle.MEDIA_TYPE, "digest": str(images.put(data)), "size": len(data)}
    return images.attach(_referrer(images, image, bundle.MEDIA_TYPE, layer))


def _referrer(images: Images, image: Descriptor, artifact: str, layer: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a referrer (OCI image specification 1.1)."""
    subject = {"mediaType": image.media_type or MANIFEST, "digest": str(image.digest), "size": image.size}
    return {**_BASE, "artifactType": artifact, "config": empty(images), "layers": [layer], "subject": subject}


def verify_image(images: Images, image: Descriptor, roots: Roots, rule: TrustRule, now: datetime) -> Result:
    """One verdict over every signature and attestation that belongs to an image; one that is broken does not hide the others."""
    claims: list[Claim] = []
    try:
        images.held(image)
        for found, manifest in images.attached(image.digest):
            claims += _claims(images, found, manifest, image.digest, roots, now)
    except TrustError as e:
        claims.append(Claim(images.place, refusal=e.sentence))
    return Result(f"{images.place}@{image.digest}", decide(rule, claims, now), tuple(claims), (), str(image.digest))


def _claims(
    images: Images, found: str, manifest: dict[str, Any] | TrustError, image: Digest, roots: Roots, now: datetime
) -> Iterator[Claim]:
    """What one manifest says of an image."""
    try:
        if isinstance(manifest, TrustError):
            raise manifest
        for layer in filter(_is_signature, layers_of(manifest)):
            yield _judged(images, layer, image, f"{found} {layer.digest.hex[:12]}", roots, now)
    except TrustError as e:
        yield Claim(f"{images.place}, {found}", refusal=e.sentence)


def _is_signature(layer: Descriptor) -> bool:
    return layer.media_type in {SIMPLE, DSSE} or layer.media_type.startswith("application/vnd.dev.sigstore.bundle")


def _judged(images: Images, layer: Descriptor, image: Digest, source: str, roots: Roots, now: datetime) -> Claim:
    try:
        data = images.blob(layer.digest)
        if layer.media_type == SIMPLE:
            return _simple(data, layer, image, source, roots, now)
        made = _enveloped(data, layer) if layer.media_type == DSSE else bundle.decode(data, source)
        found = evidence.verify(made, roots, now)
    except EvidenceError as e:
        return Claim(source, unknown=e.sentence)
    except LadingError as e:
        return Claim(source, refusal=e.sentence)
    claim = claim_of(source, found)
    if not any(s.digest.get("sha256") == image.hex for s in found.statement.subject):
        return msgspec.structs.replace(claim, refusal=f"the {short(claim.predicate)} statement is about another image")
    return msgspec.structs.replace(claim, refusal=says_no(claim.predicate, found.statement.predicate))


def _simple(data: bytes, layer: Descriptor, image: Digest, source: str, roots: Roots, now: datetime) -> Claim:
    """A simple-signing payload: what is signed are its bytes, and they must name this image."""
    signature = unbase64(layer.annotations.get(_SIGNATURE, ""), "the signature of the image")
    signer = evidence.signer_of_bytes(data, signature, tuple(_certificates(layer)), roots, now)
    payload = convert(load(data, "the signed payload"), _Payload, "the signed payload")
    claim = Claim(source, signer, predicate=COSIGN, envelope=Digest.of_bytes(data), made=time_of((payload.optional or {}).get(TIME)))
    if payload.critical.type != _TYPE:
        return msgspec.structs.replace(claim, refusal=f"the payload is a {payload.critical.type!r}, no signature of an image")
    if payload.critical.image.digest != str(image):
        return msgspec.structs.replace(claim, refusal=f"the signature is of another image, {payload.critical.image.digest[:19]}…")
    return claim


def _enveloped(data: bytes, layer: Descriptor) -> bundle.Bundle:
    """An attestation of the older layouts: the envelope alone, certificates in the annotations."""
    return bundle.Bundle(dsse.decode(load(data, "the attestation"), "the attestation"), certificates=tuple(_certificates(layer)))


def _certificates(layer: Descriptor) -> Iterator[bytes]:
    """The certificates beside a signature, leaf first, as DER."""
    text = "".join(layer.annotations.get(name, "") for name in (_CERTIFICATE, _CHAIN))
    if text:
        from lading.trust.certificates import der, load_certificates  # noqa: PLC0415 - X.509 only when there is some

        yield from map(der, load_certificates(text.encode(), "the annotations"))
