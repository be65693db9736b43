"""Several bills of materials as one."""

import uuid

import msgspec

import lading
from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.coverage import Coverage
from lading.core.kinds import Kind
from lading.core.merge import merge

_SERIALS = uuid.UUID("6f0a9a0e-5f7c-5b65-9d0b-2a6d6c616469")


def join(boms: list[Bom], name: str = "") -> Bom:
    """One bill of everything in these: components joined by reference, coverage added up, the newest date."""
    subject = Component(kind=Kind.SYSTEM, name=name or boms[0].subject.name)
    subjects = {b.subject.ref: subject.ref for b in boms}
    edges = {
        msgspec.structs.replace(e, source=subjects.get(e.source, e.source), target=subjects.get(e.target, e.target))
        for b in boms
        for e in b.edges
    }
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
