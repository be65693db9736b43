"""By which rules the gate decides: a settings file that is named, never one that lies in the model."""

import os
from pathlib import Path

from msgspec import Struct

from lading.core.errors import ConfigError, EvidenceError
from lading.load.hub_cache import is_snapshot, repository
from lading.policy.roots import roots_of
from lading.policy.rule import TrustRule
from lading.policy.settings import LoadSettings, Settings, settings_in
from lading.policy.trust import rule_for
from lading.trust.evidence import Roots

VARIABLE = "LADING_POLICY"
"""The environment variable that names the settings file when no argument does."""


class Policy(Struct, frozen=True):
    """The rules of a settings file, and the folder that names in it are relative to."""

    file: Path
    settings: Settings

    @property
    def folder(self) -> Path:
        """Where the file lies."""
        return self.file.parent

    @property
    def load(self) -> LoadSettings:
        """Its `[load]` table."""
        return self.settings.load

    def outside_of(self, model: Path) -> None:
        """Return when this file does not lie in a model: who writes the model would write the rules."""
        if model.resolve() in self.file.parents:
            raise ConfigError(
                f"{self.file} lies in the model that it decides about", hint="keep the policy where the model's author cannot write"
            )

    def rule(self, model: Path) -> TrustRule:
        """The first rule that matches a model; EvidenceError when there is none: what no rule names is not loaded."""
        found = rule_for(self.settings.trust, self.name(model))
        if not found:
            raise EvidenceError(
                f"no [[trust]] rule of {self.file} is about {self.name(model)}", hint=f'add one with match = "{self.name(model)}"'
            )
        return found

    def roots(self, rule: TrustRule) -> Roots:
        """Whom a rule of this file trusts."""
        return roots_of(rule, self.folder, self.settings.key, self.folder)

    def name(self, model: Path) -> str:
        """A model as rules name it: by its path below the settings file, by its name on the hub in a cache, else by its last part."""
        resolved = model.resolve()
        if is_snapshot(resolved):
            return repository(resolved)
        return resolved.relative_to(self.folder).as_posix() if self.folder in resolved.parents else resolved.name


def policy_at(file: str | os.PathLike[str] | None, model: Path | None) -> Policy:
    """The policy of a file, of LADING_POLICY, or of the nearest `lading.toml` from the working folder upwards.

    ConfigError when there is none, or when it lies in the model: who writes the model would write the rules.
    """
    found = Path(file) if file else _named() or _nearest()
    if found is None:
        raise ConfigError(
            "there is no policy to decide by",
            hint=f"give policy=…, set {VARIABLE}, or write lading.toml: docs/how-to/whose-signature-counts.md",
        )
    policy = Policy(found.resolve(), settings_in(found))
    if model:
        policy.outside_of(model)
    return policy


def _named() -> Path | None:
    value = os.environ.get(VARIABLE)
    return Path(value) if value else None


def _nearest() -> Path | None:
    here = Path.cwd()
    return next((f / "lading.toml" for f in (here, *here.parents) if (f / "lading.toml").is_file()), None)
