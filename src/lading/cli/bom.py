"""`lading bom`: documents shown, converted, validated, compared and merged."""

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.output import emit, encoded, format_for, wants_colour, width
from lading.core.bom import Bom
from lading.core.errors import FormatError, UsageError
from lading.core.finding import Report

if TYPE_CHECKING:
    from lading.formats._registry import Format

_DOCUMENT = click.Path(path_type=Path, allow_dash=True)
LARGEST = 512 << 20


@click.group(name="bom")
def command() -> None:
    """Work with bills of materials: CycloneDX 1.4 to 1.7, SPDX 2.3 and 3.0.1, lading's own JSON. `-` is standard input."""


@command.command(epilog="\b\nExample:\n  lading bom show bom.json")
@click.argument("document", type=_DOCUMENT)
@click.option("--all", "-a", "everything", is_flag=True, help="Show also what only tests and examples name, and every library.")
def show(document: Path, *, everything: bool) -> int:
    """Show DOCUMENT as a scan is shown."""
    from lading.render.style import Style  # noqa: PLC0415 - when it is run
    from lading.render.text import render  # noqa: PLC0415 - as above
    from lading.scan.run import judge  # noqa: PLC0415 - when it is run

    emit(encoded(render(judge(load(document)), Style(width(), wants_colour(None), everything)), None), None)
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading bom convert bom.cdx.json --to spdx-3\n  lading scan . -f json | lading bom convert - --to cyclonedx-1.6 -o bom.cdx.json"
)
@click.argument("document", type=_DOCUMENT)
@click.option(
    "--to", "format_name", required=True, metavar="FORMAT", help="cyclonedx, cyclonedx-1.6, spdx-3, spdx-2.3, json, html or markdown."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file.")
def convert(document: Path, format_name: str, output: Path | None) -> int:
    """Write DOCUMENT in another format."""
    chosen = format_for(format_name, output)
    if chosen is None:
        raise UsageError("text is what `lading bom show` gives", hint=f"lading bom show {document}")
    emit(chosen.write(Report(bom=load(document))), output)
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading bom validate bom.cdx.json\n  lading scan . -f spdx-3 | lading bom validate -\n\n"
    "Exit codes: 0 valid, 2 not readable as a document, 3 invalid."
)
@click.argument("document", type=_DOCUMENT)
@click.option("--official", is_flag=True, help="Fail unless the tools of the standard's makers are installed and agree.")
def validate(document: Path, *, official: bool) -> int:
    """Check DOCUMENT: structure, words, references, package URLs, dates; with the standard's own tools where they are installed."""
    from lading.bom.validate import validate as validated  # noqa: PLC0415 - when it is run

    data = read(document)
    format_ = format_of(data, document)
    try:
        answer = validated(data, format_)
    except FormatError as e:
        raise FormatError(f"{document}: {e.sentence}", hint=e.hint) from e
    for problem in answer.problems:
        click.echo(problem)
    count = len(answer.problems)
    verdict = f"{count} problem{'s' if count > 1 else ''}" if count else "valid"
    asked = f"lading and {answer.by_official_tools}" if answer.by_official_tools else "lading alone"
    click.echo(f"{document}: {verdict}, says {asked}", err=True)
    if answer.missing and official:
        raise UsageError("the tools of the standard's makers are not installed", hint=answer.missing)
    if answer.missing:
        click.echo(f"hint: for the opinion of the standard's own tools: {answer.missing}", err=True)
    return 3 if count else 0


@command.command(epilog="\b\nExample:\n  lading bom diff before.json after.json --exit-code")
@click.argument("before", type=_DOCUMENT)
@click.argument("after", type=_DOCUMENT)
@click.option("--exit-code", "exit_code", is_flag=True, help="Exit with 3 when the documents differ.")
@click.option("--format", "-f", "format_name", type=click.Choice(["text", "json"]), default="text")
def diff(before: Path, after: Path, format_name: str, *, exit_code: bool) -> int:
    """Show what AFTER inherits that BEFORE did not, what is gone, and what moved to another revision."""
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.bom.diff import difference  # noqa: PLC0415 - when it is run

    change = difference(load(before), load(after))
    if format_name == "json":
        emit(msgspec.json.format(msgspec.json.encode(change), indent=1) + b"\n", None)
    else:
        click.echo("\n".join(change.lines()) or "no difference")
    return 3 if exit_code and change.any else 0


@command.command(epilog="\b\nExample:\n  lading bom why environment.cdx.json urllib3")
@click.argument("document", type=_DOCUMENT)
@click.argument("thing")
def why(document: Path, thing: str) -> int:
    """Explain why THING is in DOCUMENT: the shortest ways that lead to it, and the direct dependency to raise."""
    from lading.bom.why import matching  # noqa: PLC0415 - when it is run
    from lading.cli.why import explained  # noqa: PLC0415 - as above

    report = Report(bom=load(document))
    found = matching(report.bom, thing)
    if not found:
        raise UsageError(f"nothing named {thing!r} is in {document}", hint=f"lading bom show {document} lists what is")
    click.echo("\n\n".join(explained(c, report) for c in found))
    return 0


@command.command(epilog="\b\nExample:\n  lading bom merge service.json training.json --name assistant -o system.cdx.json")
@click.argument("documents", type=_DOCUMENT, nargs=-1, required=True)
@click.option("--name", default="", help="The name of the system that contains them all; the first document's by default.")
@click.option("--format", "-f", "format_name", default="cyclonedx", metavar="NAME")
@click.option("--output", "-o", type=click.Path(path_type=Path))
def merge(documents: tuple[Path, ...], name: str, format_name: str, output: Path | None) -> int:
    """Join DOCUMENTS into one: the same artifact is one component with all its places."""
    from lading.bom.join import join  # noqa: PLC0415 - when it is run

    chosen = format_for(format_name, None)
    if chosen is None:
        raise UsageError("merge writes documents, not text", hint="--format cyclonedx")
    emit(chosen.write(Report(bom=join([load(d) for d in documents], name))), output)
    return 0


def load(document: Path) -> Bom:
    """The bill of materials of a document in any format that is read."""
    return parse(read(document), document)


def read(document: Path) -> bytes:
    """The bytes of a document or of standard input; UsageError when it cannot be read."""
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if str(document) == "-" else document.read_bytes()
    except OSError as e:
        raise UsageError(f"{document} cannot be read: {e.strerror}", hint="give the path of a document, or - for standard input") from e
    if len(data) > LARGEST:
        raise UsageError(f"{document} is larger than {LARGEST >> 20} MiB")
    return data.removeprefix(codecs.BOM_UTF8)


def parse(data: bytes, document: Path) -> Bom:
    """The bill of materials in bytes, in the format they tell; FormatError names the document."""
    format_ = format_of(data, document)
    assert format_.read
    try:
        return format_.read(data)
    except FormatError as e:
        raise FormatError(f"{document}: {e.sentence}", hint=e.hint) from e


def format_of(data: bytes, document: Path) -> "Format":
    """The format that bytes tell; FormatError when it is none that is read."""
    from lading.formats._registry import FORMATS  # noqa: PLC0415 - when it is run

    for format_ in FORMATS:
        if format_.detects and format_.detects(data):
            return format_
    readable = sorted({f.title for f in FORMATS if f.read})
    raise FormatError(f"{document} is no document that lading reads", hint=f"read are: {', '.join(readable)}")
