"""`lading advisories`: the database that `lading audit` asks."""

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from lading.cli.signer import Asked, signer_options
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.advisories.store import Outcome, Store

_PATH = click.Path(path_type=Path)
_DATABASE = click.option("--database", "-d", type=_PATH, help="The folder of the database; else LADING_ADVISORIES, else the user's.")


@click.group(name="advisories")
def command() -> None:
    """Import, update and look at the advisory database: OSV records, malicious packages, KEV, EPSS, SSVC, AI incidents."""


@command.command(
    name="import",
    epilog="\b\nExamples:\n  lading advisories import all.zip\n  lading advisories import PyPI=feeds/pypi.jsonl.xz known_exploited_vulnerabilities.json",
)
@click.argument("feeds", nargs=-1, required=True, metavar="[NAME=]PATH...")
@click.option("--fresh", is_flag=True, help="Begin anew instead of adding to what is there; when records were first seen is forgotten.")
@_DATABASE
def import_(feeds: tuple[str, ...], database: Path | None, *, fresh: bool) -> int:
    """Take over records: zip archives, lines of JSON (also .xz and .gz), single records or folders of them, KEV, EPSS and SSVC tables."""
    from lading.advisories.feeds import items  # noqa: PLC0415 - when it is run
    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - as above

    gc.disable()  # millions of small things live until the end: looking for garbage among them finds none
    wanted = [(name, Path(place)) for name, place in map(_named, feeds)]
    for _, path in wanted:
        if not path.exists():
            raise UsageError(f"{path} does not exist", hint="give a file or a folder of OSV records")
    store = Store(database or default_folder())
    outcome = store.bring([(name, items(path, name)) for name, path in wanted], datetime.now(UTC), fresh=fresh)
    return _told(store, outcome)


def _told(store: "Store", outcome: "Outcome") -> int:
    """Say what an import did; 4 when it brought nothing that can be used."""
    click.echo(f"{outcome.added} new, {outcome.changed} changed, {outcome.same} as they were, {outcome.older} older than what is there")
    for name, rows in outcome.tables.items():
        click.echo(f"{name}: {rows} rows")
    for problem in outcome.problems[:10]:
        click.echo(f"not read: {problem.source} {problem.record}: {problem.reason}"[:300], err=True)
    if outcome.skipped:
        click.echo(f"{outcome.skipped} records could not be read and were left out", err=True)
    with store.open() as opened:
        click.echo(f"{opened.header.records} records of {opened.header.keys} packages in {store.file}")
    return 0 if outcome.added or outcome.changed or outcome.same or outcome.tables else 4


@command.command(
    epilog="\b\nExamples:\n  lading advisories update PyPI=https://mirror.example/PyPI/all.zip\n"
    "  lading advisories update --snapshot https://mirror.example/advisories --key mirror.pub"
)
@click.argument("urls", nargs=-1, metavar="[NAME=]URL...")
@click.option("--snapshot", default="", metavar="URL", help="Take over a signed snapshot instead: a folder, or the URL of one.")
@click.option("--key", "-k", "keys", multiple=True, type=_PATH, help="Whose snapshots count: a public key; may be repeated.")
@_DATABASE
def update(urls: tuple[str, ...], snapshot: str, keys: tuple[Path, ...], database: Path | None) -> int:
    """Fetch feeds, those of `[audit] feeds` by default, or take over a signed snapshot; what is there works until the new one is whole."""
    import tempfile  # noqa: PLC0415 - when it is run

    from lading.advisories.feeds import items  # noqa: PLC0415 - as above
    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - as above
    from lading.audit.fetch import fetched  # noqa: PLC0415 - as above
    from lading.policy.settings import settings_for  # noqa: PLC0415 - as above

    store = Store(database or default_folder())
    if snapshot:
        return _adopt(store, snapshot, keys)
    wanted = [_named(text) for text in urls or settings_for(Path()).audit.feeds]
    if not wanted:
        raise UsageError("no feed is named", hint='give URLs, or set feeds = ["PyPI=https://…/all.zip"] in [audit] of lading.toml')
    gc.disable()  # as above
    with tempfile.TemporaryDirectory() as made:
        feeds = []
        for number, (name, url) in enumerate(wanted):
            file = Path(made) / str(number) / (url.partition("?")[0].rpartition("/")[2] or "feed.json")
            file.parent.mkdir()
            fetched(url, file)
            feeds.append((name, items(file, name)))
        return _told(store, store.bring(feeds, datetime.now(UTC)))


def _adopt(store: "Store", snapshot: str, keys: tuple[Path, ...]) -> int:
    from lading.audit.fetch import fetched  # noqa: PLC0415 - when it is run
    from lading.audit.snapshot import adopt, copying  # noqa: PLC0415 - as above
    from lading.cli.key import read  # noqa: PLC0415 - as above
    from lading.trust.evidence import Roots  # noqa: PLC0415 - as above
    from lading.trust.keys import load_public  # noqa: PLC0415 - as above

    if not keys:
        raise UsageError("nobody is named whose snapshots count", hint="--key mirror.pub")
    roots = Roots(tuple(load_public(read(k), str(k)) for k in keys))
    base = snapshot.rstrip("/")
    fetch = (lambda name, path: fetched(f"{base}/{name}", path)) if "://" in snapshot else copying(Path(snapshot))
    counter = adopt(store, fetch, roots, datetime.now(UTC))
    with store.open() as opened:
        click.echo(f"snapshot {counter}: {opened.header.records} records of {opened.header.keys} packages in {store.file}")
    return 0


@command.command(epilog="\b\nExample:\n  lading advisories snapshot public/advisories --key mirror.key")
@click.argument("folder", type=_PATH)
@signer_options
@_DATABASE
def snapshot(folder: Path, asked: Asked, database: Path | None) -> int:
    """Write the database with a signed statement and a rising counter into FOLDER, for a mirror or a medium."""
    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - when it is run
    from lading.audit.snapshot import publish  # noqa: PLC0415 - as above

    by = asked.signatory()
    counter = publish(Store(database or default_folder()), folder, by, datetime.now(UTC))
    click.echo(f"snapshot {counter} in {folder}")
    click.echo(f"take it over with: lading advisories update --snapshot {quote(str(folder))} {asked.check(by)}", err=True)
    return 0


@command.command(epilog="\b\nExample:\n  lading advisories status --max-age 24h")
@_DATABASE
@click.option("--max-age", default="5d", metavar="SPAN", help="How long ago each source may have been imported: 12h, 5d.")
@click.option("--verify", is_flag=True, help="Read all of it and compare every part with its checksum.")
@click.option("--format", "-f", "format_name", type=click.Choice(["text", "json"]), default="text")
def status(database: Path | None, max_age: str, format_name: str, *, verify: bool) -> int:
    """Show what the database holds and how old it is; exit with 4 when it is empty or too old to say that nothing is known."""
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - as above
    from lading.audit.run import age, ground  # noqa: PLC0415 - as above
    from lading.ledger.window import margin_of  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with Store(database or default_folder()).open() as opened:
        if verify:
            opened.verify()
        found = ground(opened, now, margin_of(max_age) or timedelta())
        header = opened.header
    if format_name == "json":
        data = {"path": str(opened.path), "ground": found, "ecosystems": header.ecosystems, "problems": header.problems}
        click.echo(msgspec.json.format(msgspec.json.encode(data), indent=1))
        return 4 if found.stale else 0
    click.echo(f"{opened.path}: {header.records} records ({header.withdrawn} withdrawn) of {header.keys} packages, made {found.age} ago")
    for feed in found.feeds:
        newest = f", newest record {feed.newest[:10]}" if feed.newest else ""
        click.echo(
            f"  {feed.name}: {feed.records} records, imported {age(feed.imported, now)} ago{newest}{' (too old)' if feed.stale else ''}"
        )
    click.echo(f"  ecosystems: {', '.join(map(_ecosystem, header.ecosystems.items()))}")
    click.echo(f"  {header.skipped} records could not be read, {header.degraded} only in part; generation {header.generation}")
    for reason in found.stale:
        click.echo(f"not fit to say that nothing is known: {reason}", err=True)
    return 4 if found.stale else 0


@command.command(epilog="\b\nExample:\n  lading advisories serve --port 8900\n  pip-audit -s osv --osv-url http://127.0.0.1:8900/v1/query")
@_DATABASE
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option("--port", default=8900, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--max-age", default="5d", metavar="SPAN", help="A database older than this answers nothing but errors.")
def serve(database: Path | None, host: str, port: int, max_age: str) -> int:
    """Answer the OSV API (/v1/query, /v1/querybatch, /v1/vulns/ID) from the database, for pip-audit, uv audit and others."""
    from lading.advisories.store import Store, default_folder  # noqa: PLC0415 - when it is run
    from lading.audit.endpoint import Answers, server  # noqa: PLC0415 - as above
    from lading.ledger.window import margin_of  # noqa: PLC0415 - as above

    folder = database or default_folder()
    with Store(folder).open():
        pass
    try:
        running = server(Answers(folder, max_age=margin_of(max_age)), host, port)
    except OSError as e:
        raise UsageError(f"{host}:{port} cannot be listened on: {e.strerror}", hint="--port 0 takes a free one") from e
    click.echo(f"http://{host}:{running.server_port}")
    with running:
        running.serve_forever()
    return 0


def _ecosystem(row: tuple[str, tuple[int, int]]) -> str:
    name, (vulnerable, malicious) = row
    return f"{name} ({vulnerable} packages with vulnerabilities, {malicious} malicious)"


def _named(text: str) -> tuple[str, str]:
    """A feed as `NAME=PLACE`, or a place whose last part is the feed's name."""
    name, equals, place = text.partition("=")
    if equals and name and "/" not in name:
        return name, place
    last = text.partition("?")[0].rstrip("/").rpartition("/")[2]
    return (text if last.startswith(("all.", "index.")) else last.partition(".")[0]) or text, text
