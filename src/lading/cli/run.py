"""`lading run`: a command that can load only what was verified."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.signer import signing_key

if TYPE_CHECKING:
    from lading.load.policy import Policy
    from lading.run.record import Recorder

_FILE = click.Path(path_type=Path)


@click.command(
    name="run",
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nExamples:\n  lading run --policy lading.toml --model models/classifier -- python serve.py\n"
    "  lading run --audit --model models/classifier -- python serve.py\n\n"
    "Exit codes: those of the command; 3 a model was refused, 4 nothing to decide by, or the gate cannot be shown to hold: the command was not started.",
)
@click.argument("command_line", metavar="-- CMD", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--policy", "-p", type=_FILE, help="The settings file that decides; else LADING_POLICY, else the nearest lading.toml.")
@click.option(
    "--model", "-m", "models", type=_FILE, multiple=True, help="A model that the command loads; may be repeated. Else [load] models."
)
@click.option("--read", "-r", type=_FILE, multiple=True, help="A file or folder that the command may read beside; may be repeated.")
@click.option("--record", type=_FILE, help="Add each decision to this file as a statement, one on each line; `-` for standard error.")
@click.option(
    "--record-key", default="", metavar="KEY", help="The private key that signs decisions, a file or one elsewhere; else they are unsigned."
)
@click.option("--passphrase-file", type=_FILE, help="The passphrase of --record-key; else LADING_PASSPHRASE.")
@click.option("--ledger", type=_FILE, help="Record each signed decision in this ledger; while it is away decisions wait on the disk.")
@click.option("--metrics", type=_FILE, help="Count decisions in this file, for the text-file collector of Prometheus' node exporter.")
@click.option(
    "--patience", type=float, default=60, metavar="SECONDS", show_default=True, help="Give up when nothing of a model is read for so long."
)
@click.option("--audit", is_flag=True, help="Decide and record, then run the command whatever the answer, with nothing out of its reach.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    command_line: tuple[str, ...],
    policy: Path | None,
    models: tuple[Path, ...],
    read: tuple[Path, ...],
    record: Path | None,
    record_key: str,
    passphrase_file: Path | None,
    ledger: Path | None,
    metrics: Path | None,
    patience: float,
    *,
    audit: bool,
) -> int:
    """Run CMD so that it, and whatever it starts, can read weights only from verified models.

    Models are verified into sealed memory that takes the place of their folders. The system, the interpreter and the working folder stay
    readable, without any weights in it.
    """
    from lading.core.errors import UsageError  # noqa: PLC0415 - when it is run
    from lading.load.enforcement import enforce  # noqa: PLC0415 - as above
    from lading.load.policy import policy_at  # noqa: PLC0415 - as above
    from lading.run.record import Recorder  # noqa: PLC0415 - as above
    from lading.run.supervisor import supervise  # noqa: PLC0415 - as above

    rules = policy_at(policy, models[0] if models else None)
    models = models or tuple(rules.folder / m for m in rules.load.models)
    if not models:
        raise UsageError("no model is named", hint="--model MODEL, or models = […] of [load] in the policy")
    if ledger and not record_key:
        raise UsageError("a ledger holds signed statements, and nobody is named who signs", hint="--record-key KEY")
    by = signing_key(record_key, passphrase_file) if record_key else None
    recorder = Recorder(file=record, by=by, ledger=ledger, metrics=metrics)
    if audit:
        _audited(models, rules, recorder)
        os.execvp(command_line[0], command_line)  # noqa: S606 - the command is the user's own
    readable = (*read, *(rules.folder / r for r in rules.load.read))
    with enforce(*models, policy=rules, read=readable, command=command_line, record=recorder.keep, patience=patience) as enforced:
        for path, place in enforced.paths.items():
            click.echo(f"verified: {path}{'' if path == place else f', to be loaded from {place}'}", err=True)
        return supervise(command_line, enforced)


def _audited(models: tuple[Path, ...], rules: "Policy", recorder: "Recorder") -> None:
    """Say what the gate would have done; nothing is kept from the command."""
    from lading.load.decision import consider  # noqa: PLC0415 - when it is run
    from lading.load.model import Model  # noqa: PLC0415 - as above

    for model in models:
        decision, _ = consider(model, rules, Model.compare)
        recorder.keep(decision)
        would = "is allowed" if decision.answer == "allow" else "would be refused"
        click.echo(f"audit: {model} {would}: {'; '.join(decision.reasons)}", err=True)
    click.echo("audit: nothing is out of reach of the command", err=True)
