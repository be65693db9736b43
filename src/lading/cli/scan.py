"""`lading scan`: what a system inherits and what is wrong with it."""

from pathlib import Path

import click

from lading.scan import scan


@click.command(name="scan")
@click.argument("target", type=click.Path(path_type=Path), default=Path())
def command(target: Path) -> int:
    """Show everything TARGET (a folder or a file) inherits."""
    report = scan(target)
    for component in report.bom.components:
        click.echo(f"{component.kind:15} {component.name} {component.version or '-'} [{component.pin}]")
        for occurrence in component.occurrences:
            click.echo(f"    {occurrence.place}  {occurrence.symbol}")
    for unresolved in report.bom.unresolved:
        click.echo(f"unresolved {unresolved.kind:8} {unresolved.expression}  {unresolved.occurrence.place}")
    for skipped in report.bom.coverage.unread:
        click.echo(f"not read {skipped.place}: {skipped.reason}")
    return 0
