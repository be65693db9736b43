"""Names that announce an artifact: `model_name_or_path`, `dataset_mixer`, `embeddingModel`, `TOKENIZER_ID`."""

import re
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from lading.catalog.tables import table
from lading.core.kinds import Kind
from lading.core.pattern import pattern

_CAMEL = pattern(r"(?<=[a-z0-9])(?=[A-Z])")


class Key(Struct, frozen=True):
    """What kind of artifact a name announces, and the names beside it that hold its revision.

    `bare`: ids without an owner count as well, where `beside` is empty or one of its names stands beside it; `uri`: only URIs count;
    `upstream`: the registry whose names stand there.
    """

    kind: Kind
    revisions: tuple[str, ...] = ()
    bare: bool = False
    beside: tuple[str, ...] = ()
    uri: bool = False
    upstream: str = ""


@lru_cache(1 << 14)
def normal_key(name: str) -> str:
    """A name in lower case with underscores: `embeddingModel`, `embedding-model` and `EMBEDDING_MODEL` are the same."""
    if not name.isupper():
        name = _CAMEL.sub("_", name)
    return name.lower().replace("-", "_").replace(".", "_").replace(" ", "_")


@cache
def key_of(name: str) -> Key | None:
    """What a name announces; None when it is no known name."""
    normal = normal_key(name)
    if len(normal) > 60:  # noqa: PLR2004 - longer names are sentences
        return None
    return next((key for pattern, key in _patterns() if pattern.fullmatch(normal)), None)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Key | None], ...]:
    return tuple((re.compile(row["pattern"]), _key(row) if row["kind"] != "none" else None) for row in table("keys")["key"])


def _key(row: dict[str, Any]) -> Key:
    return Key(
        Kind(row["kind"]),
        tuple(row.get("revision", ())),
        row.get("bare", False),
        tuple(row.get("beside", ())),
        row.get("uri", False),
        row.get("upstream", ""),
    )
