"""`lading rules`: what the rules look for."""

import click

from lading.core.errors import UsageError


@click.command(name="rules", epilog="\b\nExamples:\n  lading rules\n  lading rules unpinned-revision")
@click.argument("name", default="")
def command(name: str) -> int:
    """List the rules, or explain the one of that NAME."""
    from lading.rules._registry import RULES  # noqa: PLC0415 - when it is run
    from lading.scanners._rules import inspection_rules  # noqa: PLC0415 - as above

    rules = {r.rule.id: r.rule for r in RULES} | inspection_rules()
    if name and name not in rules:
        raise UsageError(f"there is no rule {name!r}", hint="lading rules lists them")
    if name:
        rule = rules[name]
        click.echo(f"{rule.id}: {rule.title} ({rule.severity})\n\nWhy: {rule.why}\n\nWhat to do: {rule.fix}")
        for reference in rule.references:
            click.echo(f"See: {reference}")
        return 0
    for rule in rules.values():
        click.echo(f"{rule.id:24} {rule.severity:9} {rule.title}")
    return 0
