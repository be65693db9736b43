"""How the nouns of lading are called in SPDX 3.0.1."""

from lading.core.kinds import Kind, Relation

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NAMESPACE = "https://spdx.org/spdxdocs/lading-"
INHERITED = "inherits"
"""The comment of the relationship to everything that hangs on nothing else."""

AI, DATASET, PACKAGE, FILE = "ai_AIPackage", "dataset_DatasetPackage", "software_Package", "software_File"
CLASSES = {Kind.MODEL: AI, Kind.ADAPTER: AI, Kind.EMBEDDING: AI, Kind.TOKENIZER: AI, Kind.DATASET: DATASET}
PURPOSES = {
    Kind.SYSTEM: "application",
    Kind.LIBRARY: "library",
    Kind.NATIVE_LIBRARY: "library",
    Kind.MODEL: "model",
    Kind.ADAPTER: "model",
    Kind.EMBEDDING: "model",
    Kind.TOKENIZER: "model",
    Kind.DATASET: "data",
    Kind.IMAGE: "container",
    Kind.INFRASTRUCTURE: "platform",
    Kind.ACTION: "executable",
    Kind.FILE: "file",
    Kind.SERVICE: "other",
}
KINDS = {
    "model": Kind.MODEL,
    "data": Kind.DATASET,
    "container": Kind.IMAGE,
    "platform": Kind.INFRASTRUCTURE,
    "executable": Kind.ACTION,
    "file": Kind.FILE,
    "other": Kind.SERVICE,
}
"""The kind of a package of another class than these; any other purpose is a library's."""

RELATIONS = {
    Relation.CONTAINS: "contains",
    Relation.DEPENDS_ON: "dependsOn",
    Relation.DERIVED_FROM: "descendantOf",
    Relation.TRAINED_ON: "trainedOn",
    Relation.TESTED_ON: "testedOn",
    Relation.TOKENIZED_BY: "dependsOn",
    Relation.BUILT_BY: "usesTool",
    Relation.FETCHED_FROM: "other",
}
"""SPDX has no word for a tokenizer or for where something was fetched: the comment of a relationship says the exact relation."""

BACK = {
    "contains": Relation.CONTAINS,
    "dependsOn": Relation.DEPENDS_ON,
    "descendantOf": Relation.DERIVED_FROM,
    "trainedOn": Relation.TRAINED_ON,
    "testedOn": Relation.TESTED_ON,
    "usesTool": Relation.BUILT_BY,
    "hasDynamicLink": Relation.DEPENDS_ON,
    "hasStaticLink": Relation.DEPENDS_ON,
}
HASHES = {
    **{name: name for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake3")},
    **{f"sha3-{size}": f"sha3_{size}" for size in (224, 256, 384, 512)},
    **{f"blake2b-{size}": f"blake2b{size}" for size in (256, 384, 512)},
}
ALGORITHMS = {name: algorithm for algorithm, name in HASHES.items()}
RELATIONSHIPS = frozenset(
    [
        "affects",
        "amendedBy",
        "ancestorOf",
        "availableFrom",
        "configures",
        "contains",
        "coordinatedBy",
        "copiedTo",
        "delegatedTo",
        "dependsOn",
        "descendantOf",
        "describes",
        "doesNotAffect",
        "expandsTo",
        "exploitCreatedBy",
        "fixedBy",
        "fixedIn",
        "foundBy",
        "generates",
        "hasAddedFile",
        "hasAssessmentFor",
        "hasAssociatedVulnerability",
        "hasConcludedLicense",
        "hasDataFile",
        "hasDeclaredLicense",
        "hasDeletedFile",
        "hasDependencyManifest",
        "hasDistributionArtifact",
        "hasDocumentation",
        "hasDynamicLink",
        "hasEvidence",
        "hasExample",
        "hasHost",
        "hasInput",
        "hasMetadata",
        "hasOptionalComponent",
        "hasOptionalDependency",
        "hasOutput",
        "hasPrerequisite",
        "hasProvidedDependency",
        "hasRequirement",
        "hasSpecification",
        "hasStaticLink",
        "hasTest",
        "hasTestCase",
        "hasVariant",
        "invokedBy",
        "modifiedBy",
        "other",
        "packagedBy",
        "patchedBy",
        "publishedBy",
        "reportedBy",
        "republishedBy",
        "serializedInArtifact",
        "testedOn",
        "trainedOn",
        "underInvestigationFor",
        "usesTool",
    ]
)
"""Every relationship type of SPDX 3.0.1."""
