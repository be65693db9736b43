"""`lading sign`: a model or file signed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.key import read
from lading.cli.output import emit
from lading.cli.signer import Asked, signer_options

if TYPE_CHECKING:
    from lading.sign.image import How
    from lading.trust.model_signing import Manifest

_FILE = click.Path(path_type=Path)


@click.command(
    name="sign",
    epilog="\b\nExamples:\n  lading sign models/classifier --key release.key\n  lading sign model.safetensors --key leaf.key --certificate leaf.pem --certificate intermediate.pem\n  lading sign oci:image:v1 --key release.key --as bundle\n  lading sign git:.@v1.0 --key release.key\n  lading sign models/classifier --sigstore public\n"
    "  lading sign models/classifier --key new.key --renew models/classifier/model.sig --renew-key old.key.pub\n\n"
    "The signature is an OpenSSF Model Signing v1.0 bundle, with an index of chunks that lading checks faster.",
)
@click.argument("path", type=_FILE)
@signer_options
@click.option(
    "--certificate", "-c", "certificates", type=_FILE, multiple=True, help="Certificates of the key, the leaf first; may be repeated."
)
@click.option("--output", "-o", type=_FILE, help="Where to write the signature; else model.sig in a folder, NAME.sig beside a file.")
@click.option(
    "--as",
    "how",
    type=click.Choice(["bundle", "referrer", "tag"]),
    default="bundle",
    help="Layout of an image's signature; bundle is that of cosign 3.",
)
@click.option("--reference", default="", help="The name under which an image is meant to be pulled; part of what is signed.")
@click.option(
    "--ignore", "-x", multiple=True, metavar="PATH", help="Leave out a file or folder of the model; the signature says so. May be repeated."
)
@click.option(
    "--renew",
    type=_FILE,
    metavar="SIGNATURE",
    help="Believe an earlier signature: files whose chunks are as they were are not hashed by SHA-256 again.",
)
@click.option("--renew-key", type=_FILE, help="The public key of the earlier signature.")
@click.option("--allow-links", is_flag=True, help="Follow links; what they point to is signed.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    path: Path,
    asked: Asked,
    certificates: tuple[Path, ...],
    output: Path | None,
    how: "How",
    reference: str,
    ignore: tuple[str, ...],
    renew: Path | None,
    renew_key: Path | None,
    *,
    allow_links: bool,
    quiet: bool,
) -> int:
    """Sign the model in PATH, a folder or a file; or an image, `oci:FOLDER[:TAG]` in an OCI image layout or `docker://HOST/NAME[:TAG]` in a registry; or a commit or tag, `git:FOLDER[@REVISION]`."""
    from lading.sign.subject import is_commit, is_image  # noqa: PLC0415 - when it is run

    if is_commit(path):
        return _commit(str(path), asked, output, quiet=quiet)
    if is_image(path):
        return _image(str(path), asked, how, reference, quiet=quiet)
    from lading.sign.files import Files  # noqa: PLC0415 - when it is run
    from lading.sign.model import sign_model  # noqa: PLC0415 - as above
    from lading.trust import bundle, model_signing, statement  # noqa: PLC0415 - as above
    from lading.trust.certificates import load_certificates  # noqa: PLC0415 - as above
    from lading.trust.keys import STANDARD  # noqa: PLC0415 - as above
    from lading.trust.signer import SigningKey  # noqa: PLC0415 - as above

    files = Files(path)
    by = asked.signatory()
    chain = [c for file in certificates for c in load_certificates(read(file), str(file))]
    where = output or (path / "model.sig" if path.is_dir() else path.with_name(f"{path.name}.sig"))
    own = [where.resolve().relative_to(path.resolve()).as_posix()] if path.resolve() in where.resolve().parents else []
    before = _believed(renew, renew_key) if renew else None
    made = sign_model(files, by, chain, (*(i.strip("/") for i in ignore), *own), links=allow_links, at=datetime.now(UTC), before=before)
    emit(bundle.encode(made), where)
    manifest = model_signing.decode(statement.decode(made.envelope.payload))
    click.echo(str(manifest.digest))
    if not quiet:
        click.echo(f"signed {len(manifest.items)} files of {path} with {by}; wrote {where}", err=True)
        if manifest.ignored:
            click.echo(f"not signed, if there: {', '.join(manifest.ignored)}", err=True)
        if isinstance(by, SigningKey) and by.public.algorithm not in STANDARD:
            click.echo("note: OpenSSF Model Signing names only ECDSA keys; other verifiers may refuse this signature", err=True)
        click.echo(f"next: lading verify {path} {'--roots CA.pem' if chain else asked.check(by)}", err=True)
    return 0


def _believed(signature: Path, key_file: Path | None) -> "Manifest":
    """What an earlier signature says of a model; TrustError when it is not that of the key."""
    from lading.core.errors import UsageError  # noqa: PLC0415 - when it is asked for
    from lading.trust import bundle, evidence, model_signing  # noqa: PLC0415 - as above
    from lading.trust.evidence import Roots  # noqa: PLC0415 - as above
    from lading.trust.keys import load_public  # noqa: PLC0415 - as above

    if key_file is None:
        raise UsageError("--renew believes a signature only by a key", hint="--renew-key OLD.pub")
    found = evidence.verify(bundle.decode(read(signature)), Roots((load_public(read(key_file), str(key_file)),)), datetime.now(UTC))
    return model_signing.decode(found.statement)


def _image(text: str, asked: Asked, how: "How", reference: str, *, quiet: bool) -> int:
    from lading.sign.image import sign_image  # noqa: PLC0415 - when there is an image
    from lading.sign.subject import image_at  # noqa: PLC0415 - as above

    images, image = image_at(Path(text))
    by = asked.signatory()
    made = sign_image(images, image, by, how, reference, datetime.now(UTC))
    click.echo(str(image.digest))
    if not quiet:
        click.echo(f"signed with {by}; attached {made} to {images.place} as {how}", err=True)
        click.echo(f"next: lading verify {text} {asked.check(by)}", err=True)
    return 0


def _commit(text: str, asked: Asked, output: Path | None, *, quiet: bool) -> int:
    from lading.sign.subject import keep_about  # noqa: PLC0415 - when there is a commit
    from lading.trust.predicates import COSIGN  # noqa: PLC0415 - as above

    by = asked.signatory()
    about, where = keep_about(Path(text), [(COSIGN, {})], by, datetime.now(UTC), output)
    click.echo(f"gitCommit:{about.digest['gitCommit']}")
    if not quiet:
        click.echo(f"signed with {by}; added to {where}", err=True)
        click.echo(f"next: lading verify {text} {asked.check(by)}", err=True)
    return 0
