"""The settings of a scan: folders left out, findings accepted with a reason and an expiry, severities changed."""

import tomllib
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec
from msgspec import Struct, field

from lading.core.errors import ConfigError
from lading.core.finding import Finding, Report
from lading.core.kinds import Severity


class Ignore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that somebody accepts: of a rule, and narrower where component or path say so; the reason is mandatory."""

    rule: str
    reason: str
    component: str = ""
    path: str = ""
    expires: date | None = None

    def covers(self, finding: Finding, today: date) -> bool:
        """Whether this decision covers a finding today: it has not expired, and every place lies below `path`."""
        if self.rule != finding.rule or (self.expires and today > self.expires):
            return False
        inside = not self.path or (bool(finding.occurrences) and all(o.path.startswith(self.path) for o in finding.occurrences))
        return inside and (not self.component or self.component in finding.component)


class ScanSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[scan]`."""

    exclude: tuple[str, ...] = ()


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; `loader` rows are read where calls are matched."""

    scan: ScanSettings = ScanSettings()
    ignore: tuple[Ignore, ...] = ()
    severity: dict[str, Severity] = field(default_factory=dict)
    loader: tuple[dict[str, object], ...] = ()

    def applied(self, report: Report, today: date) -> Report:
        """The report with severities changed and accepted findings marked with the reason; nothing disappears."""
        return msgspec.structs.replace(report, findings=tuple(self._judged(f, today) for f in report.findings))

    def _judged(self, finding: Finding, today: date) -> Finding:
        reason = next((i.reason for i in self.ignore if i.covers(finding, today)), "")
        return msgspec.structs.replace(finding, severity=self.severity.get(finding.rule, finding.severity), accepted=reason)


def settings_for(target: Path) -> Settings:
    """The settings that hold for a target: the nearest `lading.toml` or `[tool.lading]` upwards; ConfigError names what is wrong."""
    start = target.resolve() if target.is_dir() else target.resolve().parent
    for folder in (start, *start.parents):
        own, project = folder / "lading.toml", folder / "pyproject.toml"
        if own.is_file():
            return _parsed(_toml(own), str(own))
        if project.is_file() and (section := _toml(project).get("tool", {}).get("lading")) is not None:
            return _parsed(section, f"{project} [tool.lading]")
    return Settings()


def _toml(path: Path) -> dict[str, dict[str, object]]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise ConfigError(f"{path} cannot be read: {e}", hint="mend the file, or move it away to scan without settings") from e


def _parsed(data: object, where: str) -> Settings:
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as e:
        raise ConfigError(f"{where}: {e}", hint=_nearest(str(e))) from e
    if unreasoned := next((i for i in settings.ignore if not i.reason.strip()), None):
        raise ConfigError(f"{where}: [[ignore]] of rule {unreasoned.rule!r} gives no reason", hint='add reason = "why this is acceptable"')
    return settings


def _nearest(message: str) -> str:
    unknown = message.partition("unknown field `")[2].partition("`")[0]
    known = ["scan", "ignore", "severity", "loader", "exclude", "rule", "reason", "component", "path", "expires"]
    near = get_close_matches(unknown, known, 1) if unknown else []
    return f"did you mean {near[0]!r}?" if near else "docs/how-to/accept-a-finding.md shows the settings"
