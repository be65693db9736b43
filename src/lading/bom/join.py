"""Several bills of materials as one; an image that one names and another describes is the link between them."""

import uuid

import msgspec

import lading
from lading.core.bom import Bom
from lading.core.component import Component, Edge
from lading.core.coverage import Coverage
from lading.core.kinds import Kind, Relation
from lading.core.merge import merge

_SERIALS = uuid.UUID("6f0a9a0e-5f7c-5b65-9d0b-2a6d6c616469")


def join(boms: list[Bom], name: str = "") -> Bom:
    """One bill of everything in these: components joined by reference, coverage added up, the newest date."""
    subject = Component(kind=Kind.SYSTEM, name=name or boms[0].subject.name)
    images = {number: image for number, b in enumerate(boms) if (image := _image_of(b, boms))}
    subjects = {b.subject.ref: images.get(n, subject.ref) for n, b in enumerate(boms)}
    edges = {
        msgspec.structs.replace(e, source=subjects.get(e.source, e.source), target=subjects.get(e.target, e.target))
        for b in boms
        for e in b.edges
    }
    edges |= {Edge(image, Relation.CONTAINS, c.ref) for n, image in images.items() for c in boms[n].components}
    joined = Bom(
        subject=subject,
        components=merge(c for b in boms for c in b.components),
        edges=tuple(sorted(edges)),
        unresolved=tuple(sorted({u for b in boms for u in b.unresolved})),
        coverage=Coverage(
            files=sum(b.coverage.files for b in boms),
            read=sum(b.coverage.read for b in boms),
            bytes=sum(b.coverage.bytes for b in boms),
            excluded=tuple(sorted({s for b in boms for s in b.coverage.excluded})),
            unread=tuple(sorted({s for b in boms for s in b.coverage.unread})),
        ),
        created=max(b.created for b in boms),
        generator=f"lading {lading.__version__}",
    )
    return msgspec.structs.replace(joined, serial=f"urn:uuid:{uuid.uuid5(_SERIALS, msgspec.json.encode(joined).decode())}")


def _image_of(bom: Bom, boms: list[Bom]) -> str:
    """The reference under which another bill names the image that this one describes: by its digest, else as it is written; empty for none."""
    digests = {str(d) for d in bom.subject.digests}
    for other in boms:
        for c in other.components if other is not bom else ():
            written = {o.written for o in c.occurrences}
            if c.kind is Kind.IMAGE and (c.version in digests or digests & {str(d) for d in c.digests} or bom.subject.name in written):
                return c.ref
    return ""
