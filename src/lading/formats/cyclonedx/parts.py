"""The parts of a component, each in both directions: places, hashes, files, licenses, references, `lading:` properties."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Struct

from lading.catalog.licenses import is_spdx_id, spdx_expression
from lading.core.component import Component, FileRecord, License, Occurrence
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.kinds import Confidence, Flag, Kind, Pin, Scope
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.vocabulary import ALGORITHMS, HASHES, LENGTHS, TYPES, usual

T = TypeVar("T")
OWN = frozenset(
    f"lading:{name}"
    for name in (
        *(
            "kind",
            "upstream",
            "pin",
            "role",
            "flag",
            "relation",
            "digest",
            "url",
            "purl",
            "supplier",
            "occurrence",
            "file",
            "size",
            "media-type",
        ),
        *("facts", "region", "coverage", "unread", "excluded", "unresolved", "serial"),
        *("parameters", "quantization", "format", "context-length", "language", "chat-template", "records", "bytes"),
    )
)
"""The property names that mean something to the reader; any other property of a component is kept as it is."""

_encode = msgspec.json.Encoder().encode
_CHARACTER = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_AUTHORITY = r"//(?:[A-Za-z0-9._~!$&'()*+,;=:-]*@)?[A-Za-z0-9._~-]+(?::[0-9]+)?(?=[/?#]|\Z)"
_REFERENCE = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?=.)|(?=[^:]*(?:/|\Z)))(?:{_AUTHORITY}|(?!//)){_CHARACTER}*(?:#{_CHARACTER}*)?\Z")
_MEDIA_TYPE = re.compile(r"[-+a-z0-9.]+/[-+a-z0-9.]+\Z")


def is_reference(text: str) -> bool:
    """Whether a text may stand where the schema wants an IRI reference."""
    return bool(text) and bool(_REFERENCE.match(text))


def as_json(value: object) -> str:
    """A value as compact JSON text, to travel in a property."""
    return _encode(value).decode()


def from_json(text: str, type_: type[T], name: str) -> T:
    """What a property holds; FormatError names the property."""
    try:
        return msgspec.json.decode(text, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise FormatError(f"the property {name} does not hold what it should: {e}") from e


class Values:
    """The properties of one object by name."""

    def __init__(self, properties: Sequence[wire.Property]) -> None:
        self.by_name: dict[str, list[str]] = {}
        for one in properties:
            self.by_name.setdefault(one.name, []).append(one.value)

    def all(self, name: str) -> list[str]:
        """Every value under a name of lading's taxonomy."""
        return self.by_name.get(f"lading:{name}", [])

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value under a name of lading's taxonomy."""
        found = self.by_name.get(f"lading:{name}")
        return found[0] if found else otherwise

    def number(self, name: str) -> int:
        """A value that is a natural number; 0 when it is none."""
        text = self.first(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0

    def others(self) -> tuple[tuple[str, str], ...]:
        """What other taxonomies say, in order."""
        return tuple(sorted((name, value) for name, values in self.by_name.items() if name not in OWN for value in values))


_DIGITS = 19


def rows(name: str, *values: str) -> tuple[wire.Property, ...]:
    """Properties of lading's taxonomy; empty values are left out."""
    return tuple([wire.Property(f"lading:{name}", value) for value in values if value])


# --- what lading knows beyond CycloneDX ---------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def marks(
    kind: Kind, pin: Pin, roles: tuple[Kind, ...], flags: tuple[Flag, ...], upstream: str, purl_type: str
) -> tuple[wire.Property, ...]:
    """Pin, roles and flags; kind and upstream where CycloneDX type and purl type do not tell them.

    A component is always in the role of its own kind, so only its other roles are written, and the rare lack of its own.
    """
    own = ROLE[kind]
    told = [("pin", pin), *(("role", r) for r in roles if r not in own), *(("flag", f) for f in flags)]
    rare = [] if set(own) <= set(roles) else [("role", "none")]
    plain = kind in TYPES and usual(TYPES[kind], purl_type) == (kind, upstream)
    names = [] if plain else [("kind", kind), ("upstream", upstream)]
    return tuple([wire.Property(f"lading:{name}", str(value)) for name, value in (*told, *rare, *names)])


ROLE = {kind: (kind,) if kind is not Kind.SYSTEM else () for kind in Kind}
"""The roles of a component that nothing says otherwise of."""
_KINDS = {k.value: k for k in Kind}
_PINS = {p.value: p for p in Pin}
_FLAGS = {f.value: f for f in Flag}


def kind_in(values: Values) -> Kind | None:
    """The kind that is marked."""
    return _KINDS.get(values.first("kind"))


def pin_in(values: Values) -> Pin:
    """The pin that is marked."""
    return _PINS.get(values.first("pin"), Pin.NONE)


def sole_pin(properties: Sequence[wire.Property]) -> Pin | None:
    """The pin when nothing else is said, as of most libraries."""
    if not properties:
        return Pin.NONE
    return _PINS.get(properties[0].value) if len(properties) == 1 and properties[0].name == "lading:pin" else None


def roles_in(values: Values, kind: Kind) -> tuple[Kind, ...]:
    """The roles that are marked, and the kind's own."""
    marked = values.all("role")
    return tuple(sorted({*(_KINDS[r] for r in marked if r in _KINDS), *(() if "none" in marked else ROLE[kind])}))


def flags_in(values: Values) -> tuple[Flag, ...]:
    """The flags that are marked."""
    return tuple(_FLAGS[f] for f in values.all("flag") if f in _FLAGS)


# --- places -------------------------------------------------------------------------------------------------------------


class _Context(Struct, omit_defaults=True):
    """What an occurrence says beyond location, line and symbol."""

    written: str = ""
    confidence: Confidence = Confidence.DECLARED
    scope: Scope = Scope.RUNTIME
    cell: int = 0
    cell_line: int = 0


_context = msgspec.json.Decoder(_Context)


def place(one: Occurrence) -> wire.Occurrence:
    """A place as evidence; what CycloneDX has no field for is JSON in its additional context."""
    context = as_json(_Context(one.written, one.confidence, one.scope, one.cell, one.cell_line))
    return wire.Occurrence(one.path, one.line, one.symbol, "" if context == "{}" else context)


def place_in(row: wire.Occurrence) -> Occurrence:
    """A place from evidence; a context that lading did not write is left aside."""
    if row.additional_context.startswith("{"):
        try:
            more = _context.decode(row.additional_context)
        except msgspec.DecodeError:
            pass
        else:
            return Occurrence(row.location, row.line, row.symbol, more.written, more.confidence, more.scope, more.cell, more.cell_line)
    return Occurrence(row.location, row.line, row.symbol)


# --- hashes and files ---------------------------------------------------------------------------------------------------


def split_digests(digests: Sequence[Digest]) -> tuple[tuple[wire.Hash, ...], tuple[wire.Property, ...]]:
    """Digests as hashes, and as properties where CycloneDX has no such algorithm."""
    native = tuple([wire.Hash(HASHES[d.algorithm], d.hex) for d in digests if len(d.hex) == LENGTHS.get(d.algorithm)])
    if len(native) == len(digests):
        return native, ()
    return native, rows("digest", *(str(d) for d in digests if len(d.hex) != LENGTHS.get(d.algorithm)))


def digests_in(hashes: Sequence[wire.Hash], values: Values | None) -> tuple[Digest, ...]:
    """Digests from hashes and properties, sorted."""
    native = [Digest(ALGORITHMS[h.alg], h.content.lower()) for h in hashes if h.alg in ALGORITHMS]
    return tuple(sorted([*native, *(_digest(v) for v in values.all("digest"))])) if values else tuple(native)


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except ValueError as e:
        raise FormatError(f"the property lading:digest does not hold a digest: {e}") from e


def file(one: FileRecord) -> wire.Component:
    """A file of a component as a component of its own within it."""
    hashes, more = split_digests([one.digest])
    native = bool(_MEDIA_TYPE.match(one.media_type))
    properties = (wire.Property("lading:size", str(one.size)), *more, *rows("media-type", "" if native else one.media_type))
    return wire.Component("file", one.path, mime_type=one.media_type if native else "", hashes=hashes, properties=properties)


def is_file(row: wire.Component) -> bool:
    """Whether a nested component is a file that lading wrote."""
    return row.type == "file" and bool(row.properties) and row.properties[0].name == "lading:size"


def file_in(row: wire.Component) -> FileRecord:
    """A file from a component within a component."""
    values = Values(row.properties)
    digests = digests_in(row.hashes, values)
    if not digests:
        raise FormatError(f"the file {row.name!r} has no digest")
    return FileRecord(row.name, values.number("size"), digests[0], row.mime_type or values.first("media-type"))


# --- licenses and references --------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def licenses(stated: tuple[License, ...], version: str) -> tuple[wire.LicenseChoice, ...]:
    """Licenses by SPDX id, as an expression (beside others only from 1.7 on) or by name."""
    alone = len(stated) == 1 or version >= "1.7"
    return tuple([_choice(one.expression, "concluded" if one.concluded else "declared", alone=alone) for one in stated])


def _choice(text: str, acknowledgement: str, *, alone: bool) -> wire.LicenseChoice:
    if is_spdx_id(text):
        return wire.LicenseChoice(wire.LicenseName(id=text, acknowledgement=acknowledgement))
    if alone and text and spdx_expression(text) == text:
        return wire.LicenseChoice(expression=text, acknowledgement=acknowledgement)
    return wire.LicenseChoice(wire.LicenseName(name=text, acknowledgement=acknowledgement))


def licenses_in(choices: Sequence[wire.LicenseChoice]) -> tuple[License, ...]:
    """What licenses are stated."""
    if len(choices) == 1:
        return _sole(*_stated(choices[0]))
    return tuple(sorted({License(*_stated(c)) for c in choices}))


def _stated(choice: wire.LicenseChoice) -> tuple[str, bool]:
    one = choice.license
    if one is None:
        return choice.expression, choice.acknowledgement == "concluded"
    return one.id or one.name, one.acknowledgement == "concluded"


@lru_cache(maxsize=4096)
def _sole(expression: str, concluded: bool) -> tuple[License, ...]:  # noqa: FBT001 - the fields of a License
    return (License(expression, concluded),)


def references(one: Component) -> tuple[wire.Reference, ...]:
    """Where the bytes come from; a hub's page is the card of a model at the same time."""
    if not is_reference(one.url):
        return ()
    carded = one.upstream == "huggingface" and one.kind in {Kind.MODEL, Kind.ADAPTER, Kind.EMBEDDING}
    source = wire.Reference("vcs" if one.upstream == "github" else "distribution", one.url)
    return (source, wire.Reference("model-card", one.url)) if carded else (source,)


def url_in(found: Sequence[wire.Reference], values: Values | None, *, ours: bool) -> str:
    """Where the bytes come from, as far as it is stated; others give the repository of nearly everything."""
    native = next((r.url for r in found if r.type == "distribution" or (r.type == "vcs" and ours)), "")
    return native or (values.first("url") if values else "")
