"""`lading policy`: rules tried before they are enforced."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.key import read

if TYPE_CHECKING:
    from lading.sign.verify import Result

_FILE = click.Path(path_type=Path)


@click.group(name="policy")
def command() -> None:
    """Work with the [[trust]] rules of lading.toml."""


@command.command(
    epilog="\b\nExamples:\n  lading verify models/classifier --format json > recorded.json\n  lading policy test recorded.json --settings proposed/lading.toml\n\n"
    "Exit codes: 0 everything would be allowed, 3 something refused, 4 something unknown."
)
@click.argument("recorded", nargs=-1, required=True, type=_FILE)
@click.option("--settings", "folder", type=_FILE, help="The lading.toml to try, or its folder; else the one that holds here.")
def test(recorded: tuple[Path, ...], folder: Path | None) -> int:
    """Decide recorded verdicts (`lading verify --format json`) anew by the rules as they are now; no artifact is looked at.

    What was recorded is taken at its word: this tells what a rule would do, and opens nothing.
    """
    from lading.core.verdict import Answer  # noqa: PLC0415 - when it is run
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - as above
    from lading.policy.trust import decide, rule_for  # noqa: PLC0415 - as above
    from lading.render.style import clean  # noqa: PLC0415 - as above

    settings, _ = settings_and_folder(folder or Path())
    answers = set()
    now = datetime.now(UTC)
    for file in recorded:
        result = _recorded(file)
        name = result.artifact.removeprefix("oci:").partition("@")[0]
        rule = rule_for(settings.trust, name) or rule_for(settings.trust, Path(name).name)
        if rule is None:
            click.echo(f"{clean(result.artifact)}: no rule matches, so nothing would be known")
            answers.add(Answer.UNKNOWN)
            continue
        verdict = decide(rule, result.claims, now, result.formats)
        answers.add(verdict.answer)
        was = "" if verdict.answer is result.verdict.answer else f", was {result.verdict.answer}"
        click.echo(f"{clean(result.artifact)}: {verdict.answer}{was}  (rule {clean(rule.match)!r})")
        for reason in verdict.reasons:
            click.echo(f"  {clean(reason)}")
    return next(a for a in (Answer.REFUSE, Answer.UNKNOWN, Answer.ALLOW) if a in answers).exit_code


def _recorded(file: Path) -> "Result":
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.core.errors import FormatError  # noqa: PLC0415 - as above
    from lading.sign.verify import Result  # noqa: PLC0415 - as above

    try:
        return msgspec.json.decode(read(file), type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise FormatError(f"{file} is no recorded verdict: {e}", hint="lading verify PATH --format json > FILE writes one") from e
