"""The settings of a scan: folders left out, findings accepted with a reason and an expiry, severities changed."""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec
from msgspec import Struct, field

from lading.core.errors import ConfigError
from lading.core.finding import Finding, Report
from lading.core.kinds import Severity
from lading.policy.rule import KeyTerm, TrustRule, span

_HELP = "docs/how-to/accept-a-finding.md shows the settings, docs/how-to/whose-signature-counts.md those of [[trust]] and [[key]]"


class Ignore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that somebody accepts: of a rule, and narrower where component or path say so; the reason is mandatory."""

    rule: str
    reason: str
    component: str = ""
    path: str = ""
    expires: date | None = None

    def covers(self, finding: Finding, today: date) -> bool:
        """Whether this decision covers a finding today: it has not expired, and every place lies below `path`."""
        if self.rule != finding.rule or self.is_expired(today):
            return False
        inside = not self.path or (bool(finding.occurrences) and all(self._holds(o.path) for o in finding.occurrences))
        return inside and (not self.component or self.component in finding.component)

    def is_expired(self, today: date) -> bool:
        """Whether the last day of this decision has passed."""
        return self.expires is not None and today > self.expires

    def _holds(self, path: str) -> bool:
        folder = self.path.rstrip("/")
        return path == folder or path.startswith(f"{folder}/")


class ScanSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[scan]`."""

    exclude: tuple[str, ...] = ()


class LockSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[lock]`."""

    packages: tuple[str, ...] = ()
    """Packages that are locked with the artifacts because their wheels carry weights; others are left to their own locks."""


class LoadSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[load]`: what a process behind the load gate may read beside its models; paths are relative to the settings file."""

    models: tuple[str, ...] = ()
    """Models that `lading run` verifies when no --model is given."""
    read: tuple[str, ...] = ()
    """Files and folders that the process may read beside the system, its interpreter and its working folder."""
    lock: str = ""
    """The lock whose pins are good enough for models about which no `[[trust]]` rule is."""
    revocations: tuple[str, ...] = ()
    """Signed lists of what does not count any more."""
    revocation_keys: tuple[str, ...] = ()
    """Whose lists count; without any, the keys of the rule that holds."""
    revocation_max_age: str = ""
    """How old a list may be: `12h`, `7d`; an older one is unknown, and nothing is opened."""

    def __post_init__(self) -> None:
        span(self.revocation_max_age)


class AdmitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[admit]`: what `lading admit` lets in without a signature in a registry."""

    models: tuple[str, ...] = ()
    """Patterns of places of models that the load gate verifies when they are loaded: `pvc://verified/*`."""
    exempt: tuple[str, ...] = ()
    """Patterns of images that need no signature: `registry.k8s.io/pause@*`."""


class AuditSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[audit]`; paths are relative to the settings file."""

    feeds: tuple[str, ...] = ()
    """What `lading advisories update` fetches: `PyPI=https://…/all.zip`."""
    vex: tuple[str, ...] = ()
    """VEX documents, or folders of them, whose decisions hold."""
    max_age: str = ""
    """How long ago each source of advisories may have been imported: `12h`, `5d`."""
    fail_on: str = ""
    """The least urgent problem that refuses: malicious, exploited, likely, critical, high, unknown, medium or low."""


class Verdict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[decision]]`: what somebody decided about a problem of a component; the reason is mandatory."""

    id: str
    component: str
    reason: str
    status: str = "not_affected"
    versions: str = ""
    justification: str = ""
    expires: date | None = None


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; `loader` rows are read where calls are matched."""

    scan: ScanSettings = ScanSettings()
    ignore: tuple[Ignore, ...] = ()
    severity: dict[str, Severity] = field(default_factory=dict)
    loader: tuple[dict[str, object], ...] = ()
    trust: tuple[TrustRule, ...] = ()
    """Who must have signed what."""
    key: tuple[KeyTerm, ...] = ()
    """How long keys count."""
    load: LoadSettings = LoadSettings()
    admit: AdmitSettings = AdmitSettings()
    lock: LockSettings = LockSettings()
    audit: AuditSettings = AuditSettings()
    decision: tuple[Verdict, ...] = ()
    """What was decided about known problems."""

    def applied(self, report: Report, today: date) -> Report:
        """The report with severities changed and accepted findings marked with the reason; ConfigError names a rule there is not."""
        self._check(rule.id for rule in report.rules)
        judged = [self._judged(f, today) for f in report.findings]
        order = list(Severity)
        judged.sort(key=lambda f: order.index(f.severity))
        return msgspec.structs.replace(report, findings=tuple(judged))

    def expired(self, today: date) -> tuple[Ignore, ...]:
        """The decisions that no longer hold."""
        return tuple(i for i in self.ignore if i.is_expired(today))

    def _judged(self, finding: Finding, today: date) -> Finding:
        reason = next((i.reason for i in self.ignore if i.covers(finding, today)), "")
        return msgspec.structs.replace(finding, severity=self.severity.get(finding.rule, finding.severity), accepted=reason)

    def _check(self, rules: Iterable[str]) -> None:
        known = sorted(rules)
        for name in (*(i.rule for i in self.ignore), *self.severity):
            if name not in known:
                near = get_close_matches(name, known, 1)
                raise ConfigError(
                    f"the settings name the rule {name!r}, which does not exist",
                    hint=f"did you mean {near[0]!r}?" if near else "lading rules lists them",
                )


def settings_for(target: Path) -> Settings:
    """The settings that hold for a target: the nearest `lading.toml` or `[tool.lading]` upwards; ConfigError names what is wrong."""
    return _found(target)[1]


def settings_in(file: Path) -> Settings:
    """The settings of one file, whatever lies around it; ConfigError names what is wrong."""
    return _parsed(_toml(file), str(file))


def settings_and_folder(target: Path) -> tuple[Settings, Path]:
    """The settings that hold for a target and the folder that paths in them are relative to; the current one when there are none."""
    folder, settings = _found(target)
    return settings, folder or Path()


def _found(target: Path) -> tuple[Path | None, Settings]:
    start = target.resolve() if target.is_dir() else target.resolve().parent
    for folder in (start, *start.parents):
        own, project = folder / "lading.toml", folder / "pyproject.toml"
        if own.is_file():
            return folder, _parsed(_toml(own), str(own))
        if project.is_file() and (section := _section(project)) is not None:
            return folder, _parsed(section, f"{project} [tool.lading]")
    return None, Settings()


def _section(project: Path) -> object | None:
    """`[tool.lading]` of a pyproject.toml; a file that is broken belongs to the scan, which says so, and has no settings."""
    try:
        tool = _toml(project).get("tool")
    except ConfigError:
        return None
    return tool.get("lading") if isinstance(tool, dict) else None


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as e:
        raise ConfigError(f"{path} cannot be read: {e}", hint="mend the file, or move it away to scan without settings") from e


def _parsed(data: object, where: str) -> Settings:
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as e:
        raise ConfigError(f"{where}: {_sentence(str(e))}", hint=_nearest(str(e))) from e
    if unreasoned := next((i for i in settings.ignore if not i.reason.strip()), None):
        raise ConfigError(f"{where}: [[ignore]] of rule {unreasoned.rule!r} gives no reason", hint='add reason = "why this is acceptable"')
    return settings


def _sentence(message: str) -> str:
    """What the decoder says, in the words of the file: keys and tables instead of fields and objects."""
    fact, _, place = message.partition(" - at ")
    fact = re.sub(r"Object contains unknown field `(.*)`", r"there is no key '\1'", fact, flags=re.DOTALL)
    fact = re.sub(r"Object missing required field `(\w+)`", r"the key '\1' is missing", fact)
    row = re.fullmatch(r"`\$\.(\w+)(?:\[(\d+)\])?(?:\.(\w+))?.*`", place)
    if not row:
        return fact
    table, number, key = row.groups()
    name = f"[[{table}]] number {int(number) + 1}" if number else f"[{table}]"
    return f"{fact}, in {name}{f', key {key!r}' if key else ''}"


def _nearest(message: str) -> str:
    if "`reason`" in message:
        return 'add reason = "why this is acceptable"'
    unknown = message.partition("unknown field `")[2].partition("`")[0]
    known = [
        *Settings.__struct_fields__,
        *(
            f
            for s in (ScanSettings, Ignore, TrustRule, KeyTerm, LoadSettings, AdmitSettings, AuditSettings, Verdict)
            for f in s.__struct_fields__
        ),
    ]
    near = get_close_matches(unknown, known, 1) if unknown else []
    return f"did you mean {near[0]!r}?" if near else _HELP
