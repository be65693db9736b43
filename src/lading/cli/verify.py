"""`lading verify`: one verdict over an artifact."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lading.cli.judge import judged, trusted
from lading.cli.signer import signing_key

if TYPE_CHECKING:
    from lading.policy.rule import TrustRule
    from lading.sign.verify import Result
    from lading.trust.evidence import Roots

_FILE = click.Path(path_type=Path)
_MOST_SHOWN = 20


@click.command(
    name="verify",
    epilog="\b\nExamples:\n  lading verify models/classifier --key release.key.pub\n  lading verify model.gguf --roots ca.pem --identity 'release@acme.example'\n"
    "  lading verify models/classifier --key release.key.pub --stage /models/classifier\n"
    "  lading verify models/classifier --signature a.sig --signature b.sig --key a.pub --key b.pub --threshold 2\n\n"
    "Without --key, --roots and --sigstore the first [[trust]] rule of lading.toml that matches holds.\n\nExit codes: 0 allowed, 3 refused, 4 unknown: nothing to decide by.",
)
@click.argument("path", type=_FILE)
@click.option("--key", "-k", "keys", type=_FILE, multiple=True, help="A public key whose signature counts; may be repeated.")
@click.option("--roots", type=_FILE, multiple=True, help="Certificates of authorities (PEM) whose certificates count; may be repeated.")
@click.option("--revoked", type=_FILE, multiple=True, help="A certificate revocation list; may be repeated.")
@click.option("--tsa", "timestamping", type=_FILE, multiple=True, help="Certificates of time-stamping authorities (PEM); may be repeated.")
@click.option("--identity", "identities", multiple=True, help="Pattern for the names of certificates that count; may be repeated.")
@click.option(
    "--sigstore", default="", metavar="ROOT", help="`public`, or the trusted_root.json of a Sigstore instance whose identities may count."
)
@click.option("--issuer", "issuers", multiple=True, help="Pattern for who vouches for Sigstore identities; may be repeated.")
@click.option("--threshold", type=click.IntRange(1), help="How many different signers are needed; 1 when nothing else is said.")
@click.option(
    "--signature", "-s", "signatures", type=_FILE, multiple=True, help="Signature or waybill; else those that lie with the artifact."
)
@click.option("--allow-unsigned-files", is_flag=True, help="Permit files that nobody signed; they are named.")
@click.option("--ignore", "-x", multiple=True, metavar="PATH", help="Leave out a file or folder; the answer names it. May be repeated.")
@click.option("--whole", is_flag=True, help="Compare the digests of whole files, also where there is an index of chunks.")
@click.option("--legacy", is_flag=True, help="Read signatures of the 0.2 releases as well.")
@click.option(
    "--stage",
    type=_FILE,
    metavar="DIR",
    help="When allowed, write read-only copies to this new or empty folder, each file verified while it is written.",
)
@click.option("--summary", type=_FILE, help="Add the decision to this waybill as VSA and SVR statements; signed with --summary-key.")
@click.option(
    "--summary-key",
    default="",
    metavar="KEY",
    help="The private key of the verifier, a file or one elsewhere; without one the statements are written unsigned, one on each line.",
)
@click.option("--verifier", default="urn:lading:verify", show_default=True, help="Who verifies, as a URI, for --summary.")
@click.option("--passphrase-file", type=_FILE, help="The passphrase of --summary-key; else LADING_PASSPHRASE.")
@click.option("--format", "-f", "format_name", type=click.Choice(["text", "json"]), default="text", help="text or json.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    path: Path,
    keys: tuple[Path, ...],
    roots: tuple[Path, ...],
    revoked: tuple[Path, ...],
    timestamping: tuple[Path, ...],
    identities: tuple[str, ...],
    sigstore: str,
    issuers: tuple[str, ...],
    threshold: int | None,
    signatures: tuple[Path, ...],
    ignore: tuple[str, ...],
    stage: Path | None,
    summary: Path | None,
    summary_key: str,
    verifier: str,
    passphrase_file: Path | None,
    format_name: str,
    *,
    allow_unsigned_files: bool,
    whole: bool,
    legacy: bool,
) -> int:
    """Say whether PATH is what somebody trusted has signed.

    PATH is a model, a file, an image (`oci:FOLDER[:TAG]`, `docker://HOST/NAME[:TAG]`), or a commit or tag (`git:FOLDER[@REVISION]`).
    """
    import msgspec  # noqa: PLC0415 - when it is run

    from lading.core.errors import UsageError  # noqa: PLC0415 - as above
    from lading.policy.rule import TrustRule  # noqa: PLC0415 - as above
    from lading.sign.verify import Options  # noqa: PLC0415 - as above

    for signature in signatures:
        if not signature.is_file():
            raise UsageError(f"there is no signature file {signature}", hint="lading sign writes one")
    rule = TrustRule(
        keys=tuple(map(str, keys)),
        authorities=tuple(map(str, roots)),
        revocations=tuple(map(str, revoked)),
        timestamping=tuple(map(str, timestamping)),
        identities=identities,
        sigstore=sigstore,
        issuers=issuers,
    )
    rule, roots_used = trusted(path, rule, explicit=bool(keys or roots or sigstore))
    rule = msgspec.structs.replace(rule, threshold=threshold or rule.threshold)
    options = Options(
        extra=allow_unsigned_files,
        whole=whole,
        legacy=legacy,
        ignored=tuple(i.strip("/") for i in ignore),
        formats=format_name == "json",
    )
    now = datetime.now(UTC)
    result = judged(path, signatures, roots_used, rule, now, options)
    if summary:
        from lading.sign.subject import place_of  # noqa: PLC0415 - when it is asked for
        from lading.sign.summary import summaries  # noqa: PLC0415 - as above

        _write(summary, path, summaries(result, rule, place_of(path).resolve().as_uri(), verifier, now), summary_key, passphrase_file)
    if format_name == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result)).decode())
    else:
        click.echo("\n".join(_lines(result)))
    if stage and result.verdict.opens:
        said = _stage(path, stage, rule if keys or roots or sigstore else None, roots_used, now)
        click.echo(f"  {said}", err=format_name == "json")
    return result.verdict.answer.exit_code


def _stage(path: Path, folder: Path, rule: "TrustRule | None", roots: "Roots", now: datetime) -> str:
    """Write verified copies, by the rule that was asked for or by the policy of the load gate."""
    from lading.load.opening import admitted, opened  # noqa: PLC0415 - when it is asked for
    from lading.load.revocation import Revocations  # noqa: PLC0415 - as above
    from lading.load.staging import stage  # noqa: PLC0415 - as above

    model = admitted(path.absolute(), rule, roots, Revocations(), now) if rule else opened(path, None, now)
    new = stage(model, folder)
    return f"staged in {folder}" if new else f"there already, and compared: {folder}"


def _write(waybill: Path, path: Path, said: "tuple[tuple[str, dict[str, Any]], ...]", key: str, passphrase_file: Path | None) -> None:
    """The decision as statements at the end of a file."""
    from lading.sign.attest import add  # noqa: PLC0415 - when it is asked for
    from lading.sign.subject import keep_about, subject_at  # noqa: PLC0415 - as above
    from lading.trust import statement  # noqa: PLC0415 - as above

    if key:
        keep_about(path, said, signing_key(key, passphrase_file), datetime.now(UTC), waybill)
    else:
        about = subject_at(path)
        add(waybill, b"".join(statement.encode(statement.Statement((about,), uri, predicate)) + b"\n" for uri, predicate in said))


def _lines(result: "Result") -> list[str]:
    from lading.render.style import clean  # noqa: PLC0415 - when it is run
    from lading.trust.predicates import short  # noqa: PLC0415 - as above

    words = {"allow": "allowed", "refuse": "refused", "unknown": "unknown"}
    lines = [f"{words[result.verdict.answer]}: {clean(result.artifact)}"]
    reasons = result.verdict.reasons
    lines += [f"  {clean(reason)}" for reason in reasons[:_MOST_SHOWN]]
    if len(reasons) > _MOST_SHOWN:
        lines.append(f"  and {len(reasons) - _MOST_SHOWN} more; --format json has them all")
    lines += [f"  {short(c.predicate)} by {clean(str(c.signer))} in {clean(c.source)}" for c in result.claims if c.holds]
    if result.verdict.opens:
        lines += [
            f"  does not count: {clean(c.source)}: {clean(c.refusal or c.unknown or '; '.join(c.differences[:3]))}"
            for c in result.claims
            if not c.holds
        ]
    for checked in result.checked:
        lines.append(f"  compared {checked.files} files by {checked.by}")
        left_out = [f"{clean(p)} was left out" for p in checked.left_out]
        lines += [f"  not checked: {clean(n)}" for n in (*checked.notes, *left_out)]
    if result.digest:
        lines.append(f"  {'commit' if result.digest.startswith('git') else 'manifest'} {result.digest}")
    if result.verdict.answer == "unknown":
        lines.append("hint: lading sign PATH --key KEY signs it; --key, --roots or [[trust]] in lading.toml say whose signature counts")
    return lines
