"""`lading scan`: what a system inherits and what is wrong with it."""

import gc
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.image import image_of
from lading.cli.output import emit, encoded, format_for, wants_colour, width
from lading.core.finding import Report
from lading.core.kinds import Severity

if TYPE_CHECKING:
    from lading.scan.run import Look, Progress

_EXAMPLES = """
\b
Examples:
  lading scan .
  lading scan .venv --fail-on high
  lading scan .venv --no-verify
  lading scan image.tar --format cyclonedx
  lading scan torch-2.13.0-cp311-cp311-linux_x86_64.whl
  lading scan docker://registry.example/team/app:v1
  lading scan . --format html --output report.html
  lading scan . --format cyclonedx > bom.json
  lading scan . --fail-on high --format sarif --output lading.sarif

\b
Exit codes: 0 everything was read; 2 wrong usage; 3 a finding reaches --fail-on;
4 something could not be read or nothing was, or with --strict a reference stays unresolved.
"""


_PACKED = (".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


@click.command(name="scan", epilog=_EXAMPLES)
@click.argument("target", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--format",
    "-f",
    "format_name",
    default="",
    metavar="NAME",
    help="text, json, cyclonedx, cyclonedx-1.6, spdx-3, spdx-2.3, sarif, markdown or html; told by the output's suffix when it has one.",
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write to this file instead of standard output; it appears whole or not at all."
)
@click.option("--exclude", "-x", multiple=True, metavar="PATH", help="Leave out a file or folder of the target; may be repeated.")
@click.option("--environment", is_flag=True, help="Read the environment of the running interpreter instead of TARGET.")
@click.option(
    "--no-verify",
    is_flag=True,
    help="Do not compare the files of an environment with their RECORD, but for machine code: faster, and the result says so.",
)
@click.option("--all", "-a", "everything", is_flag=True, help="Show also what only tests and examples name, every library and every place.")
@click.option("--fail-on", type=click.Choice([s.value for s in Severity]), help="Exit with 3 when a finding is at least this severe.")
@click.option("--strict", is_flag=True, help="Exit with 4 also when a reference stays unresolved.")
@click.option("--inspect", "inspects", is_flag=True, help="Judge the model files too: whether loading them is safe (see lading inspect).")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error.")
def command(  # noqa: PLR0913 - one for every option
    target: Path,
    format_name: str,
    output: Path | None,
    exclude: tuple[str, ...],
    fail_on: str | None,
    *,
    environment: bool,
    no_verify: bool,
    everything: bool,
    strict: bool,
    inspects: bool,
    quiet: bool,
) -> int:
    """Show everything TARGET (a folder, an installed environment, a wheel, an image on disk or in a registry, an unpacked root or a file) inherits from upstream."""
    from lading.policy.settings import settings_for  # noqa: PLC0415 - after the options are known to be right

    chosen = format_for(format_name, output)
    target = Path(sys.prefix) if environment else target
    if no_verify and not (environment or _is_environment(target)):
        raise click.UsageError(f"--no-verify is for installed environments, and {target} is none: leave it out")
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # syntax trees are large and die together: looking for garbage less often saves a quarter of the time
    settings = settings_for(target) if target.exists() else None
    excluded = (*exclude, *(settings.scan.exclude if settings else ()))
    look = _inspector() if inspects else None
    report = report_of(target, excluded, None if quiet else _progress(), environment=environment, verify=not no_verify, look=look)
    if settings:
        today = datetime.now(UTC).date()
        report = settings.applied(report, today)
        for ignore in settings.expired(today) if not quiet else ():
            click.echo(f"note: the acceptance of {ignore.rule} expired on {ignore.expires}: {ignore.reason}", err=True)
    lock = target / "lading.lock"
    if lock.is_file():
        from lading.lock.document import read  # noqa: PLC0415 - where there is a lock
        from lading.lock.hold import held  # noqa: PLC0415 - as above

        report = held(report, read(lock))
    if chosen is None:
        from lading.render.style import Style  # noqa: PLC0415 - only for people
        from lading.render.text import render  # noqa: PLC0415 - as above

        emit(encoded(render(report, Style(width(), wants_colour(output), everything)), output), output)
    else:
        emit(chosen.write(report), output)
    if output and not quiet:
        click.echo(f"wrote {output}", err=True)
    return exit_code(report, fail_on, strict=strict)


def report_of(
    target: Path,
    exclude: tuple[str, ...] = (),
    progress: "Progress | None" = None,
    *,
    environment: bool = False,
    verify: bool = True,
    look: "Look | None" = None,
) -> Report:
    """What a target inherits, read as what it is: installed, an image, or sources; `look` sees its files while they are there."""
    from lading.scan.run import unchanged  # noqa: PLC0415 - when it is run

    look = look or unchanged
    if target.is_dir() and (environment or _is_environment(target)):
        from lading.installed import scan as scan_environment  # noqa: PLC0415 - where there is one

        return look(scan_environment(target, verify=verify), (target,))
    if target.name.endswith(_PACKED):
        from lading.installed.archive import is_archive  # noqa: PLC0415 - where there is one
        from lading.installed.archive import scan as scan_archive  # noqa: PLC0415 - as above

        if is_archive(target):
            return scan_archive(target, look)
    if image := image_of(target, look):
        return image
    from lading.scan import scan  # noqa: PLC0415 - as above

    return look(scan(target, exclude=exclude, progress=progress), (target if target.is_dir() else target.parent,))


def _inspector() -> "Look":
    from lading.inspect.scanned import inspected  # noqa: PLC0415 - when it is asked for

    return inspected


def _is_environment(target: Path) -> bool:
    return (target / "pyvenv.cfg").is_file() or any(target.glob("*.dist-info"))


def exit_code(report: Report, fail_on: str | None, *, strict: bool) -> int:
    """3 when a finding is severe enough, else 4 when the report is incomplete or nothing at all was read, else 0."""
    order = list(Severity)
    if fail_on and any(order.index(f.severity) <= order.index(Severity(fail_on)) for f in report.open):
        return 3
    coverage = report.bom.coverage
    incomplete = coverage.unread or (coverage.files and not coverage.read) or (strict and report.bom.unresolved)
    return 4 if incomplete else 0


def _progress() -> "Progress | None":
    """A progress line on a terminal, once the work takes long enough to wonder."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None
    started, shown = time.monotonic(), 0.0

    def show(done: int, total: int, path: str) -> None:
        nonlocal shown
        now = time.monotonic()
        if done + 1 == total and shown:
            sys.stderr.write("\r\x1b[K")
        elif now - started > 1 and now - shown > 0.1:  # noqa: PLR2004 - a second before, ten times a second after
            shown = now
            sys.stderr.write(f"\r\x1b[Kreading {done} of {total}  {path[-60:].encode('ascii', 'replace').decode()}")
        sys.stderr.flush()

    return show
