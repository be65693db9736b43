"""What a model comes from: the models it derives from and the data it is trained on, as materials of its build."""

import re
from collections.abc import Iterable

from lading.catalog.upstreams import image
from lading.core.component import Occurrence
from lading.core.errors import UsageError
from lading.core.kinds import Relation
from lading.trust.statement import Resource


def lineage(bases: Iterable[str], datasets: Iterable[str]) -> tuple[Resource, ...]:
    """The materials that say from what a model derives; UsageError for what is no package URL."""
    return (*(_resource(p, Relation.DERIVED_FROM) for p in bases), *(_resource(p, Relation.TRAINED_ON) for p in datasets))


def surrounding(reference: str) -> Resource:
    """The container image that a build runs in, which cannot be seen from inside; UsageError when no digest pins it."""
    found = image(reference, Occurrence("", 0, "--image", reference))
    digest = reference.rpartition("@sha256:")[2]
    if found is None or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise UsageError(f"{reference!r} is no image with its digest", hint="registry.example/team/build@sha256:…, as the runner knows it")
    return Resource(name=found.name, uri=found.purl, digest={"sha256": digest}, annotations={"relation": "runs-in"})


def _resource(purl: str, relation: Relation) -> Resource:
    if not purl.startswith("pkg:") or "/" not in purl:
        raise UsageError(f"{purl!r} is no package URL", hint="pkg:huggingface/OWNER/NAME@COMMIT, for example")
    return Resource(name=purl.partition("/")[2].partition("@")[0], uri=purl, annotations={"relation": str(relation)})
