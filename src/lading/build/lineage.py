"""What a model comes from: the models it derives from and the data it is trained on, as materials of its build."""

from collections.abc import Iterable

from lading.core.errors import UsageError
from lading.core.kinds import Relation
from lading.trust.statement import Resource


def lineage(bases: Iterable[str], datasets: Iterable[str]) -> tuple[Resource, ...]:
    """The materials that say from what a model derives; UsageError for what is no package URL."""
    return (*(_resource(p, Relation.DERIVED_FROM) for p in bases), *(_resource(p, Relation.TRAINED_ON) for p in datasets))


def _resource(purl: str, relation: Relation) -> Resource:
    if not purl.startswith("pkg:") or "/" not in purl:
        raise UsageError(f"{purl!r} is no package URL", hint="pkg:huggingface/OWNER/NAME@COMMIT, for example")
    return Resource(name=purl.partition("/")[2].partition("@")[0], uri=purl, annotations={"relation": str(relation)})
