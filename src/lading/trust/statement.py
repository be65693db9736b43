"""in-toto Statement v1: a predicate about subjects that are named by digest."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from lading.core.errors import TrustError
from lading.trust.strict import canonical, convert, load

TIME = "lading:time"
"""Annotation of subjects: when the signer says that it signed (RFC 3339, UTC); others ignore it."""
TYPE = "https://in-toto.io/Statement/v1"
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")


class Resource(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A ResourceDescriptor (in-toto attestation framework v1)."""

    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}
    content: str = ""
    download_location: str = ""
    media_type: str = ""
    annotations: dict[str, Any] = {}


class Statement(Struct, frozen=True, rename="camel"):
    """What is claimed (`predicate`, of a type named by a URI) about which artifacts."""

    subject: tuple[Resource, ...]
    predicate_type: str
    predicate: dict[str, Any] = {}
    type: str = field(default=TYPE, name="_type")


def dated(made: Statement, at: datetime | None) -> Statement:
    """The statement with the time at which its signer signs it, where one is given."""
    if at is None:
        return made
    return replace(made, subject=tuple(replace(s, annotations={**s.annotations, TIME: moment(at)}) for s in made.subject))


def said_time(made: Statement) -> datetime | None:
    """The time at which the signer says that it signed; None when it does not."""
    return time_of(made.subject[0].annotations.get(TIME)) if made.subject else None


def moment(at: datetime) -> str:
    """A time as RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def time_of(text: object) -> datetime | None:
    """A time from RFC 3339; None when it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def decode(payload: bytes) -> Statement:
    """Read a statement; TrustError says in which way it is none."""
    statement = convert(load(payload, "the statement"), Statement, "the statement")
    if statement.type != TYPE:
        raise TrustError(f"the statement is of type {statement.type!r}, not {TYPE}")
    if not statement.subject:
        raise TrustError("the statement has no subject")
    for subject in statement.subject:
        if not subject.digest:
            raise TrustError(f"the subject {subject.name!r} has no digest")
        for algorithm, value in subject.digest.items():
            if not _HEX.match(value):
                raise TrustError(f"the {algorithm} of subject {subject.name!r} is not lower-case hexadecimal")
    if not statement.predicate_type:
        raise TrustError("the statement names no predicate type")
    return statement


def encode(statement: Statement) -> bytes:
    """The statement as bytes to sign."""
    return canonical(msgspec.to_builtins(statement))
