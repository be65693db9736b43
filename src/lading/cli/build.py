"""`lading build`: a command run and attested."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.signer import Asked, signer_options
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.core.bom import Bom

_FILE = click.Path(path_type=Path)


@click.command(
    name="build",
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nExamples:\n  lading build --output model --key ci.key -- python train.py\n"
    "  lading build -o model --key ci.key --observe ~/.cache/huggingface/hub -- python finetune.py\n"
    "  lading build -o dist/app.whl --key ci.key --tests junit.xml --base pkg:huggingface/acme/base@4f1c -- make wheel\n\n"
    "Exit codes: 0 built and attested, 1 the command failed or did not write its output: nothing is attested.",
)
@click.argument("command_line", metavar="-- CMD", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--output",
    "-o",
    "outputs",
    type=_FILE,
    multiple=True,
    required=True,
    help="What the command writes, a file, a folder or an image (`oci:FOLDER[:TAG]`); may be repeated.",
)
@signer_options
@click.option("--material", "-m", "materials", type=_FILE, multiple=True, help="A file or folder that goes in; may be repeated.")
@click.option("--tests", type=_FILE, help="JUnit XML that the command, or one before it, has written.")
@click.option(
    "--bom/--no-bom", "with_bom", default=True, help="Scan the working folder; its AI-BOM goes in as materials and as a statement."
)
@click.option(
    "--observe", "folders", type=_FILE, multiple=True, metavar="DIR", help="Tell which files in DIR the command opens; may be repeated."
)
@click.option("--observe-here/--no-observe-here", "here", default=True, help="Tell which files in the working folder the command opens.")
@click.option("--base", "bases", multiple=True, metavar="PURL", help="The model that this one derives from; may be repeated.")
@click.option(
    "--image", "runs_in", metavar="NAME@sha256:…", help="The container image that the build runs in; it cannot be seen from inside."
)
@click.option("--dataset", "datasets", multiple=True, metavar="PURL", help="A dataset it is trained on; may be repeated.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    command_line: tuple[str, ...],
    outputs: tuple[Path, ...],
    asked: Asked,
    materials: tuple[Path, ...],
    tests: Path | None,
    bases: tuple[str, ...],
    runs_in: str | None,
    datasets: tuple[str, ...],
    folders: tuple[Path, ...],
    *,
    here: bool,
    with_bom: bool,
) -> int:
    """Run CMD and sign how its outputs came to be: source, materials, environment, times, tests, bill of materials."""
    from lading.build.junit import test_result  # noqa: PLC0415 - when it is run
    from lading.build.lineage import lineage, surrounding  # noqa: PLC0415 - as above
    from lading.build.run import build  # noqa: PLC0415 - as above
    from lading.sign.subject import keep_about  # noqa: PLC0415 - as above
    from lading.trust.model_signing import MANIFEST  # noqa: PLC0415 - as above
    from lading.trust.predicates import NAMES  # noqa: PLC0415 - as above

    by = asked.signatory()
    bom = _scanned(outputs) if with_bom else None
    derived = (*lineage(bases, datasets), *([surrounding(runs_in)] if runs_in else []))
    built = build(command_line, outputs, materials=materials, bom=bom, derived=derived, observed=_observed(folders, here=here))
    said = [(NAMES["provenance"], built.provenance.as_data())]
    if tests:
        said.append((NAMES["test-result"], test_result(tests)))
    if bom:
        said.append((NAMES["cyclonedx"], _document(bom)))
    for output, subject in zip(outputs, built.subjects, strict=True):
        about, where = keep_about(output, said, by, datetime.now(UTC), about=subject)
        click.echo(f"{about.annotations.get(MANIFEST, 'sha256:' + about.digest['sha256'])}  {output}")
        click.echo(f"wrote {len(said)} statements to {where}, signed with {by}", err=True)
    click.echo(f"next: lading verify {outputs[0]} {asked.check(by)}", err=True)
    return 0


def _observed(folders: tuple[Path, ...], *, here: bool) -> tuple[Path, ...]:
    """The folders to watch; UsageError for one that is none."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder to observe")
    return (*([Path()] if here else []), *folders)


def _scanned(outputs: tuple[Path, ...]) -> "Bom":
    """What the working folder inherits, without what the build is about to write."""
    from lading.scan import scan  # noqa: PLC0415 - when it is run
    from lading.sign.subject import place_of  # noqa: PLC0415 - as above

    here = Path.cwd()
    places = [place_of(o).resolve() for o in outputs]
    inside = (p.relative_to(here).as_posix() for p in places if here in p.parents)
    return scan(here, exclude=tuple(inside)).bom


def _document(bom: "Bom") -> dict[str, object]:
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.core.finding import Report  # noqa: PLC0415 - as above
    from lading.formats._registry import FORMATS  # noqa: PLC0415 - as above

    written: dict[str, object] = msgspec.json.decode(FORMATS.load()["cyclonedx"].write(Report(bom=bom)))
    return written
