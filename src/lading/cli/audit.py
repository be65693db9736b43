"""`lading audit`: known vulnerabilities and malicious releases among what a system inherits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.image import image_of
from lading.cli.output import emit, encoded, format_for, wants_colour, width
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.audit.finding import Result
    from lading.core.bom import Bom

_EXAMPLES = """
\b
Examples:
  lading audit .
  lading audit bom.cdx.json --format sarif --output audit.sarif
  lading scan . -f json | lading audit - --fail-on high
  lading audit .venv --database advisories/

\b
Exit codes: 0 everything was evaluated and nothing is known; 2 wrong usage; 3 a problem (with --fail-on, at least that urgent);
4 something could not be told: no version, no records for its ecosystem, not read, or a database that is empty or too old.
"""
_PRIORITIES = ("malicious", "exploited", "likely", "critical", "high", "unknown", "medium", "low")


@click.command(name="audit", epilog=_EXAMPLES)
@click.argument("target", type=click.Path(path_type=Path, allow_dash=True), default=Path())
@click.option(
    "--database",
    "-d",
    type=click.Path(path_type=Path),
    help="The folder of the advisory database; else LADING_ADVISORIES, else the user's.",
)
@click.option(
    "--format",
    "-f",
    "format_name",
    default="",
    metavar="NAME",
    help="text, json, sarif, markdown, html, openvex, cyclonedx-vex or cyclonedx-vdr; told by the output's suffix when it has one.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file; it appears whole or not at all.")
@click.option("--fail-on", type=click.Choice(_PRIORITIES), help="Exit with 3 only for problems at least this urgent; by default for any.")
@click.option(
    "--vex",
    "documents",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A VEX document (OpenVEX, CycloneDX, CSAF), or a folder of them, whose decisions hold.",
)
@click.option("--max-age", default="", metavar="SPAN", help="How long ago each source may have been imported: 12h; 5d by default.")
@click.option(
    "--allow-incomplete", is_flag=True, help="Exit with 0 instead of 4 where something could not be told; the answer still says so."
)
@click.option("--all", "-a", "everything", is_flag=True, help="Show every problem and every gap.")
def command(  # noqa: PLR0913 - one for each option
    target: Path,
    database: Path | None,
    format_name: str,
    output: Path | None,
    fail_on: str | None,
    documents: tuple[Path, ...],
    max_age: str,
    *,
    allow_incomplete: bool,
    everything: bool,
) -> int:
    """Say what is known to be bad in TARGET: a repository, an installed environment, an image on disk, a bill of materials, a list of package URLs, or `-`."""
    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - when it is run
    from lading.audit.finding import Priority  # noqa: PLC0415 - as above
    from lading.audit.run import MAX_AGE, audit  # noqa: PLC0415 - as above
    from lading.audit.triage import expired, statements, triaged  # noqa: PLC0415 - as above
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - as above

    settings, folder = settings_and_folder(target if target.exists() else Path())
    age = _span(max_age or settings.audit.max_age) or MAX_AGE
    least = fail_on or settings.audit.fail_on
    if least and least not in _PRIORITIES:
        raise UsageError(f"[audit] fail_on = {least!r} is no priority", hint=f"one of: {', '.join(_PRIORITIES)}")
    decisions = statements(settings, folder, documents)
    moment = now()
    for old in expired(decisions, moment.date()):
        click.echo(f"note: the decision about {', '.join(sorted(old.ids))} expired on {old.until}: {old.reason}", err=True)
    with Store(database or default_folder()).open() as opened:
        bom = load(target)
        result = audit(bom, opened, moment, max_age=age, imported=_imports(target))
    result = triaged(result, decisions, moment.date()) if decisions else result
    emit(_written(result, bom, format_name, output, everything=everything), output)
    answer = result.answer(Priority(least) if least else None)
    return 0 if answer.exit_code == 4 and allow_incomplete else answer.exit_code  # noqa: PLR2004 - unknown


def _written(result: "Result", bom: "Bom", format_name: str, output: Path | None, *, everything: bool) -> bytes:
    """The answer in a format."""
    if format_name == "json" or (not format_name and output and output.suffix == ".json"):
        import msgspec  # noqa: PLC0415 - when it is asked for

        data = {"answer": result.answer().value, **msgspec.to_builtins(result)}
        return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"
    if format_name in {"openvex", "cyclonedx-vex", "cyclonedx-vdr"}:
        return _vex(result, bom, format_name)
    if chosen := format_for(format_name, output):
        from lading.audit.report import report_of  # noqa: PLC0415 - only for documents

        return chosen.write(report_of(result, bom))
    from lading.audit.text import render  # noqa: PLC0415 - only for people
    from lading.render.style import Style  # noqa: PLC0415 - as above

    return encoded(render(result, Style(width(), wants_colour(output), everything)), output)


def _vex(result: "Result", bom: "Bom", format_name: str) -> bytes:
    from lading.audit.vex import cyclonedx, openvex  # noqa: PLC0415 - when it is asked for

    if format_name == "openvex":
        return openvex.write(result)
    if format_name == "cyclonedx-vex":
        return cyclonedx.write_vex(result)
    from lading.core.finding import Report  # noqa: PLC0415 - as above

    written = format_for("cyclonedx", None)
    assert written
    return cyclonedx.write_vdr(result, written.write(Report(bom=bom)))


def load(target: Path) -> "Bom":
    """The bill of materials of a target: what is scanned, installed, in an image, written in a document or listed."""
    from lading.audit import purls  # noqa: PLC0415 - when it is run
    from lading.cli.bom import parse, read  # noqa: PLC0415 - as above

    if image := image_of(target):
        return image.bom
    if found := _installed(target):
        return found
    if str(target) != "-" and (target.is_dir() or not target.exists()):
        from lading.policy.settings import settings_for  # noqa: PLC0415 - for folders
        from lading.scan import scan  # noqa: PLC0415 - as above

        if not target.exists():
            raise UsageError(f"{target} does not exist", hint="give a folder, a bill of materials or a list of package URLs")
        return scan(target, exclude=settings_for(target).scan.exclude).bom
    data = read(target)
    if purls.is_list(data):
        return purls.read(data, str(target))
    if data.lstrip()[:1] == b"{":
        return parse(data, target)
    from lading.scan import scan  # noqa: PLC0415 - for single files, such as a lock

    return scan(target).bom


def _installed(target: Path) -> "Bom | None":
    """What an environment or a wheel installs; None when the target is neither."""
    if target.suffix == ".whl" and target.is_file():
        from lading.installed.archive import scan as scan_archive  # noqa: PLC0415 - when it is run

        return scan_archive(target).bom
    if not target.is_dir():
        return None
    from lading.audit import environment  # noqa: PLC0415 - as above

    return environment.read(target) if environment.is_environment(target) else None


def _imports(target: Path) -> dict[str, str]:
    from lading.audit.environment import is_environment  # noqa: PLC0415 - when it is run
    from lading.audit.imports import imports  # noqa: PLC0415 - as above

    return imports(target) if target.is_dir() and not is_environment(target) else {}


def _span(text: str) -> timedelta:
    from lading.ledger.window import margin_of  # noqa: PLC0415 - when it is run

    return margin_of(text)


def now() -> datetime:
    """The time of the audit."""
    return datetime.now(UTC)
