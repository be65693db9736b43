"""`lading explain`: what one rule looks for, why, and what to do."""

import click


@click.command(name="explain", epilog="\b\nExamples:\n  lading explain pickle-dangerous-global\n  lading explain unpinned-revision")
@click.argument("rule")
@click.pass_context
def command(context: click.Context, rule: str) -> int:
    """Explain the RULE that a finding names: why it is there, and what to do."""
    from lading.cli.rules import command as rules  # noqa: PLC0415 - when it is run

    answer: int = context.invoke(rules, name=rule)
    return answer
