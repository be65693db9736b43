"""One admission review: every image and model of an object judged by the policy, and the answer in the words of the API."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from lading.admit.references import Reference, full_name, references
from lading.core.errors import LadingError, UsageError
from lading.load.policy import Policy
from lading.policy.trust import rule_for
from lading.sign.files import side_by_side
from lading.trust.statement import moment
from lading.trust.strict import canonical, load

_MOST_TOLD = 10


class Judged(Struct, frozen=True):
    """A reference with why it must not come in; empty when it may."""

    reference: Reference
    refusal: str = ""


class _Request(Struct):
    uid: str
    object: dict[str, Any] | None = None
    operation: str = ""
    namespace: str = ""


class _Review(Struct):
    api_version: str = msgspec.field(name="apiVersion")
    kind: str
    request: _Request


Judge = Callable[[Reference], str]
"""Why a reference must not come in; empty when it may."""


def answer(data: bytes, judge: Judge, *, audit: bool = False) -> dict[str, Any]:
    """The answer to a review; UsageError when it is none."""
    review = _decoded(data)
    found = judged(review.request.object or {}, judge)
    refused = [f"{j.reference.where}: {j.refusal}" for j in found if j.refusal]
    _told(review.request, found, audit=audit)
    response: dict[str, Any] = {"uid": review.request.uid, "allowed": audit or not refused}
    if refused and audit:
        response["warnings"] = [f"lading would refuse {r}"[:250] for r in refused[:_MOST_TOLD]]
    elif refused:
        response["status"] = {"code": 403, "reason": "Forbidden", "message": f"lading refuses {'; '.join(refused[:_MOST_TOLD])}"}
    return {"apiVersion": review.api_version, "kind": "AdmissionReview", "response": response}


def judged(thing: dict[str, Any], judge: Judge) -> Sequence[Judged]:
    """Every different reference of an object, judged once."""
    try:
        found = {(r.text, r.is_model): r for r in references(thing)}
    except UsageError as e:
        return [Judged(Reference("object", ""), e.sentence)]
    return side_by_side(lambda r: Judged(r, judge(r)), [(r,) for r in found.values()])


def by_policy(policy: Policy) -> Judge:
    """Judges images by the signatures that lie with them in the registry, and places of models by the patterns of `[admit]`."""

    def judge(reference: Reference) -> str:
        if reference.is_model and not reference.text.startswith("oci://"):
            if any(fnmatchcase(reference.text, pattern) for pattern in policy.settings.admit.models):
                return ""
            return f"the model {reference.text[:200]} cannot be verified from here; name it as oci://…@sha256:…, or permit the place by [admit] models"
        try:
            return _of_image(policy, reference.text.removeprefix("oci://"))
        except LadingError as e:
            return f"the image {reference.text[:200]} is unknown: {e.sentence}"

    return judge


def _of_image(policy: Policy, text: str) -> str:
    from lading.sign.image import verify_image  # noqa: PLC0415 - the clients of HTTP
    from lading.sign.subject import image_at  # noqa: PLC0415 - as above

    if not text:
        return "a container has no image"
    name = full_name(text)
    if any(fnmatchcase(name, pattern) for pattern in policy.settings.admit.exempt):
        return ""
    rule = rule_for(policy.settings.trust, name)
    if not rule:
        return f"no [[trust]] rule is about the image {name}"
    registry, image = image_at(Path(f"docker://{name}"))
    result = verify_image(registry, image, policy.roots(rule), rule, datetime.now(UTC))
    if not result.verdict.opens:
        return f"the image {name}: {'; '.join(result.verdict.reasons[:3])}"
    if "@sha256:" not in name:
        return f"the image {name} is named by a tag, which can move; what is signed is {name.rpartition(':')[0]}@{image.digest}"
    return ""


def _decoded(data: bytes) -> _Review:
    try:
        review = msgspec.convert(load(data, "the review"), _Review)
    except (LadingError, msgspec.ValidationError) as e:
        raise UsageError(f"this is no admission review: {e}") from e
    if review.kind != "AdmissionReview" or not review.api_version.startswith("admission.k8s.io/"):
        raise UsageError(f"this is no admission review but {review.api_version[:50]} {review.kind[:50]}")
    return review


def _told(request: _Request, found: Sequence[Judged], *, audit: bool) -> None:
    """The decision as a line of JSON on standard error."""
    line = {
        "time": moment(datetime.now(UTC)),
        "uid": request.uid,
        "namespace": request.namespace,
        "operation": request.operation,
        "decision": "refuse" if any(j.refusal for j in found) else "allow",
        "audit": audit,
        "references": [{"where": j.reference.where, "name": j.reference.text, "refusal": j.refusal} for j in found],
    }
    sys.stderr.write(canonical(line).decode() + "\n")
