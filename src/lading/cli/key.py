"""`lading key`: keys made and shown."""

import os
from pathlib import Path

import click

from lading.core.errors import LadingError, UsageError
from lading.policy.roots import read, roots_of

__all__ = ["command", "passphrase", "read", "roots_of"]
_FILE = click.Path(path_type=Path)


@click.group(name="key")
def command() -> None:
    """Make and show the keys that sign."""


@command.command(
    epilog="\b\nExamples:\n  lading key generate release.key\n  lading key generate release.key --algorithm ed25519 --passphrase-file secret.txt"
)
@click.argument("output", type=_FILE)
@click.option(
    "--algorithm",
    "-a",
    default="ecdsa-p256",
    show_default=True,
    help="ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-pss-3072 or ml-dsa-65.",
)
@click.option(
    "--passphrase-file", type=_FILE, help="Encrypt with the first line of this file; else with LADING_PASSPHRASE, where it is set."
)
def generate(output: Path, algorithm: str, passphrase_file: Path | None) -> int:
    """Write a new private key to OUTPUT and its public half to OUTPUT.pub."""
    from lading.trust import keys  # noqa: PLC0415 - when it is run

    public = output.with_name(f"{output.name}.pub")
    for path in (output, public):
        if path.exists():
            raise UsageError(f"{path} exists", hint="choose another name: a key that is overwritten is lost")
    key = keys.generate(algorithm)
    secret = passphrase(passphrase_file)
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(key.pem(secret))
        public.write_bytes(key.public.pem)
    except OSError as e:
        raise LadingError(f"{e.filename} cannot be written: {e.strerror}", hint="choose a folder that you may write to") from e
    click.echo(f"{key.public.algorithm}  {key.public.fingerprint}")
    click.echo(
        f"wrote {output} ({'encrypted' if secret else 'not encrypted'}; keep it secret) and {public} (give it to who verifies)", err=True
    )
    if algorithm not in keys.STANDARD:
        click.echo("note: OpenSSF Model Signing names only ECDSA keys; other verifiers may refuse signatures of this one", err=True)
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading key show release.key.pub\n  lading key show 'hsm:2?label=release' > release.pub\n\n"
    "What it prints is read wherever a public key is asked for."
)
@click.argument("name", metavar="KEY")
@click.option("--passphrase-file", type=_FILE, help="The passphrase of an encrypted private key, or the PIN of a module.")
def show(name: str, passphrase_file: Path | None) -> int:
    """Show algorithm, fingerprint and public half of KEY: a file, or a key in a module or service (hsm:, hv:, awskms:, azurekms:, gcpkms:)."""
    from lading.sign.service import ServiceKey, is_service  # noqa: PLC0415 - when it is run
    from lading.trust import keys  # noqa: PLC0415 - as above

    secret = passphrase(passphrase_file)
    if is_service(name):
        key = ServiceKey(name, secret).public
    else:
        data = read(Path(name))
        key = keys.load_private(data, secret, name).public if b"PRIVATE KEY-----" in data else keys.load_public(data, name)
    click.echo(f"{key.algorithm}  {key.fingerprint}")
    click.echo(key.pem.decode(), nl=False)
    return 0


def passphrase(file: Path | None) -> bytes:
    """The passphrase: the first line of a file, else LADING_PASSPHRASE, else none."""
    if file is None:
        return os.environ.get("LADING_PASSPHRASE", "").encode()
    return read(file).partition(b"\n")[0].rstrip(b"\r")
