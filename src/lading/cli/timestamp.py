"""`lading timestamp`: a proof of time added to a signature, in two steps of which neither needs a network."""

from pathlib import Path

import click

from lading.cli.key import read
from lading.cli.output import emit

_FILE = click.Path(path_type=Path)


@click.group(name="timestamp")
def command() -> None:
    """Add RFC 3161 timestamps to signatures, so that they outlive the certificate they were made with."""


@command.command(
    epilog="\b\nExample:\n  lading timestamp request model.sig -o model.tsq\n"
    "  curl --data-binary @model.tsq -H 'Content-Type: application/timestamp-query' https://tsa.acme.example -o model.tsr"
)
@click.argument("signature", type=_FILE)
@click.option("--output", "-o", type=_FILE, required=True, help="Where to write the request.")
def request(signature: Path, output: Path) -> int:
    """Write what to ask a time-stamping authority about SIGNATURE."""
    from lading.trust import bundle, timestamps  # noqa: PLC0415 - when it is run

    made = bundle.decode(read(signature), str(signature))
    emit(timestamps.request(made.envelope.signatures[0].sig), output)
    click.echo(f"wrote {output}; send it to an authority, then: lading timestamp add {signature} ANSWER --tsa CA.pem", err=True)
    return 0


@command.command(epilog="\b\nExample:\n  lading timestamp add model.sig model.tsr --tsa tsa-ca.pem")
@click.argument("signature", type=_FILE)
@click.argument("answer", type=_FILE)
@click.option(
    "--tsa", "authorities", type=_FILE, multiple=True, required=True, help="Certificates that lead to the authority (PEM); may be repeated."
)
def add(signature: Path, answer: Path, authorities: tuple[Path, ...]) -> int:
    """Put the ANSWER of an authority into SIGNATURE, once it holds."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when it is run

    from lading.trust import bundle, timestamps  # noqa: PLC0415 - as above
    from lading.trust.certificates import load_certificates  # noqa: PLC0415 - as above

    made = bundle.decode(read(signature), str(signature))
    token = read(answer)
    trusted = [c for file in authorities for c in load_certificates(read(file), str(file))]
    moment = timestamps.proven_time(token, made.envelope.signatures[0].sig, trusted, datetime.now(UTC))
    emit(bundle.encode(bundle.with_timestamp(made, token)), signature)
    click.echo(f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    click.echo(f"{signature} was there at that time; lading verify … --tsa {authorities[0]} takes it into account", err=True)
    return 0
