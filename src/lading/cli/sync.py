"""`lading sync`: exactly what is locked, fetched and verified."""

import os
from pathlib import Path

import click

_TARGET = click.Path(path_type=Path)


@click.command(
    name="sync",
    epilog="\b\nExamples:\n  lading sync\n  lading sync --to models/\n  OLLAMA_MODELS=models/ollama ollama serve\n  HF_HUB_OFFLINE=1 python serve.py   # loads what was synced, and nothing else\n\n"
    "Exit codes: 0 everything is there and fits, 3 an upstream gave other bytes than are locked, 4 something could not be fetched.",
)
@click.argument("target", type=_TARGET, default=Path())
@click.option(
    "--to",
    "folder",
    type=_TARGET,
    help="Put the files into FOLDER/NAME/, those that are not of the hub into FOLDER/UPSTREAM/; else into the cache of huggingface_hub.",
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error.")
def command(target: Path, folder: Path | None, *, quiet: bool) -> int:
    """Fetch the files of every model, dataset, chart and download in TARGET/lading.lock; images and code stay with their own tools."""
    from lading.lock import document  # noqa: PLC0415 - when it is run
    from lading.lock.sync import HUB, cache_folder, in_cache, in_folder, sync  # noqa: PLC0415 - as above
    from lading.render.style import clean  # noqa: PLC0415 - as above
    from lading.sources._registry import Fetching, sources  # noqa: PLC0415 - as above

    lock = document.read(target / document.NAME)
    root = folder or cache_folder(os.environ)
    place = in_folder(root) if folder else in_cache(root)
    givers = sources()
    told = (lambda _: None) if quiet else (lambda text: click.echo(clean(text), err=True))
    results = sync(lock, givers, place, told, lambda a: bool(folder) or a.upstream in HUB)
    for result in results:
        state = f"incomplete: {result.problem}" if result.problem else "complete"
        click.echo(f"{clean(result.name)}  {result.fetched} fetched ({result.size} bytes), {result.there} were there  {clean(state)}")
    if not quiet:
        click.echo(f"{len(results)} artifacts in {root}", err=True)
        others = {a.upstream for a in lock.artifacts if a.found and isinstance(givers.get(a.upstream), Fetching)} - (
            set() if folder else HUB
        )
        if others and not folder:
            click.echo(f"files of {', '.join(sorted(others))} have no place in that cache: lading sync --to FOLDER", err=True)
    wrong = any("is not what is locked" in r.problem or "no path" in r.problem for r in results)
    return 3 if wrong else 4 if any(r.problem for r in results) else 0
