"""How the nouns of lading are called in SPDX 2.3."""

from lading.core.kinds import Kind, Relation

NAMESPACE = "https://spdx.org/spdxdocs/lading-"
INHERITED = "inherits"
"""The comment of the relationships to what hangs on nothing else."""
NOASSERTION = frozenset({"", "NOASSERTION", "NONE"})

PURPOSES = {
    Kind.SYSTEM: "APPLICATION",
    Kind.LIBRARY: "LIBRARY",
    Kind.NATIVE_LIBRARY: "LIBRARY",
    Kind.IMAGE: "CONTAINER",
    Kind.FILE: "FILE",
    Kind.ACTION: "APPLICATION",
}
"""SPDX 2.3 has no word for models, datasets, services and infrastructure: they are OTHER."""

KINDS = {"CONTAINER": Kind.IMAGE, "FILE": Kind.FILE, "LIBRARY": Kind.LIBRARY, "FRAMEWORK": Kind.LIBRARY}
KINDS_BY_PURL = {"huggingface": Kind.MODEL, "mlflow": Kind.MODEL, "oci": Kind.IMAGE, "docker": Kind.IMAGE, "githubactions": Kind.ACTION}

RELATIONS = {
    Relation.CONTAINS: "CONTAINS",
    Relation.DEPENDS_ON: "DEPENDS_ON",
    Relation.DERIVED_FROM: "DESCENDANT_OF",
    Relation.TRAINED_ON: "OTHER",
    Relation.TESTED_ON: "OTHER",
    Relation.TOKENIZED_BY: "OTHER",
    Relation.BUILT_BY: "OTHER",
    Relation.FETCHED_FROM: "OTHER",
}
BACK = {
    "CONTAINS": Relation.CONTAINS,
    "DEPENDS_ON": Relation.DEPENDS_ON,
    "DYNAMIC_LINK": Relation.DEPENDS_ON,
    "STATIC_LINK": Relation.DEPENDS_ON,
    "DESCENDANT_OF": Relation.DERIVED_FROM,
    "GENERATED_FROM": Relation.DERIVED_FROM,
}
REVERSED = {
    "DEPENDENCY_OF": Relation.DEPENDS_ON,
    "RUNTIME_DEPENDENCY_OF": Relation.DEPENDS_ON,
    "CONTAINED_BY": Relation.CONTAINS,
    "ANCESTOR_OF": Relation.DERIVED_FROM,
}
"""Relationships that others write the other way round."""

CHECKSUMS = {
    **{name: name.upper() for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    **{f"sha3-{size}": f"SHA3-{size}" for size in (256, 384, 512)},
    **{f"blake2b-{size}": f"BLAKE2b-{size}" for size in (256, 384, 512)},
}
"""BLAKE3 is in the standard, yet its official tools refuse every value of it, so it travels in a note."""

LENGTHS = {"md5": 32, "sha1": 40, **{name: int(name[-3:]) // 4 for name in CHECKSUMS if name[-3:].isdigit()}}
ALGORITHMS = {name: algorithm for algorithm, name in CHECKSUMS.items()}
RELATIONSHIPS = frozenset(
    [
        "VARIANT_OF",
        "COPY_OF",
        "PATCH_FOR",
        "TEST_DEPENDENCY_OF",
        "CONTAINED_BY",
        "DATA_FILE_OF",
        "OPTIONAL_COMPONENT_OF",
        "ANCESTOR_OF",
        "GENERATES",
        "CONTAINS",
        "OPTIONAL_DEPENDENCY_OF",
        "FILE_ADDED",
        "REQUIREMENT_DESCRIPTION_FOR",
        "DEV_DEPENDENCY_OF",
        "DEPENDENCY_OF",
        "BUILD_DEPENDENCY_OF",
        "DESCRIBES",
        "PREREQUISITE_FOR",
        "HAS_PREREQUISITE",
        "PROVIDED_DEPENDENCY_OF",
        "DYNAMIC_LINK",
        "DESCRIBED_BY",
        "METAFILE_OF",
        "DEPENDENCY_MANIFEST_OF",
        "PATCH_APPLIED",
        "RUNTIME_DEPENDENCY_OF",
        "TEST_OF",
        "TEST_TOOL_OF",
        "DEPENDS_ON",
        "SPECIFICATION_FOR",
        "FILE_MODIFIED",
        "DISTRIBUTION_ARTIFACT",
        "AMENDS",
        "DOCUMENTATION_OF",
        "GENERATED_FROM",
        "STATIC_LINK",
        "OTHER",
        "BUILD_TOOL_OF",
        "TEST_CASE_OF",
        "PACKAGE_OF",
        "DESCENDANT_OF",
        "FILE_DELETED",
        "EXPANDED_FROM_ARCHIVE",
        "DEV_TOOL_OF",
        "EXAMPLE_OF",
    ]
)
"""Every relationship type of SPDX 2.3."""
WORDS = frozenset(
    [
        "APPLICATION",
        "ARCHIVE",
        "CONTAINER",
        "DEVICE",
        "FILE",
        "FIRMWARE",
        "FRAMEWORK",
        "INSTALL",
        "LIBRARY",
        "OPERATING_SYSTEM",
        "OTHER",
        "SOURCE",
    ]
)
"""Every purpose of a package."""
