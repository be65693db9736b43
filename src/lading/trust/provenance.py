"""SLSA Provenance v1: how an artifact was built, from what, by whom and when (slsa.dev/spec/v1.0/provenance)."""

from typing import Any

import msgspec
from msgspec import Struct

from lading.trust.statement import Resource

PREDICATE = "https://slsa.dev/provenance/v1"


class BuildDefinition(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What was asked for, and everything that went in."""

    build_type: str
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any] = {}
    resolved_dependencies: tuple[Resource, ...] = ()


class Builder(Struct, frozen=True, omit_defaults=True):
    """Who ran the build."""

    id: str
    version: dict[str, str] = {}


class Metadata(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Which run it was, from when to when (RFC 3339, UTC)."""

    invocation_id: str = ""
    started_on: str = ""
    finished_on: str = ""


class RunDetails(Struct, frozen=True, omit_defaults=True):
    """The run itself."""

    builder: Builder
    metadata: Metadata = Metadata()
    byproducts: tuple[Resource, ...] = ()


class Provenance(Struct, frozen=True, rename="camel"):
    """The predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails

    def as_data(self) -> dict[str, Any]:
        """The predicate as JSON data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data
