"""The validators of others: each says what is wrong with a document, nothing when it is valid."""

import hashlib
import io
from collections.abc import Callable
from functools import cache

import msgspec
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import v3_0_1 as spdx
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


@cache
def _cyclonedx(version: str) -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.from_version(version))


def cyclonedx(document: bytes) -> list[str]:
    """The strict official schema, formats of dates and references included, and what it cannot say: each bom-ref once."""
    parsed = msgspec.json.decode(document)
    problem = _cyclonedx(parsed["specVersion"]).validate_str(document.decode())
    refs = [c["bom-ref"] for c in [parsed["metadata"]["component"], *parsed.get("components", []), *parsed.get("services", [])]]
    links = {t for d in parsed["dependencies"] for t in (d["ref"], *d.get("dependsOn", []))}
    twice = [f"bom-ref {r!r} stands twice" for r in refs if refs.count(r) > 1]
    return [*([str(problem)] if problem else []), *twice, *(f"{x!r} leads nowhere" for x in links - set(refs))]


def spdx_3(document: bytes) -> list[str]:
    """The official bindings load it, every class and property of the right type, every identifier resolved."""
    objects = spdx.SHACLObjectSet()
    try:
        spdx.JSONLDDeserializer().read(io.BytesIO(document), objects)
    except (ValueError, TypeError, KeyError) as e:
        return [f"{type(e).__name__}: {e}"]
    missing = objects.link()
    written = len(msgspec.json.decode(document)["@graph"])
    loaded = sum(1 for e in objects.foreach())
    return [*(f"{m} leads nowhere" for m in missing), *([] if loaded >= written else [f"{written - loaded} elements were not loaded"])]


def spdx_2(document: bytes) -> list[str]:
    """The official tools parse it and have no remark."""
    try:
        parsed = JsonLikeDictParser().parse(  # type: ignore[no-untyped-call]
            msgspec.json.decode(document)
        )
    except SPDXParsingError as e:
        return [str(m) for m in e.get_messages()]  # type: ignore[no-untyped-call]
    return [f"{m.context.spdx_id}: {m.validation_message}" for m in validate_full_spdx_document(parsed, "SPDX-2.3")]


def of(name: str) -> Callable[[bytes], list[str]] | None:
    """The validator of the family a format is of; None for our own."""
    return {"cyclonedx": cyclonedx, "spdx": spdx_3, "spdx-3": spdx_3, "spdx-2.3": spdx_2}.get(
        name if name.startswith("spdx") else name.partition("-")[0]
    )


def merkle_root(entries: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, MTH(D[n]), as it is written there: slow, on the entries themselves, sharing nothing with the ledger."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = _largest_power_below(len(entries))
    return hashlib.sha256(b"\x01" + merkle_root(entries[:k]) + merkle_root(entries[k:])).digest()


def merkle_path(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, PATH(m, D[n])."""
    if len(entries) == 1:
        return []
    k = _largest_power_below(len(entries))
    if m < k:
        return [*merkle_path(m, entries[:k]), merkle_root(entries[k:])]
    return [*merkle_path(m - k, entries[k:]), merkle_root(entries[:k])]


def merkle_proof(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.2, PROOF(m, D[n])."""

    def subproof(m: int, entries: list[bytes], *, known: bool) -> list[bytes]:
        if m == len(entries):
            return [] if known else [merkle_root(entries)]
        k = _largest_power_below(len(entries))
        if m <= k:
            return [*subproof(m, entries[:k], known=known), merkle_root(entries[k:])]
        return [*subproof(m - k, entries[k:], known=False), merkle_root(entries[:k])]

    return subproof(m, entries, known=True)


def _largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
