"""`lading inspect`: whether model files are safe to load."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lading.core.inspection import Inspection

_FORMATS = ("text", "json", "sarif", "in-toto")


@click.command(
    name="inspect",
    epilog="\b\nExamples:\n  lading inspect model.pt\n  lading inspect models/ --format sarif --output inspect.sarif\n\n"
    "Exit codes: 0 benign, 3 malicious or suspicious, 4 unscannable. Only benign opens a gate.",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default=None, help="How to answer; by default the suffix of --output, or text."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@click.option("--allow", type=click.Path(path_type=Path), help="A file of [[allow]] rules, signed with --key; malicious stays malicious.")
@click.option(
    "--key",
    "-k",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A public key whose signature of --allow counts; may be repeated.",
)
@click.option("--second-opinion", "programs", type=click.Path(path_type=Path), multiple=True, metavar="PROGRAM",
              help="Ask another scanner too: the path of picklescan, modelscan, fickling or modelaudit. It can raise a verdict, never lower it.")  # fmt: skip
@click.option("--no-digest", is_flag=True, help="Do not hash the files: faster, but the answer is bound to no bytes.")
@click.option("--no-cache", is_flag=True, help="Inspect large files again whose bytes were inspected before by the same rules.")
@click.option("--all", "everything", is_flag=True, help="Show benign files too, and every observation.")
def command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    format_: str | None,
    output: Path | None,
    allow: Path | None,
    keys: tuple[Path, ...],
    programs: tuple[Path, ...],
    *,
    no_digest: bool,
    no_cache: bool,
    everything: bool,
) -> int:
    """Judge model files, folders and repositories without running anything in them.

    Every reading that some loader would accept is followed: pickles step by step, archives member by member. What cannot be read is unscannable,
    never benign.
    """
    from lading.cli.output import emit  # noqa: PLC0415 - when it is run
    from lading.core.errors import UsageError  # noqa: PLC0415 - as above
    from lading.core.inspection import verdict  # noqa: PLC0415 - as above
    from lading.inspect import inspect_all  # noqa: PLC0415 - as above
    from lading.inspect.cache import folder  # noqa: PLC0415 - as above

    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError(f"{path} does not exist", hint="give files or folders")
    inspections = list(inspect_all(list(paths), hashed=not no_digest, kept=None if no_cache else folder()))
    if programs:
        from lading.inspect.opinions import asked, known  # noqa: PLC0415 - when it is asked for

        for program in [known(p) for p in programs]:
            inspections = [asked(i, program) for i in inspections]
    if allow:
        inspections = _allowed(inspections, allow, keys)
    emit(_rendered(inspections, format_ or _by_suffix(output), output, everything=everything), output)
    return verdict(inspections).exit_code


def _allowed(inspections: "list[Inspection]", allow: Path, keys: tuple[Path, ...]) -> "list[Inspection]":
    """The inspections with what a signed file allows; a file that none of the keys has signed is an error, not ignored."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when it is asked for

    from lading.cli.judge import judged  # noqa: PLC0415 - as above
    from lading.cli.key import roots_of  # noqa: PLC0415 - as above
    from lading.core.errors import TrustError, UsageError  # noqa: PLC0415 - as above
    from lading.core.verdict import Answer  # noqa: PLC0415 - as above
    from lading.inspect.allow import applied, read  # noqa: PLC0415 - as above
    from lading.policy.rule import TrustRule  # noqa: PLC0415 - as above

    if not keys:
        raise UsageError("--allow needs to know whose signature counts", hint="give the public key with --key")
    now, rule = datetime.now(UTC), TrustRule(keys=tuple(map(str, keys)))
    result = judged(allow, (), roots_of(rule, Path(), (), Path()), rule, now)
    if result.verdict.answer is not Answer.ALLOW:
        raise TrustError(f"{allow} is not signed by a key that counts", hint=f"lading sign {allow} --key KEY")
    allowances = read(allow)
    return [applied(i, allowances, now.date()) for i in inspections]


def _by_suffix(output: Path | None) -> str:
    if output is None:
        return "text"
    return {".json": "json", ".sarif": "sarif"}.get(output.suffix, "text")


def _rendered(inspections: "list[Inspection]", format_: str, output: Path | None, *, everything: bool) -> bytes:
    if format_ != "text":
        return _document(inspections, format_)
    from lading.cli.output import encoded, wants_colour, width  # noqa: PLC0415 - when it is run
    from lading.render.inspection import render  # noqa: PLC0415 - as above
    from lading.render.style import Style  # noqa: PLC0415 - as above
    from lading.scanners._rules import fix  # noqa: PLC0415 - as above

    return encoded(render(inspections, Style(width(), colour=wants_colour(output), everything=everything), fix), output)


def _document(inspections: "list[Inspection]", format_: str) -> bytes:
    from lading.inspect.report import as_json, as_report, as_statements  # noqa: PLC0415 - when it is run

    if format_ == "in-toto":
        return as_statements(inspections)
    if format_ == "json":
        return as_json(inspections)
    from lading.formats._registry import FORMATS  # noqa: PLC0415 - when it is run

    return FORMATS.load()["sarif"].write(as_report(inspections))
