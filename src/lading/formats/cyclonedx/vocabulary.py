"""How the nouns of lading are called in CycloneDX, and back."""

from functools import lru_cache

from lading.core.kinds import Confidence, Kind, Phase

TYPES = {
    Kind.SYSTEM: "application",
    Kind.LIBRARY: "library",
    Kind.NATIVE_LIBRARY: "library",
    Kind.MODEL: "machine-learning-model",
    Kind.ADAPTER: "machine-learning-model",
    Kind.EMBEDDING: "machine-learning-model",
    Kind.TOKENIZER: "machine-learning-model",
    Kind.DATASET: "data",
    Kind.IMAGE: "container",
    Kind.INFRASTRUCTURE: "platform",
    Kind.ACTION: "application",
    Kind.FILE: "file",
}
"""An action runs as a program of its own, a Terraform module or Helm chart is what others run on; CycloneDX has no closer type."""

_KINDS = {
    "application": Kind.SYSTEM,
    "framework": Kind.LIBRARY,
    "library": Kind.LIBRARY,
    "machine-learning-model": Kind.MODEL,
    "data": Kind.DATASET,
    "container": Kind.IMAGE,
    "platform": Kind.INFRASTRUCTURE,
    "operating-system": Kind.NATIVE_LIBRARY,
    "firmware": Kind.NATIVE_LIBRARY,
    "device-driver": Kind.NATIVE_LIBRARY,
    "device": Kind.INFRASTRUCTURE,
    "file": Kind.FILE,
    "cryptographic-asset": Kind.FILE,
}
_KINDS_BY_PURL = {"huggingface": Kind.MODEL, "mlflow": Kind.MODEL, "oci": Kind.IMAGE, "docker": Kind.IMAGE, "githubactions": Kind.ACTION}


@lru_cache(maxsize=256)
def usual(type_: str, purl_type: str) -> tuple[Kind, str]:
    """Kind and upstream of a component that says no more than its CycloneDX type and the beginning of its purl, `pkg:pypi`.

    Many tools write `library` for everything, so there the purl has the last word.
    """
    kind, upstream = _KINDS.get(type_, Kind.FILE), purl_type.removeprefix("pkg:")
    if kind is Kind.SYSTEM and upstream:
        kind = Kind.ACTION if upstream == "github" else Kind.LIBRARY
    return _KINDS_BY_PURL.get(upstream, kind) if kind in {Kind.LIBRARY, Kind.FILE, Kind.ACTION} else kind, upstream


HASHES = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "sha3-256": "SHA3-256",
    "sha3-384": "SHA3-384",
    "sha3-512": "SHA3-512",
    "blake2b-256": "BLAKE2b-256",
    "blake2b-384": "BLAKE2b-384",
    "blake2b-512": "BLAKE2b-512",
    "blake3": "BLAKE3",
}
ALGORITHMS = {name: algorithm for algorithm, name in HASHES.items()}
LENGTHS = {
    algorithm: {"md5": 32, "sha1": 40, "blake3": 64}.get(algorithm) or int(algorithm.rpartition("-")[2].removeprefix("sha")) // 4
    for algorithm in HASHES
}
"""How many hexadecimal digits a hash has."""

PHASES = {
    Phase.DESIGN: "design",
    Phase.SOURCE: "pre-build",
    Phase.BUILD: "build",
    Phase.ANALYZED: "post-build",
    Phase.DEPLOYED: "operations",
    Phase.RUNTIME: "discovery",
}
SURENESS = {Confidence.VERIFIED: 1.0, Confidence.DECLARED: 0.9, Confidence.INFERRED: 0.7, Confidence.UNRESOLVED: 0.1}
"""How sure an identity is that was seen at such a place."""

COMPONENT_TYPES = frozenset(_KINDS)
LIFECYCLES = frozenset({"design", "pre-build", "build", "post-build", "operations", "discovery", "decommission"})
HASH_NAMES = frozenset({*ALGORITHMS, "Streebog-256", "Streebog-512"})
FLOWS = frozenset({"inbound", "outbound", "bi-directional", "unknown"})
_PARTIES = ("first_party", "third_party")
AGGREGATES = frozenset(
    {
        *("complete", "incomplete", "unknown", "not_specified"),
        *(f"incomplete_{party}_{whose}only" for party in _PARTIES for whose in ("", "proprietary_", "opensource_")),
    }
)
"""The closed vocabularies of CycloneDX 1.6 and 1.7."""
