"""The entrance: `lading COMMAND`; each command's module is imported when it is run."""

import gc
import importlib
import io
import os
import sys
from typing import Any

import click

import lading
from lading.core.errors import LadingError

COMMANDS = {
    "scan": "Show everything a repository inherits: models, datasets, services, images, libraries.",
    "lock": "Pin every AI artifact to a revision and the digests of its files; tell what moved.",
    "sync": "Fetch exactly what is locked, each file verified while it streams.",
    "bom": "Show, convert, validate, compare and merge bills of materials.",
    "why": "Explain one artifact: every place that names it, its pin, what depends on it.",
    "audit": "Say which known vulnerabilities and malicious releases a system inherits.",
    "watch": "Ask again about stored bills of materials when advisories change.",
    "advisories": "Import, update and look at the advisory database.",
    "rules": "List the rules, or explain one.",
    "explain": "Explain the rule that a finding names.",
    "inspect": "Say whether model files are safe to load, without running anything in them.",
    "key": "Make and show the keys that sign.",
    "sign": "Sign a model or file: OpenSSF Model Signing with an index of chunks.",
    "build": "Run a command and sign how its outputs came to be.",
    "attest": "Sign any statement about an artifact.",
    "verify": "Say whether an artifact is what somebody trusted has signed.",
    "run": "Run a command that can load only verified models.",
    "admit": "Answer admission reviews of Kubernetes: images and models must be signed.",
    "timestamp": "Add a proof of time to a signature.",
    "policy": "Try the [[trust]] rules of lading.toml against recorded verdicts.",
    "ledger": "Record envelopes so that none can be removed, changed or re-ordered unseen.",
    "impact": "Say which builds a compromise touched: before, during, after, or whatever the time.",
}


class _Commands(click.Group):
    """The commands by name; a module `lading.cli.NAME` holds a click command called `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's interface
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"lading.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's interface
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog="Start with: lading scan .")
@click.version_option(lading.__version__, prog_name="lading")
def cli() -> None:
    """Know, check and pin what an AI system inherits from upstream.

    Exit codes: 0 allowed, 1 our failure, 2 wrong usage, 3 refused, 4 unknown or incomplete.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; an error becomes a sentence, a hint and an exit code, never a traceback."""
    gc.set_threshold(*_GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        _run(arguments)
    finally:
        gc.freeze()  # the process ends, and its memory with it: looking through all of it for garbage takes longer than many commands


_GARBAGE = (50_000, 20, 20)
"""How often garbage is looked for: what is imported at the start is none, and little of what a command makes is."""


def _run(arguments: list[str] | None) -> None:
    try:
        result: Any = cli.main(arguments, prog_name="lading", standalone_mode=False)
    except LadingError as e:
        _complain(e.sentence, e.hint, e.code)
        sys.exit(e.exit_code)
    except click.ClickException as e:
        e.show()
        sys.exit(e.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted", "", "")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as e:
        if os.environ.get("LADING_DEBUG"):
            raise
        _complain(*_failure(e))
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _failure(e: Exception) -> tuple[str, str, str]:
    """Sentence, hint and code of what nobody foresaw: the system refused something, or lading has a fault."""
    if isinstance(e, OSError):
        where = f"{e.filename}: " if e.filename else ""
        return f"{where}{e.strerror or e}", "LADING_DEBUG=1 shows where this happened", "LD900"
    return f"failed: {type(e).__name__}: {e}", "this is a fault of lading; LADING_DEBUG=1 shows where, please report it", "LD999"


def _complain(sentence: str, hint: str, code: str) -> None:
    click.echo(f"lading: {sentence}{f' [{code}]' if code else ''}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
