"""What is known of a record without reading its body: enough to show and to rank a finding."""

from msgspec import Struct

from lading.advisories.severity import UNKNOWN


class Revision(Struct, frozen=True, array_like=True, gc=False):
    """One state of a record: when its source changed it, when we first saw that, and where its body lies."""

    modified: str
    first_seen: str
    digest: bytes
    block: int
    block_size: int
    start: int
    size: int


class Exploited(Struct, frozen=True, array_like=True, gc=False):
    """What is known of attacks."""

    known_since: str = ""
    """The day it came onto the list of known exploited vulnerabilities."""
    epss: float = -1.0
    """How likely an attack within 30 days is, as EPSS models it; below 0 where it is not known."""
    exploitation: str = ""
    """What SSVC says: none, poc or active."""
    automatable: str = ""
    impact: str = ""


class Head(Struct, frozen=True, array_like=True, gc=False):
    """One record in short."""

    id: str
    source: str
    modified: str
    published: str
    withdrawn: str
    aliases: tuple[str, ...]
    summary: str
    severity: str = UNKNOWN
    score: float = 0.0
    malicious: bool = False
    cluster: int = 0
    """The first record of those that are one problem under several ids."""
    exploited: Exploited = Exploited()
    revisions: tuple[Revision, ...] = ()
    problems: tuple[str, ...] = ()
    kind: str = ""
    """For records of our own: what kind of incident."""
    window: tuple[str, str] = ("", "")
    atlas: tuple[str, ...] = ()
    owned_until: str = ""
    """Until when the name belonged to whom it was known for; empty where nothing is told of its owner."""

    @property
    def first_seen(self) -> str:
        """When we first saw it in any state."""
        return self.revisions[0].first_seen if self.revisions else ""
