"""`lading attest`: any statement about an artifact, signed."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lading.cli.key import read
from lading.cli.signer import Asked, signer_options

_FILE = click.Path(path_type=Path)


@click.command(
    name="attest",
    epilog="\b\nExamples:\n  lading attest vex models/classifier --predicate vex.json --key release.key\n"
    "  lading attest https://acme.example/review/v1 model.gguf --predicate review.json --key review.key\n"
    "  lading attest release git:.@v1.0 --predicate release.json --key release.key",
)
@click.argument("predicate_type", metavar="TYPE")
@click.argument("subject", type=_FILE)
@click.option("--predicate", "-p", "predicate_file", type=_FILE, required=True, help="The JSON object that is claimed.")
@signer_options
@click.option("--output", "-o", type=_FILE, help="The waybill to add to; else SUBJECT.waybill.jsonl, or the layout of an image.")
def command(predicate_type: str, subject: Path, predicate_file: Path, asked: Asked, output: Path | None) -> int:
    """Sign a statement of TYPE (provenance, test-result, vex, cyclonedx, … or a URI) about SUBJECT and add it to its waybill.

    SUBJECT is a folder, a file, an image (`oci:FOLDER[:TAG]` or `docker://HOST/NAME[:TAG]`, which has the statement attached), or a commit or tag (`git:FOLDER[@REVISION]`).
    """
    from lading.core.errors import FormatError, TrustError  # noqa: PLC0415 - when it is run
    from lading.sign.subject import keep_about  # noqa: PLC0415 - as above
    from lading.trust.model_signing import MANIFEST  # noqa: PLC0415 - as above
    from lading.trust.predicates import type_of  # noqa: PLC0415 - as above
    from lading.trust.strict import load  # noqa: PLC0415 - as above

    uri = type_of(predicate_type)
    by = asked.signatory()
    try:
        predicate = load(read(predicate_file), str(predicate_file))
    except TrustError as e:
        raise FormatError(e.sentence) from e
    if not isinstance(predicate, dict):
        raise FormatError(f"{predicate_file} is not a JSON object")
    about, where = keep_about(subject, [(uri, predicate)], by, datetime.now(UTC), output)
    click.echo(about.annotations.get(MANIFEST) or ":".join(next(iter(about.digest.items()))))
    click.echo(f"signed a statement of type {uri} about {subject}; added to {where}", err=True)
    return 0
