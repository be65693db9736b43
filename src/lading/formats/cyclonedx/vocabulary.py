"""How the nouns of lading are called in CycloneDX."""

from lading.core.kinds import Confidence, Kind

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
KINDS = {
    "library": Kind.LIBRARY,
    "framework": Kind.LIBRARY,
    "machine-learning-model": Kind.MODEL,
    "data": Kind.DATASET,
    "container": Kind.IMAGE,
    "platform": Kind.INFRASTRUCTURE,
    "file": Kind.FILE,
}
"""The kind of a component that does not say it in `lading:kind`."""

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
LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128, "sha3-256": 64, "sha3-384": 96, "sha3-512": 128,
           "blake2b-256": 64, "blake2b-384": 96, "blake2b-512": 128, "blake3": 64}  # fmt: skip

CONFIDENCE = {Confidence.VERIFIED: 1.0, Confidence.DECLARED: 0.9, Confidence.INFERRED: 0.7, Confidence.UNRESOLVED: 0.1}
