"""The closed vocabularies: what an artifact is, how sure we are, what it is for, how it is held."""

from enum import StrEnum


class Word(StrEnum):
    """A word of a closed vocabulary; it hashes as the text it is, which is several times quicker than hashing its name."""

    __hash__ = str.__hash__


class Kind(Word):
    """What an artifact is."""

    SYSTEM = "system"
    LIBRARY = "library"
    NATIVE_LIBRARY = "native-library"
    MODEL = "model"
    ADAPTER = "adapter"
    EMBEDDING = "embedding"
    TOKENIZER = "tokenizer"
    DATASET = "dataset"
    IMAGE = "image"
    INFRASTRUCTURE = "infrastructure"
    ACTION = "action"
    SERVICE = "service"
    FILE = "file"


class Pin(Word):
    """How a reference is held: to bytes, to a name that can move, or not at all."""

    EXACT = "exact"
    MUTABLE = "mutable"
    NONE = "none"


class Confidence(Word):
    """How we know: written at the place itself, followed through data flow, not resolvable, or checked against bytes."""

    DECLARED = "declared"
    INFERRED = "inferred"
    UNRESOLVED = "unresolved"
    VERIFIED = "verified"


class Scope(Word):
    """What the place that names an artifact is for."""

    RUNTIME = "runtime"
    TRAIN = "train"
    TEST = "test"
    EXAMPLE = "example"
    CI = "ci"
    DEPLOY = "deploy"


class Phase(Word):
    """At which point of a system's life a bill of materials was collected."""

    DESIGN = "design"
    SOURCE = "source"
    BUILD = "build"
    ANALYZED = "analyzed"
    DEPLOYED = "deployed"
    RUNTIME = "runtime"


class Flag(Word):
    """A fact about how an artifact is used that a rule may object to."""

    REMOTE_CODE = "remote-code"
    PLAIN_HTTP = "plain-http"
    CODE_BEARING = "code-bearing"
    UNCHECKED_HASH = "unchecked-hash"
    PIPED_TO_SHELL = "piped-to-shell"
    ON_DISK = "on-disk"
    CLIENT = "client"


class Relation(Word):
    """How one component of a bill of materials hangs on another: source RELATION target."""

    CONTAINS = "contains"
    DEPENDS_ON = "depends-on"
    DERIVED_FROM = "derived-from"
    TRAINED_ON = "trained-on"
    TESTED_ON = "tested-on"
    TOKENIZED_BY = "tokenized-by"
    BUILT_BY = "built-by"
    FETCHED_FROM = "fetched-from"


class Severity(Word):
    """How much a finding matters, most first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
