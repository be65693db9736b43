"""A component as advisories know it: ecosystems, name, version, digests, commit."""

import re

from msgspec import Struct

from lading.advisories import names
from lading.core.component import Component
from lading.core.kinds import Kind, Pin
from lading.core.purl import Purl, parse

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_RANGE = frozenset("<>=!^*, |")


class Subject(Struct, frozen=True, gc=False):
    """What is asked about."""

    ref: str
    ecosystems: tuple[str, ...]
    name: str
    version: str = ""
    """The exact version; empty where it is not known."""
    written: str = ""
    """What stands there instead of an exact version."""
    digests: tuple[str, ...] = ()
    mutable: bool = False
    """Whether the version is a tag or a branch that can move."""

    @property
    def commit(self) -> str:
        """The commit, where the version is one."""
        return self.version if _COMMIT.match(self.version) else ""


def subject_of(component: Component) -> Subject:
    """A component as it is looked up; without ecosystem where advisories have no name for it."""
    digests = tuple(sorted({str(d) for d in component.digests} | {str(f.digest) for f in component.files}))
    try:
        found = parse(component.purl)
    except ValueError:
        return Subject(component.ref, (), component.name, component.version, component.version, digests)
    name, told = _upstream(found)
    version = told or ("" if _RANGE & set(component.version) else component.version)
    if found.type == "oci":
        return Subject(component.ref, (), component.name, version, component.version, digests)
    return Subject(
        component.ref,
        names.ecosystems_of(found),
        name or names.name_of(found),
        "" if version == "latest" else version,
        component.version,
        digests,
        component.pin is Pin.MUTABLE and found.type in {"github", "huggingface"},
    )


def _upstream(found: Purl) -> tuple[str, str]:
    """The source package that advisories of Debian and Alpine name, and the version as it is compared there."""
    qualifiers = dict(found.qualifiers)
    if found.type in {"deb", "apk"} and (source := qualifiers.get("upstream")):
        name, _, version = source.partition("@")
        return name, version or found.version
    epoch = qualifiers.get("epoch", "")
    return "", f"{epoch}:{found.version}" if epoch and found.version else found.version


def is_subject(component: Component) -> bool:
    """Whether a component is something from upstream that could be bad; the system itself and its own files are not."""
    if component.kind is Kind.SYSTEM:
        return False
    return component.kind is not Kind.FILE or bool(component.digests or component.files or component.purl)
