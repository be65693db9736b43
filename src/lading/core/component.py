"""Components of a bill of materials and the places where each was seen.

All of it is frozen and holds nothing but frozen things, so no cycle can arise and the collector need not look (`gc=False`).
"""

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.kinds import Confidence, Flag, Kind, Pin, Relation, Scope


class Occurrence(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """One place that names an artifact.

    `line` is the physical line in the file from 1 (0: the file as a whole), also for notebooks, which add the
    cell and the line in it, both from 1. `symbol` is the call or key that proves it, `written` the value as it stands there.
    """

    path: str
    line: int = 0
    symbol: str = ""
    written: str = ""
    confidence: Confidence = Confidence.DECLARED
    scope: Scope = Scope.RUNTIME
    cell: int = 0
    cell_line: int = 0

    @property
    def place(self) -> str:
        """`path:line`, or `path:line (cell 3, line 2)` in a notebook, for people."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place} (cell {self.cell}, line {self.cell_line})" if self.cell else place


class FileRecord(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """A file that belongs to a component: its path in the scanned tree (or its name where it is released), size in bytes and digest."""

    path: str
    size: int
    digest: Digest
    media_type: str = ""


class License(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """A license as somebody stated it: an SPDX expression where it is one, else the words used."""

    expression: str
    concluded: bool = False


class ModelFacts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What bytes and files tell about a model without running it."""

    task: str = ""
    architecture: str = ""
    architecture_family: str = ""
    parameters: int = 0
    quantization: str = ""
    format: str = ""
    context_length: int = 0
    languages: tuple[str, ...] = ()
    chat_template: Digest | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()
    limitations: str = ""


class DatasetFacts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What cards and files tell about a dataset."""

    content_type: str = "dataset"
    records: int = 0
    size: int = 0
    languages: tuple[str, ...] = ()
    sensitive: str = ""


class ServiceFacts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a hosted service is reached by and what flows to it."""

    provider: str = ""
    endpoint: str = ""
    region: str = ""
    data_flow: str = "bi-directional"
    data: str = ""
    """The data that flows, in a few words: `prompts and completions`, `documents and vectors`."""
    authenticated: bool = True


class Component(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One artifact, with everything known about it; the same artifact at another revision is another component.

    `upstream` says whose name `name` is: huggingface, pypi, oci, github, timm, openai, http, …
    `version` is the revision as written (commit, tag, branch, range); `pin` says how far it holds.
    `purl` carries a version only when that version is part of the identity.
    """

    kind: Kind
    name: str
    upstream: str = ""
    version: str = ""
    pin: Pin = Pin.NONE
    purl: str = ""
    roles: tuple[Kind, ...] = ()
    flags: tuple[Flag, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    digests: tuple[Digest, ...] = ()
    files: tuple[FileRecord, ...] = ()
    licenses: tuple[License, ...] = ()
    description: str = ""
    supplier: str = ""
    url: str = ""
    """Where the bytes come from (download location)."""
    model: ModelFacts | None = None
    dataset: DatasetFacts | None = None
    service: ServiceFacts | None = None
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def ref(self) -> str:
        """The identity within a bill of materials: the purl, else kind, upstream, name and version."""
        base = self.purl or f"{self.kind}:{self.upstream}/{self.name}"
        return f"{base}@{self.version}" if self.version and "@" not in base.partition("?")[0] else base


class Edge(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """`source` relation `target`, both by `Component.ref`."""

    source: str
    relation: Relation
    target: str


class Unresolved(Struct, frozen=True, order=True, omit_defaults=True, gc=False):
    """A place where something is loaded whose identity cannot be told without running the code."""

    kind: Kind
    expression: str
    occurrence: Occurrence
    reason: str = ""
