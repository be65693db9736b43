"""What somebody answers for: signed rules that let known findings pass, for a while, and never a malicious one."""

from __future__ import annotations

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lading.core.errors import ConfigError
from lading.core.inspection import Grade, Inspection, Observation, worst


class Allowance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[allow]]`: a rule, and what exactly of it; the reason and the last day are mandatory."""

    rule: str
    reason: str
    expires: date
    callable: str = ""
    """The exact name that a pickle or configuration may reach."""
    digest: str = ""
    """The exact file."""
    path: str = ""
    """A pattern for the path."""

    def __post_init__(self) -> None:
        if not (self.callable or self.digest):
            raise ValueError(f"the rule {self.rule} is allowed for no callable and no digest")

    def covers(self, inspection: Inspection, observation: Observation, today: date) -> bool:
        """Whether this decision covers an observation today."""
        if observation.rule != self.rule or observation.grade is Grade.MALICIOUS or today > self.expires:
            return False
        return (
            self.callable in {"", observation.callable}
            and self.digest in {"", inspection.digest}
            and (not self.path or fnmatchcase(inspection.path, self.path))
        )


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    allow: tuple[Allowance, ...] = ()


def read(path: Path) -> tuple[Allowance, ...]:
    """The rules of a file; ConfigError names what is wrong. Whether it is signed is for the caller to see first."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File).allow
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as e:
        raise ConfigError(f"{path} is no file of [[allow]] rules: {e}", hint="docs/how-to/suspicious-verdict.md shows one") from e


def applied(inspection: Inspection, allowances: tuple[Allowance, ...], today: date) -> Inspection:
    """The inspection with what is allowed marked with the reason; its verdict follows what is left."""
    judged = tuple(_judged(inspection, o, allowances, today) for o in inspection.observations)
    return replace(inspection, observations=judged, grade=worst([o.grade for o in judged if not o.accepted]))


def _judged(inspection: Inspection, observation: Observation, allowances: tuple[Allowance, ...], today: date) -> Observation:
    reason = next((a.reason for a in allowances if a.covers(inspection, observation, today)), "")
    return replace(observation, accepted=reason) if reason else observation
