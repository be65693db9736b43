"""`lading lock`: every AI artifact pinned."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lading.core.component import Component
    from lading.lock.document import Lock
    from lading.sources._registry import Source

_TARGET = click.Path(path_type=Path)


@click.command(
    name="lock",
    epilog="\b\nExamples:\n  lading lock\n  lading lock --upgrade sentence-transformers/all-MiniLM-L6-v2\n  lading lock . --upgrade\n  lading lock --check\n  lading lock --write\n\n"
    "Exit codes: 0 everything is locked and as it was, 3 something moved or is not locked, 4 an upstream did not answer or something stays unresolved.",
)
@click.argument("target", type=_TARGET, default=Path())
@click.option("--check", is_flag=True, help="Change nothing; tell what moved since it was locked, and what is not locked.")
@click.option("--write", is_flag=True, help="Pin it for me: write the locked revisions into the sources, and show the difference.")
@click.option(
    "--upgrade",
    "-u",
    "names",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Ask again for NAME (a part of the name; may be repeated), or for everything.",
)
@click.option("--offline", is_flag=True, help="Ask nobody: take what the cache of huggingface_hub has.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--exclude", multiple=True, metavar="PATH", help="Leave out a folder or file; may be repeated.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error.")
def command(
    target: Path,
    names: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    check: bool,
    write: bool,
    offline: bool,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Resolve every AI artifact that TARGET uses to a revision with the digests of its files, and write TARGET/lading.lock."""
    from lading.lock import document  # noqa: PLC0415 - when it is run
    from lading.lock.resolve import resolve, wanted  # noqa: PLC0415 - as above
    from lading.policy.settings import settings_for  # noqa: PLC0415 - as above
    from lading.scan import scan  # noqa: PLC0415 - as above

    place = target / document.NAME
    before = document.read(place) if place.exists() else document.Lock()
    settings = settings_for(target)

    def found() -> "tuple[Component, ...]":
        return wanted(scan(target, exclude=(*exclude, *settings.scan.exclude)).bom, settings.lock.packages)

    components = found()
    if check:
        return _checked(components, before, offline=offline, quiet=quiet)
    if write:
        return _pinned(target, found, before, dry_run=dry_run)

    def again(component: "Component") -> bool:
        return any(n in component.name for n in names)

    made = resolve(components, _sources(offline=offline), before, again, _talk(quiet=quiet))
    if dry_run:
        click.echo(document.encode(made).decode(), nl=False)
    elif made != before or not place.exists():
        document.write(place, made)
    return _told(made, place, quiet=quiet or dry_run)


def _talk(*, quiet: bool) -> "Callable[[str], None]":
    return (lambda _: None) if quiet else (lambda text: click.echo(text, err=True))


def _told(lock: "Lock", place: Path, *, quiet: bool) -> int:
    from lading.core.kinds import Kind  # noqa: PLC0415 - when it is run
    from lading.render.style import clean  # noqa: PLC0415 - as above

    open_ones = [a for a in lock.artifacts if not a.found and a.kind is not Kind.SERVICE]
    if not quiet:
        files = sum(len(a.found.files) for a in lock.artifacts if a.found)
        click.echo(f"locked {sum(1 for a in lock.artifacts if a.found)} artifacts with {files} files in {place}")
        for artifact in open_ones:
            click.echo(f"  unresolved: {clean(artifact.name)}: {clean(artifact.unresolved)}")
        if lock.artifacts:
            click.echo("next: lading lock --write pins the sources; lading lock --check belongs into CI", err=True)
    return 4 if open_ones else 0


def _sources(*, offline: bool) -> "Mapping[str, Source]":
    """Whom to ask: every upstream, or the cache alone."""
    if not offline:
        from lading.sources._registry import sources  # noqa: PLC0415 - when it is run

        return sources()
    from lading.lock.offline import Cache  # noqa: PLC0415 - when it is run
    from lading.lock.sync import cache_folder  # noqa: PLC0415 - as above

    cache = Cache(cache_folder(os.environ))
    return dict.fromkeys(cache.upstreams, cache)


def _checked(components: "tuple[Component, ...]", lock: "Lock", *, offline: bool, quiet: bool) -> int:
    from lading.lock.check import check  # noqa: PLC0415 - when it is run
    from lading.render.style import clean  # noqa: PLC0415 - as above

    moved = check(components, lock, _sources(offline=offline))
    for movement in moved:
        click.echo(clean(str(movement)))
    if not moved and not quiet:
        click.echo(f"{len(components)} artifacts are as they were locked", err=True)
    kinds = {m.kind for m in moved}
    if kinds - {"unanswered", "unresolved", "not-used"}:
        return 3
    return 4 if kinds & {"unanswered", "unresolved"} else 0


def _pinned(target: Path, found: "Callable[[], tuple[Component, ...]]", lock: "Lock", *, dry_run: bool) -> int:
    from lading.lock import document  # noqa: PLC0415 - when it is run
    from lading.lock.pin import pin  # noqa: PLC0415 - as above
    from lading.lock.resolve import resolve  # noqa: PLC0415 - as above
    from lading.render.style import clean  # noqa: PLC0415 - as above

    outcome = pin(target, found(), lock)
    place = target / document.NAME
    for change in outcome.changes:
        click.echo(change.difference, nl=False)
        if not dry_run:
            change.write(target)
    for where, reason in outcome.left:
        click.echo(f"left as it is: {clean(where)}: {clean(reason)}", err=True)
    if outcome.changes and not dry_run:
        document.write(place, resolve(found(), {}, lock))
    click.echo(f"{'would pin' if dry_run else 'pinned'} {outcome.pinned} places in {len(outcome.changes)} files", err=True)
    return 4 if outcome.left else 0
