"""Python libraries as requirements state them: exact with hashes, mutable with a version or range, none without.

A version alone is mutable: what holds bytes is a hash, which a lock or a hashed requirements file has.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.commands import direct_url
from lading.catalog.upstreams import library
from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Pin, Scope
from lading.core.source import SourceFile
from lading.syntax.requirements import Requirement


def required(file: SourceFile, requirement: Requirement, symbol: str, scope: Scope = Scope.RUNTIME) -> Iterator[Component]:
    """The library, or the model or archive behind a URL, that a requirement names."""
    at = Occurrence(file.path, requirement.line, symbol, requirement.written, scope=scope)
    if requirement.url:
        found = direct_url(requirement.url, at)
        if found:
            yield found
        elif requirement.name and "://" in requirement.url:
            yield library(requirement.name, at, version="", pin=Pin.NONE)
        return
    exact = requirement.specifier.startswith("==") and "," not in requirement.specifier and "*" not in requirement.specifier
    version = requirement.specifier.lstrip("=") if exact else requirement.specifier
    pin = Pin.EXACT if requirement.hashes else Pin.MUTABLE if version else Pin.NONE
    component = library(requirement.name, at, version=version, pin=pin)
    yield replace(component, digests=tuple(sorted({Digest.parse(h) for h in requirement.hashes}))) if requirement.hashes else component
