"""What a package is called in an ecosystem, and which ecosystem a package URL is of."""

import re

from lading.core.purl import Purl

HUB = "Hugging Face"
ACTIONS = "GitHub Actions"
_TYPES = {
    "pypi": "PyPI",
    "npm": "npm",
    "golang": "Go",
    "cargo": "crates.io",
    "maven": "Maven",
    "gem": "RubyGems",
    "nuget": "NuGet",
    "composer": "Packagist",
    "hex": "Hex",
    "pub": "Pub",
    "github": ACTIONS,
    "githubactions": ACTIONS,
    "huggingface": HUB,
    "bitnami": "Bitnami",
    "dhi": "DHI",
    "oci": "OCI",
    "generic": "generic",
}
_DISTRIBUTIONS = {
    ("deb", "debian"): "Debian",
    ("deb", "ubuntu"): "Ubuntu",
    ("deb", "echo"): "Echo",
    ("rpm", "almalinux"): "AlmaLinux",
    ("rpm", "rocky"): "Rocky Linux",
    ("rpm", "rocky-linux"): "Rocky Linux",
    ("rpm", "redhat"): "Red Hat",
    ("rpm", "fedora"): "Fedora",
    ("rpm", "suse"): "SUSE",
    ("rpm", "opensuse"): "openSUSE",
    ("rpm", "openeuler"): "openEuler",
    ("rpm", "mageia"): "Mageia",
    ("apk", "alpine"): "Alpine",
    ("apk", "wolfi"): "Wolfi",
    ("apk", "chainguard"): "Chainguard",
}
_SEPARATORS = re.compile(r"[-_.]+")
_RELEASE = re.compile(r"v?(\d+)(?:\.(\d+))?")


def normal(ecosystem: str, name: str) -> str:
    """The one spelling of a name; names of the Hugging Face Hub and of most others keep their case."""
    if ecosystem == "PyPI":
        return _SEPARATORS.sub("-", name).lower()
    if ecosystem in {ACTIONS, "Packagist"}:
        return name.lower()
    return name


def key_of(ecosystem: str, name: str) -> str:
    """What a package is found by in the index."""
    return f"{ecosystem}\0{normal(ecosystem, name)}"


def ecosystem_of(found: Purl) -> str:
    """The ecosystem of a package URL, without release; empty when none is known for it."""
    return _TYPES.get(found.type) or _DISTRIBUTIONS.get((found.type, found.namespace.lower()), "")


def name_of(found: Purl) -> str:
    """The name that advisories use for what a package URL names."""
    if found.type in {"deb", "rpm", "apk", "generic"}:
        return found.name if found.type != "generic" or not found.namespace else f"{found.namespace}/{found.name}"
    separator = ":" if found.type == "maven" else "/"
    name = f"{found.namespace}{separator}{found.name}" if found.namespace else found.name
    if found.type == "golang" and found.subpath:
        return f"{name}/{found.subpath}"
    return f"datasets/{name}" if dict(found.qualifiers).get("repo_type", dict(found.qualifiers).get("type")) == "dataset" else name


def ecosystems_of(found: Purl) -> tuple[str, ...]:
    """The ecosystems under which records of a package may stand: that of its distribution's release first."""
    base = ecosystem_of(found)
    if not base or found.type not in {"deb", "rpm", "apk"}:
        return (base,) if base else ()
    release = _RELEASE.search(dict(found.qualifiers).get("distro", "").rpartition("-")[2])
    if not release:
        return (base,)
    major, minor = release[1], release[2]
    full = [f"{base}:{major}.{minor}", f"{base}:v{major}.{minor}"] if minor else []
    return (*full, f"{base}:{major}", base)
