"""The bill of materials: one graph for software and AI; documents are ways to write it."""

import msgspec
from msgspec import Struct

from lading.core.component import Component, Edge, Unresolved
from lading.core.coverage import Coverage
from lading.core.digest import Digest
from lading.core.kinds import Phase


class Bom(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a system inherits; components sorted by kind and reference, edges and unresolved places sorted.

    `created` is an RFC 3339 time in UTC, `serial` a `urn:uuid:`; both may be empty until a document is written.
    """

    subject: Component
    components: tuple[Component, ...] = ()
    edges: tuple[Edge, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    coverage: Coverage = Coverage()
    created: str = ""
    serial: str = ""
    phase: Phase = Phase.SOURCE
    generator: str = ""
    """Name and version of the tool that collected it: `lading 0.1.0`."""

    @property
    def complete(self) -> bool:
        """Whether nothing stayed unresolved and nothing unread."""
        return not self.unresolved and self.coverage.complete

    @property
    def fingerprint(self) -> Digest:
        """The digest of all that it says: equal bills have equal fingerprints, however they were made."""
        return Digest.of_bytes(msgspec.json.encode(msgspec.structs.astuple(self)))
