"""`lading watch`: stored bills of materials against the advisories of now."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.watch.run import Change

MOST_SYSTEMS = 5


@click.command(
    name="watch",
    epilog="\b\nExample:\n  lading advisories update && lading watch --once boms/\n\n"
    "Exit codes: 0 nothing new; 3 a problem is new or now certain; 4 a document could not be read, or the database is too old.",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Look once, say what is new, changed and closed since the last look, and end.")
@click.option("--database", "-d", type=click.Path(path_type=Path), help="The folder of the advisory database.")
@click.option("--format", "-f", "format_name", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--vex",
    "documents",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A VEX document, or a folder of them, whose decisions hold; lading.toml in FOLDER may name more.",
)
@click.option("--max-age", default="5d", metavar="SPAN", help="How long ago each source may have been imported.")
def command(folder: Path, database: Path | None, format_name: str, documents: tuple[Path, ...], max_age: str, *, once: bool) -> int:
    """Ask again about the bills of materials in FOLDER: those that are new, and the components that changed advisories touch."""
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - as above
    from lading.audit.run import ground  # noqa: PLC0415 - as above
    from lading.audit.triage import statements  # noqa: PLC0415 - as above
    from lading.cli.audit import load  # noqa: PLC0415 - as above
    from lading.ledger.window import margin_of  # noqa: PLC0415 - as above
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - as above
    from lading.watch.run import FILE, Decisions, look  # noqa: PLC0415 - as above
    from lading.watch.store import Watched  # noqa: PLC0415 - as above

    if not once:
        raise UsageError("watch looks once", hint="add --once, and run it after each `lading advisories update`")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", hint="give a folder of bills of materials")
    settings, root = settings_and_folder(folder)
    sources = (folder / "lading.toml", *(root / p for p in settings.audit.vex), *documents)
    decisions = Decisions(statements(settings, root, documents), datetime.now(UTC).date(), sources)
    with Store(database or default_folder()).open() as opened, Watched(folder / FILE).guarded() as watched:
        found = look(watched, folder, opened, load, decisions)
        stale = ground(opened, datetime.now(UTC), margin_of(max_age)).stale
        if format_name == "json":
            click.echo(msgspec.json.format(msgspec.json.encode({**msgspec.to_builtins(found), "stale": stale}), indent=1))
        else:
            for change in found.changes:
                click.echo(_line(change))
            click.echo(f"{found.documents} documents, {found.read} read anew, {found.asked} components asked about", err=True)
        for path, reason in found.unread:
            click.echo(f"not read: {path}: {reason}", err=True)
        for reason in stale:
            click.echo(f"not fit to say that nothing is known: {reason}", err=True)
        watched.commit(opened.header.generation)
    if found.alarming:
        return 3
    return 4 if found.unread or stale or not found.documents else 0


def _line(change: "Change") -> str:
    from lading.render.style import clean  # noqa: PLC0415 - for people

    fixed = f", fixed in {change.fixed_in}" if change.fixed_in else ""
    status = "" if change.status == "affected" else f" ({change.status.replace('_', ' ')})"
    before = f", before: {change.before}" if change.before else ""
    shown = ", ".join(change.systems[:MOST_SYSTEMS]) + (
        f" and {len(change.systems) - MOST_SYSTEMS} more" if len(change.systems) > MOST_SYSTEMS else ""
    )
    return clean(
        f"{change.event}: {change.component}: {change.priority} {change.ids[0]}{status}{fixed}{before}: {change.summary} [{len(change.systems)}: {shown}]"
    )
