"""Names that announce an artifact: `model_name_or_path`, `dataset_mixer`, `embeddingModel`, `TOKENIZER_ID`."""

import re
from functools import cache

from msgspec import Struct

from lading.catalog.tables import table
from lading.core.kinds import Kind

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Key(Struct, frozen=True):
    """What kind of artifact a name announces, and the names beside it that hold its revision."""

    kind: Kind
    revisions: tuple[str, ...] = ()


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
    for kind, pattern, revisions in _patterns():
        if pattern.fullmatch(normal):
            return Key(Kind(kind), revisions) if kind != "none" else None
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((row["kind"], re.compile(row["pattern"]), tuple(row.get("revision", ()))) for row in table("keys")["key"])
